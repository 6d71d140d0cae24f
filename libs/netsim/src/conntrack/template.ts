/**
 * What a rule before conntrack hangs on the packet (`CT --zone`, `ct zone set`: nf_ct_tmpl_alloc): until conntrack has looked,
 * iptables' rules that ask for the connection find an empty, new one; nftables' find its state alone.
 */
import type { Packet } from '../packet/packet.ts';
import { type CtEntry, UNTOUCHED } from './table.ts';
import type { CtTuple } from './tuple.ts';

/** No entry of a table has it, so that nothing is kept of what a rule writes there. */
const NO_ID = -1;

export const hasTemplate = ({ ct, template }: Packet): boolean => ct === null && template === true;

export function templateOf({ family, zone, zoneOf }: Packet): CtEntry {
  const nobody = (family === 'ipv4' ? 0 : 0n) as CtTuple['source'];
  const tuple: CtTuple = { protocol: 0, source: nobody, destination: nobody, sport: 0, dport: 0, icmpType: 0 };
  return {
    ...UNTOUCHED,
    id: NO_ID,
    original: tuple,
    reply: tuple,
    // xt_ct_tg_check says so.
    confirmed: true,
    zone,
    ...(zoneOf === undefined ? {} : { zoneOf }),
  };
}
