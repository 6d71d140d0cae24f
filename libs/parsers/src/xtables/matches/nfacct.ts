/** -m nfacct */
import type { XtMatch } from '@netverdict/linux-net';
import { arg, each, type Module } from '../module.ts';
import { not, quote } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

export const nfacct: Module<readonly XtMatch[]> = {
  options: { '--nfacct-name': 1 },
  build: each<XtMatch>({ '--nfacct-name': (g) => ({ kind: 'nfacct', name: arg(g), negate: g.negate }) }),
};

export const print: Pick<MatchPrinters, 'nfacct'> = {
  nfacct: (m) => `-m nfacct ${not(m.negate)}--nfacct-name ${quote(m.name)}`,
};
