/**
 * Each fault made for real: a small world of namespaces that is broken in one way. A packet fails, the findings of what the agent
 * collects name the fault, the command that they propose is run where they say, and the packet gets through.
 */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { diagnose } from '@netverdict/netsim';
import type { FindingCode } from '@netverdict/verdict';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Kernel, type RunningWorld, startKernel } from '../../libs/verify/src/kernel/kernel.ts';
import { flowOf, namespaceOf, worldOf } from '../../libs/verify/src/kernel/worlds.ts';
import { flowOf as asked } from '../../libs/verify/src/model/predict.ts';
import { modelOf } from '../../libs/verify/src/model/world.ts';
import type { Observation } from '../../libs/verify/src/world/observation.ts';
import type { FlowSpec, NamespaceSpec } from '../../libs/verify/src/world/spec.ts';

const run = promisify(execFile);

let kernel: Kernel;
beforeAll(async () => {
  kernel = await startKernel();
});
afterAll(async () => {
  await kernel.close();
});

type Part = Partial<Omit<NamespaceSpec, 'name'>>;
type Asked = Parameters<typeof flowOf>[0];

interface Fault {
  readonly code: FindingCode;
  readonly world: NamespaceSpec[];
  readonly flow?: Asked;
  /** Sent before the fault is made by `breaks`. */
  readonly before?: Asked;
  /** Commands that make the fault once the world is up. */
  readonly breaks?: readonly (readonly [namespace: string, command: string])[];
  /** What is proposed; null: what is to be done is no command. */
  readonly command: string | null;
  /** Some of the attempts get through. */
  readonly partly?: true;
}

const SOCKETS: NamespaceSpec['sockets'] = [
  { protocol: 'tcp', family: 'ipv4', address: '0.0.0.0', port: 80 },
  { protocol: 'udp', family: 'ipv4', address: '0.0.0.0', port: 53 },
];
const up = (device: string, subnet: number, host: number): string[] => [
  `link set ${device} up`,
  `address add 10.${subnet}.0.${host}/24 dev ${device}`,
];
const plus = (a: Part, b: Part = {}): Part => {
  const sum: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b))
    sum[key] = key === 'sockets' ? value : [...((a as Record<string, unknown[]>)[key] ?? []), ...value];
  return sum as Part;
};

/** a — r — b: 10.1.0.1, 10.1.0.254 and 10.2.0.254, 10.2.0.1. */
const routed = (parts: { readonly a?: Part; readonly r?: Part; readonly b?: Part } = {}): NamespaceSpec[] => [
  namespaceOf(
    'a',
    plus(
      {
        links: ['link set lo up', 'link add eth0 type veth peer name ra netns {r}'],
        ip: [...up('eth0', 1, 1), 'route add default via 10.1.0.254'],
      },
      parts.a,
    ),
  ),
  namespaceOf(
    'r',
    plus(
      {
        sysctls: ['net/ipv4/ip_forward = 1'],
        links: ['link set lo up', 'link add rb type veth peer name eth0 netns {b}'],
        ip: [...up('ra', 1, 254), ...up('rb', 2, 254)],
      },
      parts.r,
    ),
  ),
  namespaceOf(
    'b',
    plus(
      { links: ['link set lo up'], ip: [...up('eth0', 2, 1), 'route add default via 10.2.0.254'], sockets: SOCKETS },
      parts.b,
    ),
  ),
];

/** As routed, and a second wire between a and r by which r sends what is for 10.7.0.1, an address of a's loopback device. */
const twoWires = (r: Part): NamespaceSpec[] =>
  routed({
    a: {
      links: ['link add eth1 type veth peer name ra2 netns {r}'],
      ip: [...up('eth1', 3, 1), 'address add 10.7.0.1/32 dev lo'],
    },
    r: plus({ ip: [...up('ra2', 3, 254), 'route add 10.7.0.1/32 via 10.3.0.1'] }, r),
  });

