/** What opens a connection, what belongs to one, and what is INVALID (nf_conntrack_proto_{tcp,udp,icmp}.c). */
import { type ConntrackEntry, ip } from '@netverdict/linux-net';
import { describe, expect, it } from 'vitest';
import { type Packet, TCP } from '../packet/packet.ts';
import { SYN as PLAIN } from '../testing/packets.ts';
import { entryFrom } from './collected.ts';
import { Conntrack } from './table.ts';

const SYN: Packet = { ...PLAIN, source: ip('10.0.0.1'), destination: ip('10.0.0.2') };
const back = (packet: Packet): Packet => ({
  ...packet,
  source: packet.destination,
  destination: packet.source,
  sport: packet.dport,
  dport: packet.sport,
});
const ANSWER = { ...back(SYN), tcpFlags: TCP.SYN | TCP.ACK };
const REFUSAL = { ...back(SYN), tcpFlags: TCP.RST | TCP.ACK };
const ACK = { ...SYN, tcpFlags: TCP.ACK };
const echo = (type: number): Packet => ({
  ...SYN,
  protocol: 1,
  sport: null,
  dport: null,
  tcpFlags: 0,
  icmp: { type, code: 0, id: 7 },
});

/** It got through the whole namespace, as what nf_confirm has seen did. */
function passed(table: Conntrack, packet: Packet) {
  const ref = table.track('a', packet);
  if (ref) table.update('a', ref.id, { confirmed: true });
  return ref;
}

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
    const refs = packets.map((packet) => passed(table, packet));
    expect(refs.at(-1)?.direction ?? null).toBe(direction);
  });
});

const error = (about: Packet, to: Packet['destination']): Packet => ({
  ...echo(3),
  source: ip('10.0.0.9'),
  destination: to,
  icmp: { type: 3, code: 3, id: 0, about },
});

describe('what comes back', () => {
  it.each([
    ['an error about a connection is of it, against its direction', [SYN, error(SYN, SYN.source)], 'reply', 'related'],
    ['an error about nothing that is known is INVALID', [error(SYN, SYN.source)], null, null],
    ['an error that goes to somebody else is INVALID', [SYN, error(SYN, ip('10.0.0.3'))], null, null],
    [
      'an error about the answer goes to the answerer',
      [SYN, ANSWER, error(ANSWER, ANSWER.source)],
      'original',
      'related',
    ],
    ['an echo request of the other side with the same id is its own', [echo(8), back(echo(8))], 'original', 'new'],
    ['a RST answers', [SYN, { ...back(SYN), tcpFlags: TCP.RST | TCP.ACK }], 'reply', 'established'],
    ['a RST that was the first answer has ended it: once more it is INVALID', [SYN, REFUSAL, REFUSAL], null, null],
    ['a RST after an answer has not', [SYN, ANSWER, REFUSAL, REFUSAL], 'reply', 'established'],
    ['flags that make no sense are INVALID', [SYN, { ...SYN, tcpFlags: TCP.SYN | TCP.FIN }], null, null],
    ['a FIN alone is no flag combination', [{ ...SYN, tcpFlags: TCP.FIN }], null, null],
  ] as const)('%s', (_, packets, direction, info) => {
    const table = new Conntrack();
    const refs = packets.map((packet) => passed(table, packet));
    expect([refs.at(-1)?.direction ?? null, refs.at(-1)?.info ?? null]).toEqual([direction, info]);
  });
});

const read = (line: string): ConntrackEntry => ({
  protocol: 6,
  original: { source: SYN.source, destination: SYN.destination, sport: 40000, dport: 80 },
  reply: { source: SYN.destination, destination: SYN.source, sport: 80, dport: 40000 },
  state: line,
  assured: line === 'ESTABLISHED',
  unreplied: line === 'SYN_SENT',
  expected: false,
  mark: 7,
  zone: 0,
  line: 1,
  text: '',
});

describe('a connection that was there before', () => {
  it.each([
    ['a SYN in the middle of it is let through', 'ESTABLISHED', SYN, 'established', 7],
    ['an ACK in its window belongs to it', 'ESTABLISHED', ACK, 'established', 7],
    ['a SYN that nobody has answered is sent again', 'SYN_SENT', SYN, 'new', 7],
    ['an ACK before the answer is INVALID', 'SYN_SENT', ACK, null, null],
    ['a SYN after its end makes a new one', 'TIME_WAIT', SYN, 'new', 0],
    ['a SYN to one that was refused does not', 'CLOSE', SYN, 'established', 7],
    ['an answer nobody asked for is let through', 'ESTABLISHED', ANSWER, 'established', 7],
    ['a SYN of the other side is INVALID', 'ESTABLISHED', back(SYN), null, null],
  ] as const)('%s', (_, state, packet, info, mark) => {
    const table = new Conntrack();
    table.seed('a', [entryFrom(read(state))]);
    const ref = table.track('a', packet);
    expect([ref?.info ?? null, ref ? table.get('a', ref.id)?.mark : null]).toEqual([info, mark]);
  });

  it('asks whether a packet is in the window, and takes it for INVALID where it is not', () => {
    const table = new Conntrack();
    table.seed('a', [entryFrom(read('ESTABLISHED'))]);
    expect(table.track('a', ACK, { loose: () => true, inWindow: () => false, aborted: () => false })).toBeNull();
  });

  it('a packet in the middle of an unknown one opens nothing where nf_conntrack_tcp_loose is off', () => {
    expect(
      new Conntrack().track('a', ACK, { loose: () => false, inWindow: () => true, aborted: () => false }),
    ).toBeNull();
  });

  it('knows from the tuples which ends were translated', () => {
    const entry = read('ESTABLISHED');
    const reply = { ...entry.reply, source: ip('10.244.1.2'), sport: 8080 };
    expect(entryFrom({ ...entry, reply })).toMatchObject({ dstNat: true, srcNat: false, confirmed: true });
  });
});

it('a zone for one direction is not seen from the other', () => {
  const table = new Conntrack();
  expect(passed(table, { ...SYN, zone: 5, zoneOf: 'original' })?.info).toBe('new');
  expect(table.track('a', ANSWER)?.direction).toBe('reply');
  expect(table.track('a', SYN)?.info).toBe('new');
});

it('a namespace knows nothing of what another one saw', () => {
  const table = new Conntrack();
  passed(table, SYN);
  expect(table.knows('a', ANSWER)).toBe(true);
  expect(table.knows('b', ANSWER)).toBe(false);
  expect(table.track('b', ANSWER)).toBeNull();
});

it('a packet that died on its way through has left no connection, not even for an error about it', () => {
  const table = new Conntrack();
  expect(table.track('a', SYN)?.info).toBe('new');
  expect(table.track('a', error(SYN, SYN.source))).toBeNull();
  expect(table.track('a', SYN)?.info).toBe('new');
});
