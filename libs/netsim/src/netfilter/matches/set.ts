/** Membership of an IP set (net/netfilter/xt_set.c). */
import type { Mac, XtMatch } from '@netverdict/linux-net';
import { isIn } from '../../ipset/contains.ts';
import type { SetProbe, Side } from '../../ipset/probe.ts';
import type { Packet } from '../../packet/packet.ts';
import type { Answer, RuleContext } from '../context.ts';

type Of<K extends XtMatch['kind']> = Extract<XtMatch, { kind: K }>;

export function set(m: Of<'set'>, c: RuleContext): Answer {
  const { ipsets } = c.ns.net;
  if (!ipsets.known) return { unknown: `the members of set ${m.set} (${ipsets.reason})` };
  const found = ipsets.value.get(m.set);
  if (!found) return { unknown: `set ${m.set}, which is not in ipset-save` };
  const lookup = {
    probe: probeOf(c),
    directions: m.directions,
    returnNomatch: m.options.includes('--return-nomatch'),
    asksCounters: m.options.some((option) => COUNTERS.test(option)),
  };
  return isIn(found, ipsets.value, lookup, (type, answer) => c.walk.sees(`ipset/${type}`, answer));
}

/** The other options say which counters are updated. */
const COUNTERS = /^(! )?--(packets|bytes)-/;

const probeOf = (c: RuleContext): SetProbe => ({
  family: c.packet.family,
  protocol: c.packet.protocol,
  mark: c.packet.mark,
  address: (side) => (side === 'src' ? c.packet.source : c.packet.destination),
  port: (side) => portOf(c.packet, side),
  portAmong: (side) => (side === 'src' ? c.packet.sportAmong : c.packet.dportAmong),
  device: (side) => (side === 'src' ? c.iif : c.oif)?.name ?? null,
  mac: (side) => macOf(c, side),
  goesWith: (set, address, mac) => {
    const key = `${c.ns.key} ${set} ${address}`;
    const taken = c.walk.filledMembers.get(key);
    if (taken === undefined) c.walk.filledMembers.set(key, mac);
    return taken === undefined || taken === mac;
  },
});

/** eth_hdr() of the frame that it came in, at any hook after; what was made here or came over loopback has none (its addresses are zero). */
function macOf(c: RuleContext, side: Side): Mac | null | undefined {
  const { frame } = c.packet;
  if (!frame || c.iif?.loopback) return null;
  if (side === 'src') return frame.source ?? undefined;
  return frame.destination ?? (frame.cast === 'host' ? (c.iif?.mac ?? undefined) : undefined);
}

/** Protocols whose ports ip_set_getport.c reads. */
const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 132, 136]);
const ICMP = 1;
const ICMPV6 = 58;

function portOf(packet: Packet, side: Side): number | null {
  if (WITH_PORTS.has(packet.protocol)) return side === 'src' ? packet.sport : packet.dport;
  if (packet.protocol !== ICMP && packet.protocol !== ICMPV6) return 0;
  return packet.icmp && packet.icmp.type * 256 + packet.icmp.code;
}