/** a, b on the bridge of n: 10.1.0.1, .2 and .254. */
const bridged = (n: Part): NamespaceSpec[] => [
  namespaceOf(
    'n',
    plus(
      {
        links: [
          'link set lo up',
          'link add br0 type bridge',
          ...['a', 'b'].map((x) => `link add p${x} type veth peer name eth0 netns {${x}}`),
        ],
        ip: [...['a', 'b'].flatMap((x) => [`link set p${x} master br0`, `link set p${x} up`]), ...up('br0', 1, 254)],
      },
      n,
    ),
  ),
  ...['a', 'b'].map((x, i) =>
    namespaceOf(x, { links: ['link set lo up'], ip: up('eth0', 1, i + 1), sockets: SOCKETS }),
  ),
];

const udp = (destination: string, more: Partial<Asked> = {}): Asked => ({
  from: 'a',
  protocol: 'udp',
  destination,
  dport: 53,
  ...more,
});
const TO_B = udp('10.2.0.1');
const NEAR = udp('10.1.0.2');
const tcp = (destination: string, more: Partial<Asked> = {}): Asked => ({
  from: 'a',
  protocol: 'tcp',
  destination,
  dport: 80,
  ...more,
});
const big = udp('10.2.0.1', { sizeBytes: 1200, dontFragment: true });
const FROM_LOOPBACK = udp('10.2.0.1', { source: '10.7.0.1' });
const filter = (...lines: string[]): string[] => ['*filter', ...lines, 'COMMIT'];
const listening = (...sockets: NamespaceSpec['sockets'][number][]): NamespaceSpec[] => routed({ b: { sockets } });

