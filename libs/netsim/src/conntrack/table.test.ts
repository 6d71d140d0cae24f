/** What opens a connection, what belongs to one, and what is INVALID (nf_conntrack_proto_{tcp,udp,icmp}.c). */
import { ip } from '@netverdict/linux-net';
import { describe, expect, it } from 'vitest';
import { type Packet, TCP } from '../packet/packet.ts';
import { Conntrack } from './table.ts';

const SYN: Packet = {
  family: 'ipv4',
  protocol: 6,
  source: ip('10.0.0.1'),
  destination: ip('10.0.0.2'),
  sport: 40000,
  dport: 80,
  tcpFlags: TCP.SYN,
  icmp: null,
  ttl: 64,
  tos: 0,
  sizeBytes: 60,
  dontFragment: false,
  mark: 0,
  ct: null,
  untracked: false,
  zone: 0,
  payload: null,
};
const back = (packet: Packet): Packet => ({
  ...packet,
  source: packet.destination,
  destination: packet.source,
  sport: packet.dport,
  dport: packet.sport,
});
const ANSWER = { ...back(SYN), tcpFlags: TCP.SYN | TCP.ACK };
const ACK = { ...SYN, tcpFlags: TCP.ACK };
const echo = (type: number): Packet => ({
  ...SYN,
  protocol: 1,
  sport: null,
  dport: null,
  tcpFlags: 0,
  icmp: { type, code: 0, id: 7 },
});

describe('the last of these packets, in one namespace', () => {
  it.each([
    ['SYN opens', [SYN], 'original'],
    ['SYN+ACK to an unseen SYN is INVALID', [ANSWER], null],
    ['RST opens nothing', [{ ...SYN, tcpFlags: TCP.RST }], null],
    ['ACK in the middle is picked up', [ACK], 'original'],
    ['SYN+ACK answers', [SYN, ANSWER], 'reply'],
    ['ACK confirms', [SYN, ANSWER, ACK], 'original'],
    ['ACK without a SYN+ACK seen is INVALID', [SYN, ACK], null],
    ['an echo request opens', [echo(8)], 'original'],
    ['an echo reply opens nothing', [echo(0)], null],
    ['an echo reply answers', [echo(8), back(echo(0))], 'reply'],
    ['an answer in another zone is INVALID', [SYN, { ...ANSWER, zone: 5 }], null],
  ] as const)('%s', (_, packets, direction) => {
    const table = new Conntrack();
    const refs = packets.map((packet) => table.track('a', packet));
    expect(refs.at(-1)?.direction ?? null).toBe(direction);
  });
});

it('a namespace knows nothing of what another one saw', () => {
  const table = new Conntrack();
  table.track('a', SYN);
  expect(table.knows('a', ANSWER)).toBe(true);
  expect(table.knows('b', ANSWER)).toBe(false);
  expect(table.track('b', ANSWER)).toBeNull();
});
