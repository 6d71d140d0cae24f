/** Links, neighbours, sizes and sockets: small worlds in which each of the model's answers is what the kernel does. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Comparison } from '../compare/agree.ts';
import { type Kernel, startKernel } from '../kernel/kernel.ts';
import { flowOf, namespaceOf, worldOf } from '../kernel/worlds.ts';
import { judge } from '../run/judge.ts';
import type { FlowSpec, NamespaceSpec } from '../world/spec.ts';

let kernel: Kernel;
beforeAll(async () => {
  kernel = await startKernel();
});
afterAll(async () => {
  await kernel.close();
});

type Part = Partial<Omit<NamespaceSpec, 'name'>>;
type Asked = Omit<Parameters<typeof flowOf>[0], 'from'> & { from?: string };

const SOCKETS: NamespaceSpec['sockets'] = [
  { protocol: 'tcp', family: 'ipv6', address: '::', port: 80 },
  { protocol: 'udp', family: 'ipv6', address: '::', port: 53 },
];
const FORWARDS = ['net/ipv4/ip_forward = 1', 'net/ipv6/conf/all/forwarding = 1'];
const both = (device: string, subnet: number, host: number): string[] => [
  `link set ${device} up`,
  `address add 10.${subnet}.0.${host}/24 dev ${device}`,
  `address add fd00:${subnet}::${host}/64 dev ${device} nodad`,
];
const plus = (a: Part, b: Part = {}): Part => {
  const sum: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b)) sum[key] = [...((a as Record<string, unknown[]>)[key] ?? []), ...value];
  return sum as Part;
};

/** a — b on one wire, 10.1.0.1 and .2. */
const pair = (a: Part = {}, b: Part = {}): NamespaceSpec[] => [
  namespaceOf(
    'a',
    plus({ links: ['link set lo up', 'link add eth0 type veth peer name eth0 netns {b}'], ip: both('eth0', 1, 1) }, a),
  ),
  namespaceOf('b', plus({ links: ['link set lo up'], ip: both('eth0', 1, 2), sockets: SOCKETS }, b)),
];

/** a, b and c on the bridge of n: 10.1.0.1, .2, .3 and .254. */
const bridged = (n: Part = {}, b: Part = {}): NamespaceSpec[] => [
  namespaceOf(
    'n',
    plus(
      {
        sysctls: [...FORWARDS, 'net/bridge/bridge-nf-call-iptables = 0', 'net/bridge/bridge-nf-call-ip6tables = 0'],
        links: [
          'link set lo up',
          'link add br0 type bridge',
          ...['a', 'b', 'c'].map((x) => `link add p${x} type veth peer name eth0 netns {${x}}`),
        ],
        ip: [
          ...['a', 'b', 'c'].flatMap((x) => [`link set p${x} master br0`, `link set p${x} up`]),
          ...both('br0', 1, 254),
        ],
      },
      n,
    ),
  ),
  ...['a', 'b', 'c'].map((x, i) =>
    namespaceOf(
      x,
      plus(
        {
          links: ['link set lo up'],
          ip: [...both('eth0', 1, i + 1), 'route add default via 10.1.0.254', 'route add default via fd00:1::254'],
          sockets: SOCKETS,
        },
        x === 'b' ? b : {},
      ),
    ),
  ),
];

/** a — r — b: 10.1.0.1, 10.1.0.254 and 10.2.0.254, 10.2.0.1. */
const routed = (r: Part = {}, b: Part = {}, a: Part = {}): NamespaceSpec[] => [
  namespaceOf(
    'a',
    plus(
      {
        links: ['link set lo up', 'link add eth0 type veth peer name ra netns {r}'],
        ip: [...both('eth0', 1, 1), 'route add default via 10.1.0.254', 'route add default via fd00:1::254'],
      },
      a,
    ),
  ),
  namespaceOf(
    'r',
    plus(
      {
        sysctls: FORWARDS,
        links: ['link set lo up', 'link add rb type veth peer name eth0 netns {b}'],
        ip: [...both('ra', 1, 254), ...both('rb', 2, 254)],
      },
      r,
    ),
  ),
  namespaceOf(
    'b',
    plus(
      {
        links: ['link set lo up'],
        ip: [...both('eth0', 2, 1), 'route add default via 10.2.0.254', 'route add default via fd00:2::254'],
        sockets: SOCKETS,
      },
      b,
    ),
  ),
];

