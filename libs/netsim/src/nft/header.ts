/**
 * A packet's headers as bytes, as nft's payload expression reads them. What the model does not hold (identification,
 * checksums, sequence numbers, options, data) is `??`.
 */
import type { Hex, Ipv4, Ipv6 } from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';
import { addressBytes, be, fromBe } from './bytes.ts';
import { unknownBytes } from './registers.ts';

const TCP_PROTOCOL = 6;
const UDP_PROTOCOL = 17;
const SCTP_PROTOCOL = 132;

export const networkHeaderBytes = (packet: Packet): number => (packet.family === 'ipv4' ? 20 : 40);

export function networkHeader(p: Packet): Hex {
  if (p.family === 'ipv4')
    return `45${be(p.tos, 1)}${be(p.sizeBytes, 2)}????${p.dontFragment ? '4000' : '0000'}${be(p.ttl, 1)}${be(p.protocol, 1)}????${addressBytes(p.source)}${addressBytes(p.destination)}`;
  // The flow label is a hash that the sender chose (auto_flowlabels).
  const first = `6${be(p.tos, 1)}?????`;
  return `${first}${be(p.sizeBytes - 40, 2)}${be(p.protocol, 1)}${be(p.ttl, 1)}${addressBytes(p.source)}${addressBytes(p.destination)}`;
}

/** As long as the packet: what follows the header is data. */
export function transportHeader(p: Packet): Hex {
  const length = Math.max(0, p.sizeBytes - networkHeaderBytes(p));
  const known = transportFields(p, length);
  return known.length >= length * 2 ? known.slice(0, length * 2) : known + unknownBytes(length - known.length / 2);
}

function transportFields(p: Packet, length: number): Hex {
  const ports = `${p.sportAmong ? '????' : be(p.sport ?? 0, 2)}${p.dportAmong ? '????' : be(p.dport ?? 0, 2)}`;
  if (p.icmp) {
    const echo = p.family === 'ipv4' ? p.icmp.type === 8 || p.icmp.type === 0 : p.icmp.type >= 128;
    return `${be(p.icmp.type, 1)}${be(p.icmp.code, 1)}????${echo ? be(p.icmp.id, 2) : '????'}????`;
  }
  switch (p.protocol) {
    case TCP_PROTOCOL:
      return `${ports}????????${(p.tcpFlags & 0x10) === 0 ? '00000000' : '????????'}?0${be(p.tcpFlags, 1)}????????0000`;
    case UDP_PROTOCOL:
      return `${ports}${be(length, 2)}????`;
    case SCTP_PROTOCOL:
      return `${ports}????????????????`;
    default:
      return '';
  }
}

/** Where the data of layer 4 begin, from its header on; null where nothing tells. */
export const innerOffset = (p: Packet): number | null => (p.protocol === UDP_PROTOCOL ? 8 : null);

/** The packet with `data` written over its network header; null where what is written is not modelled. */
export function writeNetwork(p: Packet, offset: number, data: Hex): Packet | null {
  const before = networkHeader(p);
  const after = splice(before, offset, data);
  const at = (from: number, bytes: number): Hex => after.slice(from * 2, (from + bytes) * 2);
  const same = (from: number, bytes: number): boolean => at(from, bytes) === before.slice(from * 2, (from + bytes) * 2);
  if (after.includes('?', 0) && !unknownsStay(before, after)) return null;
  if (p.family === 'ipv4') {
    // Version, length and protocol make another packet of it; DF alone is a flag.
    if (!same(0, 1) || !same(2, 2) || !same(9, 1) || (fromBe(at(6, 2)) & 0xbfff) !== 0) return null;
    return {
      ...p,
      tos: fromBe(at(1, 1)),
      dontFragment: (fromBe(at(6, 2)) & 0x4000) !== 0,
      ttl: fromBe(at(8, 1)),
      source: fromBe(at(12, 4)) as Ipv4,
      destination: fromBe(at(16, 4)) as Ipv4,
    };
  }
  if (!same(4, 3) || after[0] !== '6') return null;
  return {
    ...p,
    tos: fromBe(after.slice(1, 3)),
    ttl: fromBe(at(7, 1)),
    source: BigInt(`0x${at(8, 16)}`) as Ipv6,
    destination: BigInt(`0x${at(24, 16)}`) as Ipv6,
  };
}

/** Ports alone: what else stands there is the peer's to judge, and not modelled. */
export function writeTransport(p: Packet, offset: number, data: Hex): Packet | null {
  if (p.sport === null || p.dport === null || offset + data.length / 2 > 4 || data.includes('?')) return null;
  const after = splice(`${be(p.sport, 2)}${be(p.dport, 2)}`, offset, data);
  return { ...p, sport: fromBe(after.slice(0, 4)), dport: fromBe(after.slice(4, 8)) };
}

const splice = (text: Hex, offset: number, data: Hex): Hex =>
  text.slice(0, offset * 2) + data + text.slice(offset * 2 + data.length);

/** Unknown bytes are written only where they came from. */
function unknownsStay(before: Hex, after: Hex): boolean {
  for (let i = 0; i < after.length; i++) if (after[i] === '?' && before[i] !== '?') return false;
  return true;
}
