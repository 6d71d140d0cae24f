/** skb->hash: a number made of a packet's flow, which stays with the buffer while its headers change. */
import { type Packet, TCP } from './packet.ts';

/**
 * A hash of ports, or of the label that IPv6's senders give a flow (ip6_make_flowlabel), stays with the buffer, whatever headers are
 * put around it, taken off or translated; one of addresses alone goes with a tunnel's header (skb_clear_hash_if_not_l4).
 */
export const keepsHash = ({ protocol, family, hashedTo }: Packet): boolean =>
  hashedTo !== undefined || protocol === 6 || protocol === 17 || family === 'ipv6';

/**
 * Has a buffer that is routed one already? A TCP socket draws a number for its connection (sk_txhash), and what gives IPv6's
 * packets their labels hashes them. Raw packets and resets have neither, save the reset of an IPv6 host, which gets a label.
 */
export function bringsHash({ family, protocol, tcpFlags, sum, hashedTo }: Packet): boolean {
  if (hashedTo !== undefined) return true;
  if (sum === 'written') return false;
  return family === 'ipv6' || (protocol === 6 && (tcpFlags & TCP.RST) === 0);
}