const FAULTS: Readonly<Record<string, Fault>> = {
  'a rule of iptables-legacy that drops': {
    code: 'NV-FILTER-DROP',
    world: routed({
      r: { iptablesLegacy: filter('-A FORWARD -d 10.2.0.0/24 -p udp -m comment --comment "two words" -j DROP') },
    }),
    command: "iptables-legacy -t filter -D FORWARD -d 10.2.0.0/24 -p udp -m comment --comment 'two words' -j DROP",
  },
  'a rule of iptables-nft that drops the answers': {
    code: 'NV-FILTER-DROP',
    world: routed({ r: { iptablesNft: ['*mangle', '-A POSTROUTING -s 10.2.0.1/32 -j DROP', 'COMMIT'] } }),
    command: 'iptables-nft -t mangle -D POSTROUTING -s 10.2.0.1/32 -j DROP',
  },
  'a rule of nft that drops': {
    code: 'NV-FILTER-DROP',
    world: routed({
      r: { nft: ['table inet t {', 'chain c { type filter hook forward priority 0; udp dport 53 drop; }', '}'] },
    }),
    command: 'nft delete rule inet t c handle 2',
  },
  'a policy that drops': {
    code: 'NV-FILTER-POLICY-DROP',
    world: routed({ b: { iptablesLegacy: filter(':INPUT DROP') } }),
    command: 'iptables-legacy -t filter -P INPUT ACCEPT',
  },
  'a policy of nft that drops': {
    code: 'NV-FILTER-POLICY-DROP',
    world: routed({
      r: { nft: ['table inet t {', 'chain c { type filter hook forward priority 0; policy drop; }', '}'] },
    }),
    command: "nft add chain inet t c '{ policy accept ; }'",
  },
  'a rule that rejects': {
    code: 'NV-FILTER-REJECT',
    world: routed({
      r: { iptablesNft: filter('-A FORWARD -p udp -m udp --dport 53 -j REJECT --reject-with icmp-admin-prohibited') },
    }),
    command: 'iptables-nft -t filter -D FORWARD -p udp -m udp --dport 53 -j REJECT --reject-with icmp-admin-prohibited',
  },
  'a rule that asks for the way back': {
    code: 'NV-FILTER-RPFILTER',
    world: twoWires({ iptablesLegacy: ['*raw', '-A PREROUTING -m rpfilter --invert -j DROP', 'COMMIT'] }),
    flow: FROM_LOOPBACK,
    command: 'iptables-legacy -t raw -D PREROUTING -m rpfilter --invert -j DROP',
  },
  'a set that lists the sender’s network': {
    code: 'NV-SET-LISTS',
    world: routed({
      r: {
        ipset: ['create ban hash:net', 'add ban 10.1.0.0/30'],
        iptablesLegacy: filter('-A FORWARD -m set --match-set ban src -j DROP'),
      },
    }),
    command: 'ipset del ban 10.1.0.0/30',
  },
  'a set that lacks the sender': {
    code: 'NV-SET-LACKS',
    world: routed({
      r: {
        ipset: ['create allowed hash:ip', 'add allowed 10.1.0.9'],
        iptablesNft: filter('-A FORWARD -d 10.2.0.0/24 -m set ! --match-set allowed src -j DROP'),
      },
    }),
    command: 'ipset add allowed 10.1.0.1',
  },
  'a rule that stands before the one that accepts': {
    code: 'NV-RULE-SHADOWED',
    world: routed({
      r: {
        iptablesLegacy: filter(
          '-A FORWARD -d 10.2.0.0/24 -j DROP',
          '-A FORWARD -d 10.2.0.1/32 -p udp -m udp --dport 53 -j ACCEPT',
        ),
      },
    }),
    command: 'iptables-legacy -t filter -I FORWARD 1 -d 10.2.0.1/32 -p udp -m udp --dport 53 -j ACCEPT',
  },
  'a packet of no connection': {
    code: 'NV-CONNTRACK-INVALID',
    world: routed({
      r: {
        sysctls: ['net/netfilter/nf_conntrack_tcp_loose = 0'],
        iptablesLegacy: filter('-A FORWARD -m conntrack --ctstate INVALID -j DROP'),
      },
    }),
    flow: tcp('10.2.0.1', { tcpFlags: 16 }),
    command: 'iptables-legacy -t filter -D FORWARD -m conntrack --ctstate INVALID -j DROP',
  },
  'an entry that outlived its backend': {
    code: 'NV-CONNTRACK-STALE',
    world: routed({
      r: {
        iptablesLegacy: ['*nat', '-A PREROUTING -d 10.96.0.10/32 -p udp -j DNAT --to-destination 10.2.0.77', 'COMMIT'],
      },
    }),
    before: udp('10.96.0.10', { sport: 40_001 }),
    breaks: [
      [
        'r',
        'iptables-legacy -t nat -F PREROUTING && iptables-legacy -t nat -A PREROUTING -d 10.96.0.10/32 -p udp -j DNAT --to-destination 10.2.0.1',
      ],
    ],
    flow: udp('10.96.0.10', { sport: 40_001 }),
    command: 'conntrack -D -p udp -s 10.1.0.1 -d 10.96.0.10 --sport 40001 --dport 53',
  },
  'nobody listens': { code: 'NV-NO-LISTENER', world: listening(), command: null },
  'a listener on 127.0.0.1': {
    code: 'NV-LISTENER-LOOPBACK-ONLY',
    world: listening({ protocol: 'udp', family: 'ipv4', address: '127.0.0.1', port: 53 }),
    command: null,
  },
  'a listener on another address': {
    code: 'NV-LISTENER-OTHER-ADDRESS',
    world: routed({
      b: {
        ip: ['address add 10.2.0.9/24 dev eth0'],
        sockets: [{ protocol: 'tcp', family: 'ipv4', address: '10.2.0.9', port: 80 }],
      },
    }),
    flow: tcp('10.2.0.1'),
    command: null,
  },
  'a listener on IPv6 only': {
    code: 'NV-LISTENER-OTHER-FAMILY',
    world: listening({ protocol: 'tcp', family: 'ipv6', address: '::', port: 80, v6only: true }),
    flow: tcp('10.2.0.1'),
    command: null,
  },
  'a listener bound to another device': {
    code: 'NV-LISTENER-OTHER-DEVICE',
    world: listening({ protocol: 'udp', family: 'ipv4', address: '0.0.0.0', port: 53, device: 'lo' }),
    command: null,
  },
  'a socket connected to somebody else': {
    code: 'NV-LISTENER-OTHER-PEER',
    world: listening({
      protocol: 'udp',
      family: 'ipv4',
      address: '10.2.0.1',
      port: 53,
      remote: { address: '10.2.0.254', port: 9 },
    }),
    command: null,
  },
  'a device that is down': {
    code: 'NV-LINK-DOWN',
    world: routed({ a: { sockets: SOCKETS }, r: { late: ['link set ra down'] } }),
    flow: { ...TO_B, from: 'b', destination: '10.1.0.1' },
    command: 'ip link set ra up',
  },
  'a port that is disabled': {
    code: 'NV-BRIDGE-PORT-BLOCKED',
    world: bridged({}),
    // A port that gets its carrier is set to forwarding again: not before all is up.
    breaks: [['n', 'bridge link set dev pb state 0']],
    flow: NEAR,
    command: 'bridge link set dev pb state 3',
  },
  'a port that is locked': {
    code: 'NV-BRIDGE-PORT-BLOCKED',
    world: bridged({}),
    breaks: [['n', 'bridge link set dev pa learning off locked on && ip link set pa type bridge_slave fdb_flush']],
    flow: NEAR,
    command: 'bridge link set dev pa locked off',
  },
  'ports that are kept apart': {
    code: 'NV-PORT-ISOLATED',
    world: bridged({ bridge: ['link set dev pa isolated on', 'link set dev pb isolated on'] }),
    flow: NEAR,
    command: 'bridge link set dev pb isolated off',
  },
  'a port that gets no broadcasts': {
    code: 'NV-BRIDGE-FLOOD-OFF',
    world: bridged({ bridge: ['link set dev pb bcast_flood off'] }),
    flow: NEAR,
    command: 'bridge link set dev pb bcast_flood on',
  },
  'no route': {
    code: 'NV-NO-ROUTE',
    world: routed(),
    flow: udp('10.99.0.1'),
    command: null,
  },
  'a route that refuses': {
    code: 'NV-ROUTE-REFUSES',
    world: routed({ r: { ip: ['route add blackhole 10.2.0.1/32 metric 7'] } }),
    command: 'ip route del blackhole 10.2.0.1/32 metric 7',
  },
  'a route of another table that refuses': {
    code: 'NV-ROUTE-REFUSES',
    world: routed({ r: { ip: ['rule add from 10.1.0.0/24 table 77', 'route add prohibit default table 77'] } }),
    command: 'ip route del prohibit default table 77',
  },
  'a policy rule that refuses': {
    code: 'NV-POLICY-RULE-REFUSES',
    world: routed({ r: { ip: ['rule add from 10.1.0.0/24 iif ra ipproto udp dport 53 priority 10 prohibit'] } }),
    command: 'ip rule del from 10.1.0.0/24 iif ra ipproto 17 dport 53 priority 10 prohibit',
  },
  'one of two next hops is dead': {
    code: 'NV-MULTIPATH-HOP-DEAD',
    world: routed({
      r: {
        sysctls: ['net/ipv4/fib_multipath_hash_policy = 1'],
        ip: ['route add 10.9.9.9/32 nexthop via 10.2.0.1 dev rb nexthop via 10.2.0.77 dev rb'],
      },
      b: { ip: ['address add 10.9.9.9/32 dev lo'] },
    }),
    flow: udp('10.9.9.9', { repeat: 16 }),
    partly: true,
    command: 'ip route replace 10.9.9.9/32 via 10.2.0.1 dev rb',
  },
  'a source that is not there': {
    code: 'NV-SOURCE-NOT-AVAILABLE',
    world: routed(),
    flow: udp('10.2.0.1', { source: '10.1.0.9' }),
    command: null,
  },
  'a datagram for everybody on the link': {
    code: 'NV-BROADCAST-REFUSED',
    world: routed(),
    flow: udp('10.1.0.255'),
    command: null,
  },
  'two hosts that send to each other': {
    code: 'NV-LOOP',
    world: routed({ r: { ip: ['route add 10.50.0.0/16 via 10.2.0.1'] }, b: { sysctls: ['net/ipv4/ip_forward = 1'] } }),
    flow: udp('10.50.0.1'),
    command: null,
  },
  'too few hops': { code: 'NV-TTL-EXPIRED', world: routed(), flow: udp('10.2.0.1', { ttl: 1 }), command: null },
  'nobody has the next hop': {
    code: 'NV-NEIGHBOUR-UNRESOLVED',
    world: routed(),
    flow: udp('10.2.0.77'),
    command: null,
  },
  'a wrong neighbour entry': {
    code: 'NV-NEIGHBOUR-WRONG',
    world: routed({ r: { ip: ['neigh add 10.2.0.1 lladdr 02:00:00:00:99:99 dev rb nud permanent'] } }),
    command: 'ip neigh del 10.2.0.1 dev rb',
  },
  'a host that keeps silent about its address': {
    code: 'NV-ARP-IGNORED',
    world: routed({ b: { deviceSysctls: ['net/ipv4/conf/eth0/arp_ignore = 8'] } }),
    command: 'sysctl -w net/ipv4/conf/eth0/arp_ignore=0',
  },
  'forwarding is off': {
    code: 'NV-IP-FORWARD-OFF',
    world: routed().map((ns) => (ns.name === 'r' ? { ...ns, sysctls: [] } : ns)),
    command: 'sysctl -w net.ipv4.ip_forward=1',
  },
  'strict rp_filter keeps silent about the neighbour already': {
    code: 'NV-RP-FILTER',
    world: twoWires({ deviceSysctls: ['net/ipv4/conf/ra/rp_filter = 1'] }),
    flow: FROM_LOOPBACK,
    command: 'sysctl -w net/ipv4/conf/ra/rp_filter=2',
  },
  'strict rp_filter, when the neighbour is known': {
    code: 'NV-RP-FILTER',
    world: twoWires({
      ip: ['link set ra address 02:00:00:00:00:ee'],
      deviceSysctls: ['net/ipv4/conf/ra/rp_filter = 1'],
    }).map((ns) =>
      ns.name === 'a'
        ? { ...ns, ip: [...ns.ip, 'neigh add 10.1.0.254 lladdr 02:00:00:00:00:ee dev eth0 nud permanent'] }
        : ns,
    ),
    flow: FROM_LOOPBACK,
    command: 'sysctl -w net/ipv4/conf/ra/rp_filter=2',
  },
  'loose rp_filter, where no route leads back, is silent about the neighbour already': {
    code: 'NV-RP-FILTER',
    world: twoWires({ ip: ['route del 10.7.0.1/32'], deviceSysctls: ['net/ipv4/conf/ra/rp_filter = 2'] }),
    flow: FROM_LOOPBACK,
    command: null,
  },
  'loose rp_filter, where no route leads back and the neighbour is known': {
    code: 'NV-RP-FILTER',
    world: twoWires({
      ip: ['link set ra address 02:00:00:00:00:ee', 'route del 10.7.0.1/32'],
      deviceSysctls: ['net/ipv4/conf/ra/rp_filter = 2'],
    }).map((ns) =>
      ns.name === 'a'
        ? { ...ns, ip: [...ns.ip, 'neigh add 10.1.0.254 lladdr 02:00:00:00:00:ee dev eth0 nud permanent'] }
        : ns,
    ),
    flow: FROM_LOOPBACK,
    command: null,
  },
  'a sender from a group’s address': {
    code: 'NV-MARTIAN',
    world: routed({ a: { iptablesLegacy: ['*nat', '-A POSTROUTING -p udp -j SNAT --to-source 224.0.0.5', 'COMMIT'] } }),
    command: null,
  },
  'a DNAT to the loopback address': {
    code: 'NV-LOOPBACK-FROM-OUTSIDE',
    world: routed({
      b: { iptablesLegacy: ['*nat', '-A PREROUTING -p udp -j DNAT --to-destination 127.0.0.1', 'COMMIT'] },
    }),
    command: 'sysctl -w net/ipv4/conf/eth0/route_localnet=1',
  },
  'a sender with the receiver’s address': {
    code: 'NV-SOURCE-IS-OWN',
    world: routed({
      a: { iptablesLegacy: ['*nat', '-A POSTROUTING -p udp -j SNAT --to-source 10.1.0.254', 'COMMIT'] },
    }),
    command: null,
  },
  'echo requests are ignored': {
    code: 'NV-ECHO-IGNORED',
    world: routed({ b: { sysctls: ['net/ipv4/icmp_echo_ignore_all = 1'] } }),
    flow: { from: 'a', protocol: 'icmp', destination: '10.2.0.1' },
    command: 'sysctl -w net.ipv4.icmp_echo_ignore_all=0',
  },
  'a device with a small MTU': {
    code: 'NV-MTU-EXCEEDED',
    world: routed({ r: { ip: ['link set rb mtu 1000'] } }),
    flow: big,
    command: 'ip link set rb mtu 1500',
  },
  'a route with a small MTU': {
    code: 'NV-ROUTE-MTU',
    world: routed({ r: { ip: ['route replace 10.2.0.1/32 dev rb mtu 1000'] } }),
    flow: big,
    command: 'ip route replace 10.2.0.1/32 dev rb',
  },
  'a far end with a small MTU': {
    code: 'NV-MTU-FAR-END',
    world: routed({ b: { ip: ['link set eth0 mtu 1000'] } }),
    flow: big,
    command: 'ip link set eth0 mtu 1500',
  },
  'an error that does not come back': {
    code: 'NV-MTU-ERROR-LOST',
    world: routed({ r: { ip: ['link set rb mtu 1000'] }, a: { iptablesLegacy: filter('-A INPUT -p icmp -j DROP') } }),
    flow: big,
    command: null,
  },
};

