/** -m physdev */
import type { XtMatch } from '@netverdict/linux-net';
import { arg, each, type Given, type Module } from '../module.ts';
import { interfacePattern, not, printInterface } from '../values.ts';
import type { MatchOf, MatchPrinters } from './printers.ts';

const is =
  (what: MatchOf<'physdev-is'>['what']) =>
  (g: Given): XtMatch => ({ kind: 'physdev-is', what, negate: g.negate });

export const physdev: Module<readonly XtMatch[]> = {
  options: {
    '--physdev-in': 1,
    '--physdev-out': 1,
    '--physdev-is-in': 0,
    '--physdev-is-out': 0,
    '--physdev-is-bridged': 0,
  },
  build: each<XtMatch>({
    '--physdev-in': (g) => ({ kind: 'physdev-in', ...interfacePattern(arg(g)), negate: g.negate }),
    '--physdev-out': (g) => ({ kind: 'physdev-out', ...interfacePattern(arg(g)), negate: g.negate }),
    '--physdev-is-in': is('in'),
    '--physdev-is-out': is('out'),
    '--physdev-is-bridged': is('bridged'),
  }),
};

export const print: Pick<MatchPrinters, 'physdev-in' | 'physdev-out' | 'physdev-is'> = {
  'physdev-in': (m) => `-m physdev ${not(m.negate)}--physdev-in ${printInterface(m)}`,
  'physdev-out': (m) => `-m physdev ${not(m.negate)}--physdev-out ${printInterface(m)}`,
  'physdev-is': (m) => `-m physdev ${not(m.negate)}--physdev-is-${m.what}`,
};
