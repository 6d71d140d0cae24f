/** For which socket rules look (nf_sk_lookup_slow_v4, nf_sk_lookup_slow_v6). */
import { isIcmpError, type Packet } from '../packet/packet.ts';

/** The packet as that socket would get it: of an ICMP error, what it is about, turned back to who sent that; null: none has one. */
export function askedAbout(packet: Packet): Packet | null {
  if (!isIcmpError(packet)) return hasPorts(packet) ? packet : null;
  const about = packet.icmp?.about;
  if (!about || !hasPorts(about)) return null;
  const { source, destination, sport, dport } = about;
  // The connection is the error's own: it is RELATED to that of what it is about.
  return { ...about, source: destination, destination: source, sport: dport, dport: sport, ct: packet.ct };
}

const hasPorts = ({ protocol }: Packet): boolean => protocol === 6 || protocol === 17;
