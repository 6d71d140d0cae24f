/** -m mark and -m connmark */
import type { XtMatch } from '@netverdict/linux-net';
import { arg, each, type Module } from '../module.ts';
import { not, printValueAndMask, valueAndMask } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

const module = (kind: 'mark' | 'connmark'): Module<readonly XtMatch[]> => ({
  options: { '--mark': 1 },
  build: each<XtMatch>({ '--mark': (g) => ({ kind, ...valueAndMask(arg(g)), negate: g.negate }) }),
});
export const mark = module('mark');
export const connmark = module('connmark');

export const print: Pick<MatchPrinters, 'mark' | 'connmark'> = {
  mark: (m) => `-m mark ${not(m.negate)}--mark ${printValueAndMask(m)}`,
  connmark: (m) => `-m connmark ${not(m.negate)}--mark ${printValueAndMask(m)}`,
};
