/** Which packets UDP finds wrong after a rule has changed the header: seen on Linux 6.18, by Udp6InCsumErrors. */
import { expect, it } from 'vitest';
import { addedUp, isAddedUpWrong } from './checksum.ts';
import type { Packet } from './packet.ts';

const UDP6: Packet = {
  family: 'ipv6',
  protocol: 17,
  source: 1n as Packet['source'],
  destination: 2n as Packet['destination'],
  sport: 20000,
  dport: 81,
  tcpFlags: 0,
  icmp: null,
  ttl: 64,
  tos: 0,
  sizeBytes: 1600,
  pieceBytes: 1496,
  dontFragment: false,
  mark: 0,
  ct: null,
  untracked: false,
  zone: 0,
  payload: null,
};
const V4 = { family: 'ipv4', source: 1 as Packet['source'], destination: 2 as Packet['destination'] } as const;

const rows: readonly (readonly [string, Packet, Partial<Packet>, boolean])[] = [
  ['a datagram in pieces whose class a rule changes', UDP6, { tos: 0x10 }, true],
  ['a datagram in pieces whose hop limit a rule changes', UDP6, { ttl: 20 }, true],
  ['a datagram in pieces that stays as it is', UDP6, { tos: 0 }, false],
  ['a datagram in one piece, whose sum is left to a device', { ...UDP6, pieceBytes: null }, { tos: 0x10 }, false],
  ['an echo, which is added up anew', { ...UDP6, protocol: 58 }, { tos: 0x10 }, false],
  ['IPv4, whose header has a sum of its own', { ...UDP6, ...V4 }, { tos: 0x10 }, false],
];

it.each(rows)('%s', (_, packet, change, wrong) => {
  expect(isAddedUpWrong({ ...addedUp(packet), ...change })).toBe(wrong);
});
