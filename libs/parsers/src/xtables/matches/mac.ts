/** -m mac */
import { parseMac, type XtMatch } from '@netverdict/linux-net';
import { must } from '../../problem.ts';
import { arg, each, type Module } from '../module.ts';
import { not } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

export const mac: Module<readonly XtMatch[]> = {
  options: { '--mac-source': 1 },
  build: each<XtMatch>({
    '--mac-source': (g) => ({ kind: 'mac-source', mac: must(parseMac(arg(g))), negate: g.negate }),
  }),
};

export const print: Pick<MatchPrinters, 'mac-source'> = {
  'mac-source': (m) => `-m mac ${not(m.negate)}--mac-source ${m.mac}`,
};
