/** Packets that are cut to fit (ip_fragment, ip6_fragment). */

import { writeSums } from '../packet/checksum.ts';
import { FRAGMENT_HEADERS, type Packet } from '../packet/packet.ts';

/**
 * In pieces that fit the limit; they are put together again where connections are tracked, and at the end. An IPv6 packet that
 * fits gets a fragment header all the same.
 */
export function cutTo(limitBytes: number, packet: Packet): Packet {
  const headers = FRAGMENT_HEADERS[packet.family];
  const most = headers + Math.floor((limitBytes - headers) / 8) * 8;
  const whole = packet.sizeBytes + (packet.family === 'ipv4' ? 0 : FRAGMENT_HEADER);
  if (whole > limitBytes) return { ...writeSums(packet), pieceBytes: most };
  return packet.family === 'ipv4' ? packet : { ...writeSums(packet), pieceBytes: whole };
}

const FRAGMENT_HEADER = 8;
