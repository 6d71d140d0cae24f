/** What a rule asks of a connection's accounts: connbytes, connlabel, connlimit, helper. */
import type { XtMatch } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { arg, find, has, type Module } from '../module.ts';
import { not, oneOf, quote, whole } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

const MODES = ['packets', 'bytes', 'avgpkt'] as const;
const DIRECTIONS = ['original', 'reply', 'both'] as const;

export const connbytes: Module<readonly XtMatch[]> = {
  options: { '--connbytes': 1, '--connbytes-dir': 1, '--connbytes-mode': 1 },
  build: (given) => {
    const g = find(given, '--connbytes');
    const mode = find(given, '--connbytes-mode');
    const direction = find(given, '--connbytes-dir');
    if (!g || !mode || !direction) throw new Malformed('-m connbytes needs --connbytes, its mode and its direction');
    const [from = '', to] = arg(g).split(':');
    return [
      {
        kind: 'connbytes',
        from: from === '' ? 0 : whole(from, Number.MAX_SAFE_INTEGER),
        to: to === undefined || to === '' ? null : whole(to, Number.MAX_SAFE_INTEGER),
        mode: oneOf(MODES, arg(mode), 'packets, bytes or avgpkt'),
        direction: oneOf(DIRECTIONS, arg(direction), 'original, reply or both'),
        negate: g.negate,
      },
    ];
  },
};

export const connlabel: Module<readonly XtMatch[]> = {
  options: { '--label': 1, '--set': 0 },
  build: (given) => {
    const g = find(given, '--label');
    if (!g) throw new Malformed('-m connlabel has no --label');
    return [{ kind: 'connlabel', label: arg(g), set: has(given, '--set'), negate: g.negate }];
  },
};

export const connlimit: Module<readonly XtMatch[]> = {
  options: {
    '--connlimit-upto': 1,
    '--connlimit-above': 1,
    '--connlimit-mask': 1,
    '--connlimit-saddr': 0,
    '--connlimit-daddr': 0,
  },
  build: (given, family) => {
    const g = find(given, '--connlimit-above', '--connlimit-upto');
    if (!g) throw new Malformed('-m connlimit has neither --connlimit-upto nor --connlimit-above');
    const width = family === 'ipv4' ? 32 : 128;
    const mask = find(given, '--connlimit-mask');
    return [
      {
        kind: 'connlimit',
        limit: whole(arg(g)),
        maskLength: mask ? whole(arg(mask), width) : width,
        side: has(given, '--connlimit-daddr') ? 'destination' : 'source',
        negate: (g.option === '--connlimit-upto') !== g.negate,
      },
    ];
  },
};

export const helper: Module<readonly XtMatch[]> = {
  options: { '--helper': 1 },
  build: (given) => {
    const g = find(given, '--helper');
    if (!g) throw new Malformed('-m helper has no --helper');
    return [{ kind: 'helper', name: arg(g), negate: g.negate }];
  },
};

export const print: Pick<MatchPrinters, 'connbytes' | 'connlabel' | 'connlimit' | 'helper'> = {
  connbytes: (m) =>
    `-m connbytes ${not(m.negate)}--connbytes ${m.from}${m.to === null ? '' : `:${m.to}`} --connbytes-mode ${m.mode} --connbytes-dir ${m.direction}`,
  connlabel: (m) => `-m connlabel ${not(m.negate)}--label ${quote(m.label)}${m.set ? ' --set' : ''}`,
  connlimit: (m) =>
    `-m connlimit --connlimit-${m.negate ? 'upto' : 'above'} ${m.limit} --connlimit-mask ${m.maskLength} --connlimit-${m.side === 'source' ? 's' : 'd'}addr`,
  helper: (m) => `-m helper ${not(m.negate)}--helper ${quote(m.name)}`,
};
