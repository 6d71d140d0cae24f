/** -m length */
import type { XtMatch } from '@netverdict/linux-net';
import { arg, each, type Module } from '../module.ts';
import { not, printRange, range } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

export const length: Module<readonly XtMatch[]> = {
  options: { '--length': 1 },
  build: each<XtMatch>({ '--length': (g) => ({ kind: 'length', range: range(arg(g)), negate: g.negate }) }),
};

export const print: Pick<MatchPrinters, 'length'> = {
  length: (m) => `-m length ${not(m.negate)}--length ${printRange(m.range)}`,
};
