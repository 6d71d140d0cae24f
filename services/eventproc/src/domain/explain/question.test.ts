import type { AnomalyTuple } from '@netverdict/contracts';
import { expect, test } from 'vitest';
import { type AskedIncident, questionsOf, type Witness } from './question.ts';

const tuple = (change: Partial<AnomalyTuple> = {}): AnomalyTuple => ({
  family: 'ipv4',
  protocol: 6,
  source: '10.244.1.2',
  sourcePort: null,
  destination: '10.244.2.3',
  destinationPort: 8080,
  ...change,
});
const asks = (change: Partial<Witness>, incident: Partial<AskedIncident> = {}) =>
  questionsOf({
    cluster: 'lab',
    kind: 'packet-drop',
    reason: 'NETFILTER_DROP',
    witnesses: [{ node: 'node-2', pod: null, tuple: tuple(), sample: null, ...change }],
    ...incident,
  }).map(({ packet, request: { source, destination, protocol, sourcePort } }) => ({
    packet,
    from: source.ip ?? source.pod ?? source.node,
    to: destination.port === undefined ? destination.ip : `${destination.ip}:${destination.port}`,
    protocol,
    ...(sourcePort === undefined ? {} : { sourcePort }),
  }));
const request = { packet: 'request', from: '10.244.1.2', to: '10.244.2.3:8080', protocol: 'tcp' };

test('a dropped request asks for its own five-tuple, with the port of a packet that was seen', () => {
  expect(asks({})).toEqual([request]);
  expect(asks({ sample: tuple({ sourcePort: 40123 }) })).toEqual([{ ...request, sourcePort: 40123 }]);
});

test('a dropped answer asks for the connection that it answers', () => {
  const answer = tuple({ source: '10.244.2.3', sourcePort: 8080, destination: '10.244.1.2', destinationPort: null });
  const sample = { ...answer, destinationPort: 40123 };
  expect(asks({ tuple: answer, sample })).toEqual([{ ...request, packet: 'reply', sourcePort: 40123 }]);
});

test('where the ports do not tell who began, both are asked, the packet’s own direction first', () => {
  expect(asks({ tuple: tuple({ sourcePort: 9000 }) })).toEqual([
    { ...request, sourcePort: 9000 },
    { packet: 'reply', from: '10.244.2.3', to: '10.244.1.2:9000', protocol: 'tcp', sourcePort: 8080 },
  ]);
  expect(asks({ tuple: tuple({ sourcePort: 9000, destinationPort: 80 }) })).toHaveLength(1);
});

test('a SYN tells who began, and so does its answer, whatever the ports', () => {
  const both = { tuple: tuple({ sourcePort: 9000 }) };
  const retransmitted = { kind: 'tcp-retransmission' } as const;
  expect(asks(both, { ...retransmitted, reason: 'SYN' }).map((q) => q.packet)).toEqual(['request']);
  expect(asks(both, { ...retransmitted, reason: 'SYN_ACK' }).map((q) => q.packet)).toEqual(['reply']);
  expect(asks(both, { kind: 'tcp-connect-fail', reason: 'ECONNREFUSED' }).map((q) => q.packet)).toEqual(['request']);
});

test('a connect that failed before it had an address is asked from its pod', () => {
  const witness = { pod: 'shop/cart-1', tuple: tuple({ source: null }) };
  expect(asks(witness, { kind: 'tcp-connect-fail' })).toMatchObject([{ from: 'shop/cart-1' }]);
  expect(asks(witness)).toEqual([]);
});

test('a neighbour that does not answer is asked for from where it was looked for', () => {
  const neighbour = { tuple: tuple({ protocol: 0, source: null, destinationPort: null }) };
  expect(asks(neighbour, { kind: 'neighbour-fail' })).toEqual([
    { packet: 'request', from: 'node-2', to: '10.244.2.3', protocol: 'icmp' },
  ]);
});

test('ping is asked as it went, and without ports', () => {
  expect(asks({ tuple: tuple({ protocol: 1, destinationPort: null }) })).toEqual([
    { packet: 'request', from: '10.244.1.2', to: '10.244.2.3', protocol: 'icmp' },
  ]);
});

test.each([
  ['no address', { source: null }],
  ['multicast', { destination: '239.1.1.1' }],
  ['broadcast', { destination: '255.255.255.255' }],
  ['loopback', { destination: '127.0.0.1' }],
  ['IPv6 multicast', { destination: 'ff02::1' }],
  ['IPv6 link-local', { source: 'fe80::1' }],
  ['no port at all', { destinationPort: null }],
  ['a protocol that is not asked about', { protocol: 132 }],
])('nothing is asked where there is %s, and the next witness is taken', (_what, change) => {
  expect(asks({ tuple: tuple(change) })).toEqual([]);
  const [bad, good] = [tuple(change), tuple()].map((t) => ({ node: 'n', pod: null, tuple: t, sample: null }));
  const witnesses = [bad, good] as Witness[];
  expect(questionsOf({ cluster: 'lab', kind: 'packet-drop', reason: null, witnesses })).toHaveLength(1);
});