const udp = (destination: string, more: Partial<Asked> = {}): Asked => ({
  protocol: 'udp',
  destination,
  dport: 53,
  ...more,
});
const tcp = (destination: string, more: Partial<Asked> = {}): Asked => ({
  protocol: 'tcp',
  destination,
  dport: 80,
  ...more,
});
const PAIR = [udp('10.1.0.2'), udp('fd00:1::2'), tcp('10.1.0.2'), tcp('fd00:1::2')];
const sizes = (to: string, list: readonly number[]): Asked[] =>
  list.flatMap((sizeBytes) => [
    udp(to, { sizeBytes, dontFragment: false }),
    udp(to, { sizeBytes, dontFragment: true }),
  ]);

const WORLDS: Readonly<Record<string, readonly [NamespaceSpec[], readonly Asked[]]>> = {
  'one wire': [pair(), PAIR],
  'the far end is down': [pair({}, { ip: ['link set eth0 down'] }), PAIR],
  ...Object.fromEntries(
    [0, 1, 2, 3, 8].map((mode) => [
      `arp_ignore ${mode}, asked for an address of another device`,
      [
        pair(
          { ip: ['route add 10.9.0.0/24 dev eth0'] },
          {
            deviceSysctls: [`net/ipv4/conf/eth0/arp_ignore = ${mode}`],
            ip: ['address add 10.9.0.9/32 dev lo', 'address add 10.9.0.8/32 dev lo scope host'],
            sockets: [{ protocol: 'udp', family: 'ipv4', address: '0.0.0.0', port: 54 }],
          },
        ),
        [udp('10.9.0.9', { dport: 54 }), udp('10.9.0.8', { dport: 54 }), udp('10.1.0.2')],
      ] as const,
    ]),
  ),
  'arp_ignore 2, asked from another subnet': [
    pair(
      {
        ip: ['address del 10.1.0.1/24 dev eth0', 'address add 10.5.0.1/24 dev eth0', 'route add 10.1.0.0/24 dev eth0'],
      },
      { deviceSysctls: ['net/ipv4/conf/eth0/arp_ignore = 2'], ip: ['route add 10.5.0.0/24 dev eth0'] },
    ),
    [udp('10.1.0.2')],
  ],
  'an asker whom rp_filter does not like gets no answer': [
    pair({ ip: ['address add 10.7.0.1/32 dev lo'] }, { sysctls: ['net/ipv4/conf/all/rp_filter = 1'] }),
    [udp('10.1.0.2', { source: '10.7.0.1' }), udp('10.1.0.2')],
  ],
  'arp_announce 2 asks with an address of the device': [
    pair(
      { ip: ['address add 10.7.0.1/32 dev lo'], deviceSysctls: ['net/ipv4/conf/eth0/arp_announce = 2'] },
      { ip: ['route add 10.7.0.0/24 dev eth0'], deviceSysctls: ['net/ipv4/conf/eth0/arp_ignore = 2'] },
    ),
    [udp('10.1.0.2', { source: '10.7.0.1' })],
  ],
  proxy_arp: [
    routed({ deviceSysctls: ['net/ipv4/conf/ra/proxy_arp = 1'] }, {}, { ip: ['route add 10.2.0.0/24 dev eth0'] }),
    [udp('10.2.0.1'), udp('10.2.0.77')],
  ],
  'proxy entries': [
    routed(
      {
        ip: ['neigh add proxy 10.2.0.1 dev ra', 'neigh add proxy fd00:2::1 dev ra'],
        deviceSysctls: ['net/ipv6/conf/ra/proxy_ndp = 1'],
      },
      {},
      { ip: ['route add 10.2.0.0/24 dev eth0', 'route add fd00:2::/64 dev eth0'] },
    ),
    [udp('10.2.0.1'), udp('fd00:2::1'), udp('10.2.0.2')],
  ],
  'an entry with a wrong address': [
    pair({
      ip: [
        'neigh add 10.1.0.2 lladdr 02:00:00:00:99:99 dev eth0 nud permanent',
        'neigh add fd00:1::2 lladdr 02:00:00:00:99:99 dev eth0 nud permanent',
      ],
    }),
    PAIR,
  ],
  'an answerer that has a wrong address of who asks': [
    pair(
      {},
      {
        ip: [
          'neigh add 10.1.0.1 lladdr 02:00:00:00:99:99 dev eth0 nud permanent',
          'neigh add fd00:1::1 lladdr 02:00:00:00:99:99 dev eth0 nud permanent',
        ],
      },
    ),
    PAIR,
  ],
  'who is asked knows who asked, and need not ask back': [
    routed({}, {}, { deviceSysctls: ['net/ipv4/conf/eth0/arp_ignore = 2'] }),
    [
      udp('10.2.0.254', { dport: 9 }),
      tcp('10.2.0.254', { dport: 9 }),
      udp('10.2.0.1'),
      tcp('10.1.0.254', { dport: 9 }),
    ],
  ],
  'a socket bound to a device hears what comes by that device': [
    pair(),
    ['10.1.0.1', '10.1.0.2', '10.1.0.77', 'fd00:1::1', 'fd00:1::2', 'fd00:1::77'].flatMap((to) => [
      udp(to, { device: 'eth0' }),
      tcp(to, { device: 'eth0' }),
    ]),
  ],
  'a listener bound to a device answers by that device': [
    routed(
      {
        ip: ['route add 10.5.0.0/24 via 10.2.0.1', 'route add fd00:5::/64 via fd00:2::1'],
        sockets: [
          { protocol: 'udp', family: 'ipv6', address: '::', port: 53, device: 'ra' },
          { protocol: 'tcp', family: 'ipv6', address: '::', port: 80, device: 'ra' },
        ],
      },
      {},
      { ip: ['address add 10.5.0.1/32 dev lo', 'address add fd00:5::1/128 dev lo nodad'] },
    ),
    [
      ...['10.1.0.254', '10.2.0.254', 'fd00:1::fe', 'fd00:2::fe'].flatMap((to) => [udp(to), tcp(to)]),
      udp('10.1.0.254', { source: '10.5.0.1' }),
      tcp('10.1.0.254', { source: '10.5.0.1' }),
      udp('fd00:1::254', { source: 'fd00:5::1' }),
      tcp('fd00:1::254', { source: 'fd00:5::1' }),
    ],
  ],
  'macvlans whose parent has no carrier': [
    [
      namespaceOf('h', {
        links: [
          'link set lo up',
          'link add eth0 type veth peer name eth0 netns {o}',
          ...['a', 'b'].map((x) => `link add link eth0 name mv${x} netns {${x}} type macvlan mode bridge`),
        ],
        ip: both('eth0', 1, 254),
      }),
      namespaceOf('o', { links: ['link set lo up'], ip: both('eth0', 1, 10), late: ['link set eth0 down'] }),
      ...['a', 'b'].map((x, j) =>
        namespaceOf(x, { links: ['link set lo up'], ip: both(`mv${x}`, 1, j + 1), sockets: SOCKETS }),
      ),
    ],
    PAIR,
  ],
  'arp off at the sender': [pair({ ip: ['link set eth0 arp off'] }), PAIR],
  'arp off at the receiver': [pair({}, { ip: ['link set eth0 arp off'] }), PAIR],
  'ip6tables of the receiver drop neighbour solicitations': [
    pair({}, { ip6tablesLegacy: ['*filter', ':INPUT DROP', '-A INPUT -p udp -j ACCEPT', 'COMMIT'] }),
    PAIR,
  ],
  'ip6tables of the sender drop advertisements': [
    pair({ ip6tablesLegacy: ['*filter', ':INPUT DROP', '-A INPUT -p udp -j ACCEPT', 'COMMIT'] }),
    PAIR,
  ],
  'an IPv6 address of another device is not answered for': [
    pair({ ip: ['route add fd00:9::/64 dev eth0'] }, { ip: ['address add fd00:9::9/128 dev lo nodad'] }),
    [udp('fd00:9::9')],
  ],
  'a bridge': [bridged(), [...PAIR, udp('10.1.0.254', { dport: 54 }), udp('10.1.0.3'), udp('10.1.0.77')]],
  'isolated ports': [
    bridged({ bridge: ['link set dev pa isolated on', 'link set dev pb isolated on'] }),
    [...PAIR, udp('10.1.0.3')],
  ],
  'no flooding of the unknown, all learned': [
    bridged({ bridge: ['link set dev pb flood off', 'link set dev pa flood off'] }),
    PAIR,
  ],
  'no flooding and no learning': [bridged({ bridge: ['link set dev pb flood off learning off'] }), PAIR],
  'no broadcasts to a port': [bridged({ bridge: ['link set dev pb bcast_flood off'] }), PAIR],
  'no multicasts to a port': [bridged({ bridge: ['link set dev pb mcast_flood off'] }), PAIR],
  'a blocked port': [bridged({ bridge: ['link set dev pb state 4'] }), PAIR],
  'a locked port': [bridged({ bridge: ['link set dev pb locked on learning off'] }), PAIR],
  'a bridge that is down': [bridged({ ip: ['link set br0 down'] }), PAIR],
  'a bridge that answers ARP itself': [
    bridged({
      bridge: ['link set dev pb neigh_suppress on', 'fdb add 02:00:00:00:00:77 dev pb master static'],
      ip: ['neigh add 10.1.0.2 lladdr 02:00:00:00:00:77 dev br0 nud permanent'],
    }),
    PAIR,
  ],
  'an entry that leads to the wrong port, until the address is seen at the right one': [
    bridged(
      // The bridge may have learnt it already where it is.
      { bridge: ['fdb replace 02:00:00:00:00:0b dev pc master static'] },
      { ip: ['link set eth0 address 02:00:00:00:00:0b'] },
    ),
    PAIR,
  ],
  'a sticky entry that leads to the wrong port': [
    bridged(
      { bridge: ['fdb replace 02:00:00:00:00:0b dev pc master static sticky'] },
      { ip: ['link set eth0 address 02:00:00:00:00:0b'] },
    ),
    PAIR,
  ],
  'a port with a small MTU': [bridged({ ip: ['link set pb mtu 1300'] }), sizes('10.1.0.2', [1300, 1304, 1305, 1400])],
  'bridged DNAT': [
    bridged(
      {
        sysctls: ['net/bridge/bridge-nf-call-iptables = 1', 'net/ipv4/ip_forward = 0'],
        iptablesLegacy: ['*nat', '-A PREROUTING -d 10.1.0.200 -p udp -j DNAT --to-destination 10.1.0.3', 'COMMIT'],
      },
      {},
    ).map((ns) =>
      ns.name === 'a'
        ? { ...ns, ip: [...ns.ip, 'neigh add 10.1.0.200 lladdr 02:00:00:00:55:55 dev eth0 nud permanent'] }
        : ns,
    ),
    [udp('10.1.0.200'), udp('10.1.0.2')],
  ],
  'sizes over a router': [
    routed({ ip: ['link set rb mtu 1300'] }),
    [...sizes('10.2.0.1', [1300, 1301, 1400]), ...sizes('fd00:2::1', [1300, 1301])],
  ],
  'sizes that the far end does not take': [
    routed({}, { ip: ['link set eth0 mtu 1300'] }),
    [...sizes('10.2.0.1', [1304, 1305]), ...sizes('fd00:2::1', [1304, 1305])],
  ],
  'the MTU of a route': [
    routed({
      ip: [
        'route replace 10.2.0.0/24 dev rb mtu 1300',
        'route del fd00:2::/64 dev rb',
        'route add fd00:2::/64 dev rb mtu 1300',
      ],
    }),
    [...sizes('10.2.0.1', [1300, 1301]), ...sizes('fd00:2::1', [1300, 1301])],
  ],
  'a route whose MTU is larger than its device takes': [
    routed({ ip: ['route replace 10.2.0.0/24 dev rb mtu 2000', 'link set rb mtu 1300'] }),
    sizes('10.2.0.1', [1300, 1301, 1400]),
  ],
  'pieces made at the source': [
    pair({ ip: ['link set eth0 mtu 1300'] }),
    [...sizes('10.1.0.2', [1301, 2500]), ...sizes('fd00:1::2', [1301, 2500])],
  ],
  'macvlans in mode bridge, private and vepa': [
    ['bridge', 'private', 'vepa'].flatMap((mode, i): NamespaceSpec[] => [
      namespaceOf(`h${i}`, {
        links: [
          'link set lo up',
          `link add eth0 type veth peer name eth0 netns {o${i}}`,
          ...['a', 'b'].map((x) => `link add link eth0 name mv${x} netns {${x}${i}} type macvlan mode ${mode}`),
        ],
        ip: both('eth0', 1, 254),
        sockets: SOCKETS,
      }),
      namespaceOf(`o${i}`, { links: ['link set lo up'], ip: both('eth0', 1, 10), sockets: SOCKETS }),
      ...['a', 'b'].map((x, j) =>
        namespaceOf(`${x}${i}`, { links: ['link set lo up'], ip: both(`mv${x}`, 1, j + 1), sockets: SOCKETS }),
      ),
    ]),
    [0, 1, 2].flatMap((i) => [
      ...['10.1.0.2', 'fd00:1::2', '10.1.0.10', 'fd00:1::10', '10.1.0.254'].map((to) => udp(to, { from: `a${i}` })),
      udp('10.1.0.1', { from: `o${i}` }),
      udp('10.1.0.1', { from: `h${i}` }),
    ]),
  ],
  'who listens: device before address, address before any': [
    pair(
      {},
      {
        sockets: [
          { protocol: 'udp', family: 'ipv4', address: '10.1.0.2', port: 1000 },
          { protocol: 'udp', family: 'ipv6', address: '::', port: 1001, v6only: true },
          { protocol: 'udp', family: 'ipv6', address: '::', port: 1002, v6only: false },
          { protocol: 'udp', family: 'ipv4', address: '127.0.0.1', port: 1003 },
          { protocol: 'udp', family: 'ipv4', address: '0.0.0.0', port: 1004, device: 'lo' },
          { protocol: 'udp', family: 'ipv4', address: '0.0.0.0', port: 1005, device: 'eth0' },
          { protocol: 'tcp', family: 'ipv6', address: '::', port: 1001, v6only: true },
          {
            protocol: 'udp',
            family: 'ipv4',
            address: '10.1.0.2',
            port: 1006,
            remote: { address: '10.1.0.1', port: 9 },
          },
        ],
      },
    ),
    [1000, 1001, 1002, 1003, 1004, 1005, 1006].flatMap((dport) => [
      udp('10.1.0.2', { dport }),
      udp('fd00:1::2', { dport }),
      tcp('10.1.0.2', { dport }),
    ]),
  ],
};

it.each(Object.entries(WORLDS))('%s', async (_name, [namespaces, asked]) => {
  const flows = asked.map((a, i): FlowSpec => ({ ...flowOf({ from: 'a', ...a }), id: `f${i}`, sport: 30_000 + i }));
  const judged = await judge(kernel, { ...worldOf(namespaces), flows }, null);
  const wrong = judged.flows
    .filter((f) => f.comparison.kind !== 'agrees')
    .map((f) => `${nameOf(f.flow)}: ${text(f.comparison)}`);
  expect(wrong).toEqual([]);
});

const nameOf = (f: FlowSpec): string =>
  `${f.from} ${f.protocol} ${f.destination}:${f.dport} ${f.sizeBytes ?? ''}${f.dontFragment ? ' DF' : ''}`;

function text(comparison: Comparison): string {
  if (comparison.kind === 'agrees') return 'agrees';
  if (comparison.kind === 'undetermined') return `undetermined: ${comparison.unknowns.join('; ')}`;
  return comparison.differences
    .map((d) => (d.kind === 'outcome' ? d.nearest.join('; ') : JSON.stringify(d)))
    .join('; ');
}