/** A bare ACK that arrives is answered with a RST. */
const isAnswered = (flow: FlowSpec, { heard }: Observation): boolean =>
  heard.kind === 'answer' || (flow.tcpFlags !== null && heard.kind === 'reset');

async function diagnosed(world: RunningWorld, flow: FlowSpec) {
  const sections = await world.collect([flow]);
  const model = modelOf(
    [...world.namespaces].map(([name, { inode }]) => ({ name, inode, sections: sections.get(name) ?? [] })),
  );
  const names = { source: flow.from, destination: flow.destination };
  return { model, ...diagnose(model.world, asked(flow, 0, model.keyOf), names) };
}

const inside = (world: RunningWorld, name: string, command: string) =>
  run('nsenter', [`--net=${world.namespaces.get(name)?.path}`, 'sh', '-c', command]);

/** A device that was just set up sends nothing until the kernel has seen its carrier (linkwatch), which it tells as its state. */
async function carriersSeen(world: RunningWorld): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (const name of world.namespaces.keys())
    for (;;) {
      const { stdout } = await inside(world, name, 'ip -o link');
      const unseen = stdout
        .split('\n')
        .filter((line) => line.includes('LOWER_UP') && /state (DOWN|LOWERLAYERDOWN)/.test(line));
      if (unseen.length === 0) break;
      if (Date.now() > deadline) throw new Error(`${name} does not see its carriers: ${unseen.join('; ')}`);
      await sleep(10);
    }
}

