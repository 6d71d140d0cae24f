/** -m tos */
import type { XtMatch } from '@netverdict/linux-net';
import { arg, each, type Module } from '../module.ts';
import { not, printValueAndMask, valueAndMask } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

/** RFC 1349 names; they compare without the precedence bits. */
const NAMES: Readonly<Record<string, number>> = {
  'Minimize-Delay': 0x10,
  'Maximize-Throughput': 0x08,
  'Maximize-Reliability': 0x04,
  'Minimize-Cost': 0x02,
  'Normal-Service': 0,
};

export function tosValue(text: string): { value: number; mask: number } {
  const value = NAMES[text];
  return value === undefined ? valueAndMask(text, 255) : { value, mask: 0x3f };
}

export const tos: Module<readonly XtMatch[]> = {
  options: { '--tos': 1 },
  build: each<XtMatch>({ '--tos': (g) => ({ kind: 'tos', ...tosValue(arg(g)), negate: g.negate }) }),
};

export const print: Pick<MatchPrinters, 'tos'> = {
  tos: (m) => `-m tos ${not(m.negate)}--tos ${printValueAndMask(m)}`,
};
