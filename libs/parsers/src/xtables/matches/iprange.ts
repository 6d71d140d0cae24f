/** -m iprange */
import { type Family, formatIp, type XtMatch } from '@netverdict/linux-net';
import { arg, each, type Given, type Module } from '../module.ts';
import { addressOf, not } from '../values.ts';
import type { MatchOf, MatchPrinters } from './printers.ts';

const between =
  (side: MatchOf<'iprange'>['side']) =>
  (g: Given, family: Family): XtMatch => {
    const [from = '', to = from] = arg(g).split('-');
    return { kind: 'iprange', side, from: addressOf(from, family), to: addressOf(to, family), negate: g.negate };
  };

export const iprange: Module<readonly XtMatch[]> = {
  options: { '--src-range': 1, '--dst-range': 1 },
  build: each<XtMatch>({ '--src-range': between('source'), '--dst-range': between('destination') }),
};

export const print: Pick<MatchPrinters, 'iprange'> = {
  iprange: (m) =>
    `-m iprange ${not(m.negate)}--${m.side === 'source' ? 'src' : 'dst'}-range ${formatIp(m.from)}-${formatIp(m.to)}`,
};
