/**
 * Checksums that are left to a device (CHECKSUM_PARTIAL). The outer packet of a tunnel around such a one has its own computed at once
 * (lco_csum), while the buffer still says "partial": NAT then takes the outer checksum for the unfinished one and makes it wrong
 * (inet_proto_csum_replace4). Nobody looks at it while the inner one is unfinished; where it is written after all, everybody does.
 */
import type { Packet } from './packet.ts';

/** TCP and UDP of sockets; ICMP is summed up where it is made. */
const leftToDevice = ({ protocol, sum, pieceBytes }: Packet): boolean =>
  sum === undefined && pieceBytes == null && (protocol === 6 || protocol === 17);

/** An outer packet around one whose checksum is not written yet: skb->encapsulation with CHECKSUM_PARTIAL. */
const isAround = ({ payload, sum }: Packet): boolean =>
  payload !== null && sum !== 'written' && leftToDevice(payload.frame.packet);

/** NAT has changed an address or a port of it. */
export const afterNat = (packet: Packet): Packet =>
  packet.payload !== null && packet.sum === undefined && isAround(packet) ? { ...packet, sumWrong: true } : packet;

/** skb_checksum_help: by a device that sums up nothing within tunnels (hw_enc_features), before pieces, and for a wire. */
export function writeSums(packet: Packet): Packet {
  const { payload } = packet;
  if (payload === null || !isAround(packet)) return packet;
  const inner: Packet = { ...payload.frame.packet, sum: 'written' };
  return {
    ...packet,
    ...(packet.sum === undefined ? { sum: 'written' } : {}),
    payload: { ...payload, frame: { ...payload.frame, packet: inner } },
  };
}

/**
 * Connection tracking adds up what no device has (nf_ip6_checksum), the IPv6 header with it, which no checksum of its own levels out. A
 * rule that changes the header then makes UDP's sum wrong (udp6_csum_init trusts it: csum_complete_sw); TCP and ICMP add up anew.
 */
export const addedUp = (packet: Packet): Packet =>
  packet.family === 'ipv6' && packet.protocol === 17 && !leftToDevice(packet)
    ? { ...packet, addedUp: { tos: packet.tos, ttl: packet.ttl } }
    : packet;

export const isAddedUpWrong = ({ addedUp: then, tos, ttl }: Packet): boolean =>
  then !== undefined && (then.tos !== tos || then.ttl !== ttl);

/** Who looks at its checksum finds it wrong (nf_ip_checksum, udp_rcv). */
export const isSeenWrong = ({ sum, sumWrong }: Packet): boolean => sumWrong === true && sum === 'written';
