/** -m multiport */
import type { XtMatch } from '@netverdict/linux-net';
import { arg, each, type Given, type Module } from '../module.ts';
import { not, printRange, range } from '../values.ts';
import type { MatchOf, MatchPrinters } from './printers.ts';

type On = MatchOf<'multiport'>['on'];
const ports =
  (on: On) =>
  (g: Given): XtMatch => ({
    kind: 'multiport',
    on,
    ranges: arg(g)
      .split(',')
      .map((text) => range(text)),
    negate: g.negate,
  });

export const multiport: Module<readonly XtMatch[]> = {
  options: { '--sports': 1, '--source-ports': 1, '--dports': 1, '--destination-ports': 1, '--ports': 1 },
  build: each<XtMatch>({
    '--sports': ports('source'),
    '--source-ports': ports('source'),
    '--dports': ports('destination'),
    '--destination-ports': ports('destination'),
    '--ports': ports('either'),
  }),
};

const OPTION: Readonly<Record<On, string>> = { source: '--sports', destination: '--dports', either: '--ports' };
export const print: Pick<MatchPrinters, 'multiport'> = {
  multiport: (m) => `-m multiport ${not(m.negate)}${OPTION[m.on]} ${m.ranges.map((r) => printRange(r)).join(',')}`,
};
