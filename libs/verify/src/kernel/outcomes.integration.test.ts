/** What a sender hears and a receiver gets, on a sender, a router and a far end. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HeardForReal } from '../world/observation.ts';
import type { FlowSpec } from '../world/spec.ts';
import { type Kernel, type RunningWorld, startKernel } from './kernel.ts';
import { flowOf, namespaceOf, worldOf } from './worlds.ts';

const spec = worldOf([
  namespaceOf('a', {
    links: ['link set lo up', 'link add eth0 type veth peer name toa netns {r}'],
    ip: [
      'addr add 10.1.0.2/24 dev eth0',
      'addr add fd01::2/64 dev eth0',
      'link set eth0 up',
      'route add default via 10.1.0.1',
      'route add default via fd01::1',
    ],
    iptablesLegacy: [
      '*filter',
      '-A OUTPUT -p udp --dport 666 -j DROP',
      '-A OUTPUT -m owner --uid-owner 1234 -j REJECT',
      'COMMIT',
    ],
  }),
  namespaceOf('r', {
    sysctls: ['net/ipv4/ip_forward = 1', 'net/ipv6/conf/all/forwarding = 1'],
    links: ['link set lo up', 'link add tob type veth peer name eth0 netns {b}'],
    ip: [
      'addr add 10.1.0.1/24 dev toa',
      'addr add 10.2.0.1/24 dev tob',
      'addr add fd01::1/64 dev toa',
      'addr add fd02::1/64 dev tob',
      'link set toa up',
      'link set tob mtu 1400 up',
      'route add prohibit 10.3.0.0/24',
      'route add unreachable 10.4.0.0/24',
      'route add blackhole 10.5.0.0/24',
      'route add prohibit fd03::/64',
    ],
    nft: [
      'table inet filter {',
      '  chain forward {',
      '    type filter hook forward priority 0; policy accept;',
      '    udp dport 1001 reject with icmpx admin-prohibited',
      '    udp dport 1002 drop',
      '    tcp dport 1003 reject with tcp reset',
      '    udp dport 1004 meta mark set 0x11 ip dscp set cs1',
      '  }',
      '}',
    ],
  }),
  namespaceOf('b', {
    links: ['link set lo up'],
    ip: [
      'addr add 10.2.0.2/24 dev eth0',
      'addr add fd02::2/64 dev eth0',
      'link set eth0 mtu 1400 up',
      'route add default via 10.2.0.1',
      'route add default via fd02::1',
    ],
    nft: [
      'table ip m {',
      'chain c {',
      'type filter hook input priority 0;',
      'udp dport 1005 meta mark set 0x55',
      'tcp dport 81 meta mark set 7',
      '}',
      '}',
    ],
    sockets: [
      ...[80, 1002, 1003].map((port) => ({ protocol: 'tcp', family: 'ipv6', address: '::', port }) as const),
      ...[53, 1001, 1002, 1004, 1005].map(
        (port) => ({ protocol: 'udp', family: 'ipv6', address: '::', port }) as const,
      ),
      { protocol: 'tcp', family: 'ipv4', address: '10.2.0.2', port: 81 },
    ],
  }),
]);

let kernel: Kernel;
let world: RunningWorld;

beforeAll(async () => {
  kernel = await startKernel();
  world = await kernel.bringUp(spec);
});

afterAll(async () => {
  await world.close();
  await kernel.close();
});

const heard = async (given: Omit<Parameters<typeof flowOf>[0], 'from'>): Promise<HeardForReal | undefined> =>
  (await world.observe(flowOf({ from: 'a', ...given })))[0]?.heard;

const icmp = (type: number, code: number, from: string, mtu: number | null = null): HeardForReal => ({
  kind: 'icmp',
  type,
  code,
  from,
  mtu,
});

type Given = Omit<Parameters<typeof flowOf>[0], 'from'>;
const rows: readonly (readonly [string, Given, HeardForReal])[] = [
  ['UDP is answered', { protocol: 'udp', destination: '10.2.0.2', dport: 53 }, { kind: 'answer' }],
  ['UDP over IPv6 is answered', { protocol: 'udp', destination: 'fd02::2', dport: 53 }, { kind: 'answer' }],
  ['TCP connects', { protocol: 'tcp', destination: '10.2.0.2', dport: 80 }, { kind: 'answer' }],
  ['TCP over IPv6 connects', { protocol: 'tcp', destination: 'fd02::2', dport: 80 }, { kind: 'answer' }],
  ['an echo is answered', { protocol: 'icmp', destination: '10.2.0.2' }, { kind: 'answer' }],
  ['an echo over IPv6 is answered', { protocol: 'icmp', destination: 'fd02::2' }, { kind: 'answer' }],
  ['a closed TCP port resets', { protocol: 'tcp', destination: '10.2.0.2', dport: 9 }, { kind: 'reset' }],
  ['a closed TCP port resets over IPv6', { protocol: 'tcp', destination: 'fd02::2', dport: 9 }, { kind: 'reset' }],
  ['a closed UDP port is unreachable', { protocol: 'udp', destination: '10.2.0.2', dport: 9 }, icmp(3, 3, '10.2.0.2')],
  [
    'a closed UDP port is unreachable over IPv6',
    { protocol: 'udp', destination: 'fd02::2', dport: 9 },
    icmp(1, 4, 'fd02::2'),
  ],
  ['a rule rejects', { protocol: 'udp', destination: '10.2.0.2', dport: 1001 }, icmp(3, 13, '10.1.0.1')],
  ['a rule rejects IPv6', { protocol: 'udp', destination: 'fd02::2', dport: 1001 }, icmp(1, 1, 'fd01::1')],
  ['a rule resets', { protocol: 'tcp', destination: '10.2.0.2', dport: 1003 }, { kind: 'reset' }],
  ['a rule drops', { protocol: 'udp', destination: '10.2.0.2', dport: 1002 }, { kind: 'silence' }],
  ['a route prohibits', { protocol: 'udp', destination: '10.3.0.1', dport: 1 }, icmp(3, 13, '10.1.0.1')],
  ['a route prohibits IPv6', { protocol: 'udp', destination: 'fd03::1', dport: 1 }, icmp(1, 1, 'fd01::1')],
  ['a route is unreachable', { protocol: 'tcp', destination: '10.4.0.1', dport: 1 }, icmp(3, 1, '10.1.0.1')],
  ['a route is a black hole', { protocol: 'udp', destination: '10.5.0.1', dport: 1 }, { kind: 'silence' }],
  ['there is no route', { protocol: 'udp', destination: '10.6.0.1', dport: 1 }, icmp(3, 0, '10.1.0.1')],
  [
    'a neighbour of the router is missing',
    { protocol: 'udp', destination: '10.2.0.9', dport: 1 },
    icmp(3, 1, '10.1.0.1'),
  ],
  [
    'a neighbour of the router is missing, IPv6',
    { protocol: 'udp', destination: 'fd02::9', dport: 1 },
    icmp(1, 3, 'fd01::1'),
  ],
  ['a neighbour of its own is missing', { protocol: 'udp', destination: '10.1.0.9', dport: 1 }, icmp(3, 1, '10.1.0.2')],
  ['the time to live ends', { protocol: 'icmp', destination: '10.2.0.2', ttl: 1 }, icmp(11, 0, '10.1.0.1')],
  ['the hop limit ends', { protocol: 'udp', destination: 'fd02::2', dport: 53, ttl: 1 }, icmp(3, 0, 'fd01::1')],
  [
    'the largest size passes',
    { protocol: 'udp', destination: '10.2.0.2', dport: 53, sizeBytes: 1400, dontFragment: true },
    { kind: 'answer' },
  ],
  [
    'one byte more is too big',
    { protocol: 'udp', destination: '10.2.0.2', dport: 53, sizeBytes: 1401, dontFragment: true },
    icmp(3, 4, '10.1.0.1', 1400),
  ],
  [
    'one byte more is too big, again',
    { protocol: 'icmp', destination: '10.2.0.2', sizeBytes: 1401, dontFragment: true },
    icmp(3, 4, '10.1.0.1', 1400),
  ],
  [
    'IPv6: one byte more is too big',
    { protocol: 'udp', destination: 'fd02::2', dport: 53, sizeBytes: 1401, dontFragment: true },
    icmp(2, 0, 'fd01::1', 1400),
  ],
  [
    'IPv6: one byte more is too big, again',
    { protocol: 'udp', destination: 'fd02::2', dport: 53, sizeBytes: 1401, dontFragment: true },
    icmp(2, 0, 'fd01::1', 1400),
  ],
  [
    'IPv6: the largest size passes after that',
    { protocol: 'udp', destination: 'fd02::2', dport: 53, sizeBytes: 1400, dontFragment: true },
    { kind: 'answer' },
  ],
  [
    'what may be fragmented passes',
    { protocol: 'udp', destination: '10.2.0.2', dport: 53, sizeBytes: 4000 },
    { kind: 'answer' },
  ],
  [
    'its own device is too small',
    { protocol: 'udp', destination: '10.2.0.2', dport: 53, sizeBytes: 1501, dontFragment: true },
    { kind: 'error', errno: 'EMSGSIZE' },
  ],
  ['its own rules drop', { protocol: 'udp', destination: '10.2.0.2', dport: 666 }, { kind: 'error', errno: 'EPERM' }],
  [
    'its own rules reject its user',
    { protocol: 'udp', destination: '10.2.0.2', dport: 53, uid: 1234 },
    icmp(3, 3, '10.1.0.2'),
  ],
  [
    'another user is let through',
    { protocol: 'udp', destination: '10.2.0.2', dport: 53, uid: 1235 },
    { kind: 'answer' },
  ],
  [
    'a source that is not there',
    { protocol: 'udp', destination: '10.2.0.2', dport: 53, source: '10.1.0.77' },
    { kind: 'error', errno: 'EADDRNOTAVAIL' },
  ],
  ['a lone ACK is reset', { protocol: 'tcp', destination: '10.2.0.2', dport: 80, tcpFlags: 0x10 }, { kind: 'reset' }],
  [
    'a lone RST is swallowed',
    { protocol: 'tcp', destination: 'fd02::2', dport: 80, tcpFlags: 0x04 },
    { kind: 'silence' },
  ],
  ['a raw SYN is answered', { protocol: 'tcp', destination: 'fd02::2', dport: 80, tcpFlags: 0x02 }, { kind: 'answer' }],
];

describe('the sender hears that', () => {
  it.each(rows)('%s', async (_name, given, expected) => {
    expect(await heard(given)).toEqual(expected);
  });
});

async function received(given: Omit<Parameters<typeof flowOf>[0], 'from'>) {
  const flow: FlowSpec = flowOf({ from: 'a', ...given });
  const [observation] = await world.observe(flow);
  return { flow, got: observation?.received };
}

describe('the receiver gets', () => {
  it('a datagram with its mark, class, hops and size', async () => {
    const { flow, got } = await received({
      protocol: 'udp',
      destination: '10.2.0.2',
      dport: 1005,
      tos: 16,
      sizeBytes: 4000,
    });
    expect(got).toEqual({
      namespace: 'b',
      source: '10.1.0.2',
      sport: flow.sport,
      destination: '10.2.0.2',
      dport: 1005,
      iif: 'eth0',
      mark: 0x55,
      tos: 16,
      ttl: 63,
      sizeBytes: 4000,
    });
  });

  it('a datagram whose class a router has changed, without the mark it had there', async () => {
    const { got } = await received({ protocol: 'udp', destination: '10.2.0.2', dport: 1004 });
    expect(got).toMatchObject({ mark: 0, tos: 0x20 });
  });

  it('a connection with the mark of its SYN', async () => {
    const { flow, got } = await received({ protocol: 'tcp', destination: '10.2.0.2', dport: 81 });
    expect(got).toMatchObject({
      source: '10.1.0.2',
      sport: flow.sport,
      dport: 81,
      mark: 7,
      iif: 'eth0',
      ttl: 63,
      sizeBytes: null,
    });
  });

  it('IPv6 as it is', async () => {
    const { flow, got } = await received({
      protocol: 'udp',
      destination: 'fd02::2',
      dport: 53,
      sizeBytes: 100,
      tos: 8,
    });
    expect(got).toMatchObject({
      source: 'fd01::2',
      sport: flow.sport,
      destination: 'fd02::2',
      tos: 8,
      ttl: 63,
      sizeBytes: 100,
    });
  });

  it('nothing of what a router drops', async () => {
    const { got } = await received({ protocol: 'udp', destination: '10.2.0.2', dport: 1002 });
    expect(got).toBeNull();
  });
});

it('a flow is repeated from one port after the other', async () => {
  const flow = flowOf({ from: 'a', protocol: 'udp', destination: '10.2.0.2', dport: 53, repeat: 20, sport: 40_000 });
  const observations = await world.observe(flow);
  expect(observations.map(({ received: got }) => got?.sport)).toEqual(
    Array.from({ length: 20 }, (_, at) => 40_000 + at),
  );
});
