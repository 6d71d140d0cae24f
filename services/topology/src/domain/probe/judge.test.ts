/** Simulation against packets: rows that read as sentences. */
import type { ExpectedBranch, ExpectedTarget, ProbeAttempt, Sighting } from '@netverdict/contracts';
import { expect, it } from 'vitest';
import { judge } from './judge.ts';

const CLIENT = 'n1/pod/shop/cart';
const HOPS = [CLIENT, 'n1/host', 'n2/host', 'n2/pod/shop/pay'];
const INODES: Readonly<Record<string, number>> = Object.fromEntries(HOPS.map((place, i) => [place, i + 1]));
const way = (places: readonly string[], direction: 'forward' | 'reply') =>
  places.map((place) => ({ place, direction }));

const delivered: ExpectedBranch = {
  share: 1,
  outcome: 'reachable',
  disposition: 'delivered',
  ended: 'reply',
  destination: { address: '10.0.2.2', port: 8080 },
  hops: [...way(HOPS, 'forward'), ...way([...HOPS].reverse(), 'reply')],
  stop: null,
};
const dropped: ExpectedBranch = {
  ...delivered,
  outcome: 'unreachable',
  disposition: 'dropped',
  ended: 'forward',
  hops: way(HOPS.slice(0, 3), 'forward'),
  stop: 'filter FORWARD: rule 3 → DROP',
};
const target = (...branches: ExpectedBranch[]): ExpectedTarget => ({
  kind: 'asked',
  label: 'shop/pay',
  protocol: 'tcp',
  address: '10.96.0.1',
  port: 80,
  branches,
});
const connected: ProbeAttempt = {
  target: 't0',
  outcome: 'connected',
  rttMs: 0.2,
  local: { address: '10.0.1.2', port: 40000 },
};
const silent: ProbeAttempt = { ...connected, outcome: 'silent', rttMs: null };

let clock = 0;
const sighting = (place: string, more: Partial<Sighting> = {}): Sighting => ({
  atMs: ++clock,
  netns: INODES[place] ?? 99,
  device: 'eth0',
  point: 'received',
  protocol: 6,
  source: '10.0.1.2',
  sourcePort: 40000,
  destination: '10.96.0.1',
  destinationPort: 80,
  signature: '00000000000000aa',
  answer: false,
  ...more,
});
const to = (address: string): Partial<Sighting> => ({ destination: address, destinationPort: 8080 });

function judged(
  expected: ExpectedTarget,
  attempts: readonly ProbeAttempt[],
  sightings: readonly Sighting[] = [],
  sizeBytes: number | null = null,
) {
  return judge({
    expected: [expected],
    probed: { netns: 1, attempts, notMade: 0 },
    from: CLIENT,
    sightings: [{ node: 'n1', sightings }],
    nodes: [{ node: 'n1', problem: null, sightings: sightings.length, lost: 0 }],
    placeOf: (_node, inode) => HOPS[inode - 1] ?? `n1/netns/${inode}`,
    sizeBytes,
  });
}

it('all answered, as simulated: they agree, with percentiles', () => {
  const live = judged(target(delivered), [connected, { ...connected, rttMs: 0.4 }]);
  expect(live).toMatchObject({ agrees: true, attempts: 2, succeeded: 2 });
  expect(live.targets[0]?.rttMs).toEqual({ min: 0.2, p50: 0.2, p90: 0.4, p99: 0.4, max: 0.4 });
});

it('one of several lost although the simulation knows no reason: they disagree', () => {
  expect(judged(target(delivered), [connected, connected, silent])).toMatchObject({
    agrees: false,
    targets: [
      {
        agrees: false,
        loss: expect.closeTo(1 / 3),
        parting: { place: CLIENT, seen: { en: 'no node saw the packet; nothing came back' } },
      },
    ],
  });
});

it('dropped where it is simulated to be dropped: they agree', () => {
  const seen = [
    sighting(CLIENT, { point: 'sent' }),
    sighting('n2/host', { point: 'dropped', reason: 'NETFILTER_DROP' }),
  ];
  expect(judged(target(dropped), [silent], seen).agrees).toBe(true);
});

it('dropped elsewhere than simulated: they disagree, at the drop', () => {
  const seen = [
    sighting(CLIENT, { point: 'sent' }),
    sighting('n1/host', { point: 'dropped', device: 'cni0', reason: 'IP_RPFILTER', function: 'ip_rcv_finish' }),
  ];
  const { targets } = judged(target(dropped), [silent], seen);
  expect(targets[0]?.parting).toEqual({
    place: 'n1/host',
    direction: 'forward',
    simulated: { en: 'it ends in n2 (filter FORWARD: rule 3 → DROP)', zh: expect.any(String) },
    seen: {
      en: 'the kernel dropped it at cni0: IP_RPFILTER (ip_rcv_finish); nothing came back',
      zh: expect.any(String),
    },
  });
});

it('lost without a drop: the parting is the last place that saw it', () => {
  const seen = [sighting(CLIENT, { point: 'sent' }), sighting('n1/host', { point: 'sent', device: 'flannel.1' })];
  expect(judged(target(delivered), [silent], seen).targets[0]?.parting).toMatchObject({
    place: 'n1/host',
    simulated: { en: 'it goes on to n2' },
    seen: { en: 'it was last seen here, sent flannel.1; nothing came back' },
  });
});

it('answered although the simulation drops it: they disagree where it was to end', () => {
  const { agrees, targets } = judged(target(dropped), [connected], [sighting(CLIENT, { point: 'sent' })]);
  expect(agrees).toBe(false);
  expect(targets[0]?.parting).toMatchObject({
    place: 'n2/host',
    simulated: { en: 'it ends here (dropped: filter FORWARD: rule 3 → DROP)' },
  });
});

