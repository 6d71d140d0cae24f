/** -m recent */
import type { XtMatch } from '@netverdict/linux-net';
import { Malformed } from '../../problem.ts';
import { arg, find, type Given, has, type Module } from '../module.ts';
import { not, quote, whole } from '../values.ts';
import type { MatchOf, MatchPrinters } from './printers.ts';

type Mode = MatchOf<'recent'>['mode'];
const MODES: readonly Mode[] = ['set', 'rcheck', 'update', 'remove'];

export const recent: Module<readonly XtMatch[]> = {
  options: {
    '--set': 0,
    '--rcheck': 0,
    '--update': 0,
    '--remove': 0,
    '--seconds': 1,
    '--hitcount': 1,
    '--name': 1,
    '--rsource': 0,
    '--rdest': 0,
    '--rttl': 0,
    '--reap': 0,
    '--mask': 1,
  },
  build: (given) => {
    const mode = MODES.find((name) => has(given, `--${name}`));
    if (!mode) throw new Malformed('-m recent has none of --set, --rcheck, --update and --remove');
    const name = find(given, '--name');
    const mask = find(given, '--mask');
    return [
      {
        kind: 'recent',
        mode,
        seconds: optional(find(given, '--seconds')),
        hitcount: optional(find(given, '--hitcount')),
        name: name ? arg(name) : 'DEFAULT',
        side: has(given, '--rdest') ? 'destination' : 'source',
        rttl: has(given, '--rttl'),
        reap: has(given, '--reap'),
        mask: mask ? arg(mask) : null,
        negate: find(given, `--${mode}`)?.negate ?? false,
      },
    ];
  },
};

const optional = (g: Given | undefined): number | null => (g ? whole(arg(g)) : null);
const when = (condition: boolean, text: string): string => (condition ? text : '');

export const print: Pick<MatchPrinters, 'recent'> = {
  recent: (m) =>
    [
      `-m recent ${not(m.negate)}--${m.mode}`,
      when(m.seconds !== null, ` --seconds ${m.seconds}`),
      when(m.reap, ' --reap'),
      when(m.hitcount !== null, ` --hitcount ${m.hitcount}`),
      when(m.rttl, ' --rttl'),
      ` --name ${quote(m.name)}`,
      when(m.mask !== null, ` --mask ${m.mask}`),
      m.side === 'source' ? ' --rsource' : ' --rdest',
    ].join(''),
};
