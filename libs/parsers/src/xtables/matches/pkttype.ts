/** -m pkttype */
import type { XtMatch } from '@netverdict/linux-net';
import { arg, each, type Module } from '../module.ts';
import { not, oneOf } from '../values.ts';
import type { MatchPrinters } from './printers.ts';

const TYPES = ['unicast', 'broadcast', 'multicast', 'host', 'otherhost'] as const;

export const pkttype: Module<readonly XtMatch[]> = {
  options: { '--pkt-type': 1 },
  build: each<XtMatch>({
    '--pkt-type': (g) => ({ kind: 'pkttype', type: oneOf(TYPES, arg(g), 'a packet type'), negate: g.negate }),
  }),
};

export const print: Pick<MatchPrinters, 'pkttype'> = {
  pkttype: (m) => `-m pkttype ${not(m.negate)}--pkt-type ${m.type}`,
};