it('of a Service each packet is held against the backend that it was seen to be sent to', () => {
  const other = { ...dropped, destination: { address: '10.0.2.3', port: 8080 } };
  const at = (address: string) => [
    sighting(CLIENT, { point: 'sent' }),
    sighting('n1/host', { point: 'sent', ...to(address) }),
  ];
  const service = target({ ...delivered, share: 0.5 }, { ...other, share: 0.5 });
  expect(judged(service, [silent], at('10.0.2.3')).agrees).toBe(true);
  expect(judged(service, [connected], at('10.0.2.2')).agrees).toBe(true);
  expect(judged(service, [silent], at('10.0.2.2')).agrees, 'the good backend did not answer').toBe(false);
  expect(judged(service, [connected], at('10.0.2.3')).agrees, 'the bad backend did').toBe(false);
  expect(judged(service, [silent]).agrees, 'nobody saw which it was').toBe(true);
});

it('a datagram that arrives and is not answered contradicts nothing; one that nobody saw says nothing', () => {
  const datagram: ProbeAttempt = { ...silent, token: '4e56505200000001' };
  const udp = { ...target(delivered), protocol: 'udp' as const };
  const there = sighting('n2/pod/shop/pay', { protocol: 17, signature: '4e56505200000001' });
  const arrivedOne = judged(udp, [datagram], [there]);
  expect(arrivedOne.agrees).toBe(true);
  expect(arrivedOne.targets[0]?.note?.en).toMatch(/^1 datagrams arrived and were not answered/);
  expect(judged(udp, [datagram]).agrees).toBeNull();
  const lost = sighting('n1/host', { protocol: 17, signature: '4e56505200000001' });
  expect(judged(udp, [datagram], [lost]).agrees).toBe(false);
});

it('what the simulation leaves open is compared with nothing', () => {
  const open: ExpectedBranch = { ...dropped, outcome: 'undetermined', disposition: 'insufficient-info' };
  expect(judged(target(open), [connected])).toMatchObject({
    agrees: null,
    targets: [{ note: { en: 'the simulation itself is undetermined' } }],
  });
  expect(judged(target(open), [silent]).agrees).toBeNull();
});

const tooBig: ExpectedBranch = { ...dropped, disposition: 'too-big' };

it('a connection without data says nothing of the size that was asked about', () => {
  expect(judged(target(tooBig), [connected], [], 1500)).toMatchObject({
    agrees: null,
    targets: [{ note: { en: expect.stringMatching(/size asked about was not$/) } }],
  });
});

it('data that was acknowledged in packets of the size asked about passed, whatever the simulation says', () => {
  const whole = { ...connected, packetBytes: 1500 };
  expect(judged(target(delivered), [whole], [], 1500)).toMatchObject({ agrees: true, targets: [{ note: null }] });
  expect(judged(target(tooBig), [whole], [], 1500)).toMatchObject({ agrees: false, succeeded: 1 });
});

it('data in smaller packets than were asked about says nothing of the larger ones', () => {
  const small = { ...connected, packetBytes: 1450 };
  const note = { en: "the connection's data went in packets of up to 1450 bytes: 1500 were not tried" };
  expect(judged(target(tooBig), [small], [], 1500)).toMatchObject({ agrees: null, targets: [{ note }] });
  expect(judged(target(delivered), [small], [], 1500)).toMatchObject({ agrees: true, targets: [{ note }] });
});

it('data that nobody acknowledges: a black hole, at the place where the data was last seen and not the handshake', () => {
  const lost: ProbeAttempt = { ...connected, outcome: 'not-acknowledged', packetBytes: 1500 };
  const handshake = HOPS.map((place) => sighting(place, place === CLIENT ? {} : to('10.0.2.2')));
  const data = [
    sighting(CLIENT, { data: true }),
    sighting('n1/host', { ...to('10.0.2.2'), data: true, point: 'sent' }),
  ];
  const live = judged(target(delivered), [lost, lost], [...handshake, ...data], 1500);
  expect(live).toMatchObject({
    agrees: false,
    succeeded: 0,
    targets: [
      {
        outcomes: { 'not-acknowledged': 2 },
        parting: {
          place: 'n1/host',
          seen: {
            en: 'it was last seen here, sent eth0; the connection stands, but its data, in packets of 1500 bytes, was not acknowledged',
          },
        },
      },
    ],
  });
  expect(live.targets[0]?.seen).toContainEqual({
    place: 'n1/host',
    direction: 'forward',
    point: 'sent',
    device: 'eth0',
    count: 2,
    data: true,
  });
  expect(judged(target(tooBig), [lost], [...handshake, ...data], 1500).agrees, 'as simulated').toBe(true);
});

it('a server that breaks the connection off instead of taking data contradicts nothing', () => {
  const broken: ProbeAttempt = { ...connected, outcome: 'reset', errno: 'ECONNRESET' };
  expect(judged(target(delivered), [broken], [], 1500)).toMatchObject({
    agrees: null,
    targets: [{ note: { en: expect.stringMatching(/^the server broke the connection off/) } }],
  });
});

it('an attempt that could not be made says so', () => {
  expect(judged(target(delivered), [{ ...silent, outcome: 'error', errno: 'EADDRINUSE', local: null }])).toMatchObject({
    agrees: null,
    targets: [{ note: { en: 'the attempts could not be made (EADDRINUSE)' } }],
  });
});