describe('faults made for real', () => {
  it.each(Object.entries(FAULTS))('%s', async (_name, fault) => {
    const before = fault.before ? [flowOf(fault.before)] : [];
    const flow = flowOf(fault.flow ?? TO_B);
    const world = await kernel.bringUp(worldOf(fault.world, before));
    try {
      for (const [name, command] of fault.breaks ?? []) await inside(world, name, command);
      const { model, diagnosis } = await diagnosed(world, flow);
      const said = `${diagnosis.verdict.summary.en}\n${diagnosis.findings.map((f) => `${f.code} ${model.nameOf(f.hop)}: ${f.remedy?.command}`).join('\n')}`;
      const broken = await world.observe(flow);
      const through = broken.filter((o) => isAnswered(flow, o)).length;
      expect(through < broken.length, `the kernel: ${JSON.stringify(broken[0]?.heard)}\n${said}`).toBe(true);
      expect(through > 0, said).toBe(fault.partly === true);
      const finding = diagnosis.findings.find((f) => f.code === fault.code);
      expect(finding?.code, said).toBe(fault.code);
      expect(finding?.remedy?.command ?? null, said).toBe(fault.command);
      if (!finding || fault.command === null) return;
      expect(finding.remedy?.proven, said).toBe(true);
      expect(diagnosis.findings.filter((f) => f.severity === 'blocking').length, said).toBe(1);

      await inside(world, model.nameOf(finding.hop), fault.command);
      await carriersSeen(world);
      const mended = await world.observe(flow);
      expect(
        mended.map((o) => isAnswered(flow, o)),
        said,
      ).not.toContain(false);
      const after = await diagnosed(world, flow);
      expect(after.diagnosis.verdict.outcome).toBe('reachable');
    } finally {
      await world.close();
    }
  });
});
