/** -m ttl (IPv4) and -m hl (IPv6) */
import type { XtMatch } from '@netverdict/linux-net';
import { arg, each, type Given, type Module } from '../module.ts';
import { not, whole } from '../values.ts';
import type { MatchOf, MatchPrinters } from './printers.ts';

const compare =
  (op: MatchOf<'ttl'>['op']) =>
  (g: Given): XtMatch => ({ kind: 'ttl', op, value: whole(arg(g), 255), negate: g.negate });

export const ttl: Module<readonly XtMatch[]> = {
  options: { '--ttl-eq': 1, '--ttl': 1, '--ttl-lt': 1, '--ttl-gt': 1 },
  build: each<XtMatch>({
    '--ttl-eq': compare('eq'),
    '--ttl': compare('eq'),
    '--ttl-lt': compare('lt'),
    '--ttl-gt': compare('gt'),
  }),
};
export const hl: Module<readonly XtMatch[]> = {
  options: { '--hl-eq': 1, '--hl-lt': 1, '--hl-gt': 1 },
  build: each<XtMatch>({ '--hl-eq': compare('eq'), '--hl-lt': compare('lt'), '--hl-gt': compare('gt') }),
};

export const print: Pick<MatchPrinters, 'ttl'> = {
  ttl: (m, { family }) => {
    const name = family === 'ipv4' ? 'ttl' : 'hl';
    return `-m ${name} ${not(m.negate)}--${name}-${m.op} ${m.value}`;
  },
};
