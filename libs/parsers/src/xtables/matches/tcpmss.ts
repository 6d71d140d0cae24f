/** -m tcpmss */
import type { XtMatch } from '@netverdict/linux-net';
import { arg, each, type Module } from '../module.ts';
import { not, printRange, range } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

export const tcpmss: Module<readonly XtMatch[]> = {
  options: { '--mss': 1 },
  build: each<XtMatch>({ '--mss': (g) => ({ kind: 'tcpmss', range: range(arg(g)), negate: g.negate }) }),
};

export const print: Pick<MatchPrinters, 'tcpmss'> = {
  tcpmss: (m) => `-m tcpmss ${not(m.negate)}--mss ${printRange(m.range)}`,
};
