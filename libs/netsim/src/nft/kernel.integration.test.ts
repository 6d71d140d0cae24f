/**
 * The kernel as judge of expressions: rules that do nothing but compare and count are loaded, one packet is sent over the
 * loopback device, and the counters say which rules it matched. The model is asked about the ruleset as it was before.
 */

import type { Flow, NftRuleset } from '@netverdict/linux-net';
import { hostKey } from '@netverdict/linux-net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluate } from '../evaluate.ts';
import { nftKernel, withoutKernel } from '../testing/nft-kernel.ts';
import { compileNamespace } from '../world/compiled.ts';
import { buildWorld } from '../world/world.ts';

if (withoutKernel !== null) console.log(`the kernel is not asked about nftables: ${withoutKernel}`);

const HOST = hostKey('lo-only');

/** A packet, and the python that sends it. */
const PACKETS: Readonly<Record<string, { readonly flow: Flow; readonly send: string }>> = {
  'udp over IPv4': {
    flow: flowOf('ipv4', 'udp', '127.0.0.1', '127.0.0.2', 44, { mark: 0x1234, tos: 0x28, ttl: 33 }),
    send: udp('AF_INET', '127.0.0.1', '127.0.0.2', [
      's.setsockopt(0,1,0x28)',
      's.setsockopt(0,2,33)',
      's.setsockopt(1,36,0x1234)',
      's.setsockopt(0,10,0)',
    ]),
  },
  'udp over IPv6': {
    flow: flowOf('ipv6', 'udp', '::1', '::1', 64, { mark: 0x80000001, tos: 0xb8, ttl: 7 }),
    send: udp('AF_INET6', '::1', '::1', [
      's.setsockopt(41,67,0xb8)',
      's.setsockopt(41,16,7)',
      "s.setsockopt(1,36,(0x80000001).to_bytes(4,'little'))",
    ]),
  },
  'tcp over IPv4': {
    flow: flowOf('ipv4', 'tcp', '127.0.0.1', '127.0.0.2', 60, {}),
    send: `import socket
s=socket.socket(socket.AF_INET,socket.SOCK_STREAM)
s.bind(('127.0.0.1',40001))
s.setblocking(False)
s.connect_ex(('127.0.0.2',4002))`,
  },
};

function flowOf(
  family: Flow['family'],
  protocol: Flow['protocol'],
  source: string,
  destination: string,
  sizeBytes: number,
  more: Partial<Flow>,
): Flow {
  return {
    family,
    protocol,
    source: { kind: 'namespace', namespace: HOST, address: source },
    destination: { address: destination, port: 4002 },
    sourcePort: 40001,
    sizeBytes,
    dontFragment: protocol === 'tcp',
    uid: 0,
    gid: 0,
    ...more,
  };
}

function udp(family: string, source: string, destination: string, options: readonly string[]): string {
  return `import socket
s=socket.socket(socket.${family},socket.SOCK_DGRAM)
${options.join('\n')}
s.bind(('${source}',40001))
s.sendto(b'0123456789abcdef',('${destination}',4002))`;
}

/** Each with `counter` behind it. */
const MATCHES = [
  'counter',
  'ip daddr 127.0.0.2',
  'ip daddr != 127.0.0.2',
  'ip daddr 127.0.0.0/31',
  'ip daddr 127.0.0.2/31',
  'ip saddr 127.0.0.1-127.0.0.9',
  'ip saddr != 127.0.0.1-127.0.0.9',
  'ip saddr { 10.0.0.0/8, 127.0.0.0/8 }',
  'ip saddr != { 10.0.0.0/8, 127.0.0.0/8 }',
  'ip saddr { 10.0.0.1, 127.0.0.3 }',
  'ip ttl 33',
  'ip ttl < 33',
  'ip ttl >= 33',
  'ip length 44',
  'ip length 40-50',
  'ip protocol udp',
  'ip protocol { tcp, icmp }',
  'ip dscp 10',
  'ip dscp != 10',
  'ip frag-off & 0x4000 == 0x4000',
  'ip version 4',
  'ip hdrlength 5',
  'ip6 saddr ::1',
  'ip6 daddr ::/64',
  'ip6 daddr != ::1',
  'ip6 hoplimit 7',
  'ip6 dscp 46',
  'ip6 dscp 45',
  'ip6 nexthdr udp',
  'ip6 length 24',
  'udp dport 4002',
  'udp dport != 4002',
  'udp sport 40000-40002',
  'udp dport { 1-100, 4000-4002 }',
  'udp dport { 4001, 4003 }',
  'udp length 24',
  'tcp dport 4002',
  'tcp flags syn',
  'tcp flags & (syn|ack) == syn',
  'tcp flags & (fin|rst) != 0',
  'tcp flags ! ack',
  'tcp sport > 40000',
  'th dport 4002',
  'th sport . th dport { 40001 . 4002 }',
  'meta l4proto udp',
  'meta l4proto != tcp',
  'meta nfproto ipv4',
  'meta nfproto ipv6',
  'meta protocol ip',
  'meta mark 0x1234',
  'meta mark & 0xff00 == 0x1200',
  'meta mark and 0x80000000 != 0',
  'meta mark > 0x1000',
  'meta mark 0x1000-0x2000',
  'meta mark != 0x1000-0x2000',
  'meta mark { 0x1234, 0x99 }',
  'meta mark { 0x1000-0x2000 }',
  'meta length 44',
  'meta length > 50',
  'oifname "lo"',
  'oifname "l*"',
  'oifname != "eth0"',
  'oifname { "lo", "eth0" }',
  'oifname { "l*", "eth0" }',
  'iifname "lo"',
  'oif lo',
  'meta oiftype loopback',
  'meta iiftype loopback',
  'meta oifkind "veth"',
  'meta skuid 0',
  'meta skuid 1',
  'meta skgid 0',
  'meta pkttype host',
  'meta pkttype { broadcast, multicast }',
  'meta oifgroup 0',
  'ether daddr 00:00:00:00:00:00',
  'ct state new',
  'ct state established,related',
  'ct state invalid,untracked',
  'ct state vmap { new : continue, established : drop }',
  'ct direction original',
  'ct direction reply',
  'ct mark 0',
  'ct mark 1',
  'ct status snat',
  'ct status & dnat == dnat',
  'ct status confirmed',
  'ct original ip daddr 127.0.0.2',
  'ct original ip saddr 127.0.0.3',
  'ct reply ip saddr 127.0.0.2',
  'meta l4proto udp ct original proto-dst 4002',
  'meta l4proto { tcp, udp } ct reply proto-dst 40001',
  'ct original ip6 daddr ::1',
  'ct protocol 17',
  'ct l3proto ipv4',
  'ct zone 0',
  'ct helper "ftp"',
  'ct label 1',
  'ip saddr . ip daddr { 127.0.0.1 . 127.0.0.2 }',
  'ip saddr . udp dport { 127.0.0.0/8 . 4000-5000, 10.0.0.0/8 . 1-10 }',
  'ip saddr . udp dport { 127.0.0.0/8 . 4003-5000, 10.0.0.0/8 . 1-10 }',
  'ip daddr . meta l4proto . th dport { 127.0.0.2 . udp . 4002 }',
  'ip daddr . meta l4proto . th dport { 127.0.0.2 . tcp . 4002 }',
  'ip6 daddr . udp dport { ::1 . 4002 }',
  'ip6 daddr . udp dport { ::/16 . 4000-4002 }',
  'meta mark . oifname { 0x1234 . "lo" }',
  'ip daddr & 0.0.0.3 == 0.0.0.2',
  'ip daddr & 0.0.0.3 == 0.0.0.1',
  'fib daddr type local',
  'fib daddr type { broadcast, unicast }',
  'fib saddr type local',
  'fib saddr . oif type local',
  'fib daddr . mark type local',
  'jhash ip saddr mod 7 seed 0x1 == 0',
  ...Array.from({ length: 7 }, (_, n) => `jhash ip saddr . ip daddr mod 7 seed 0xdeadbeef == ${n}`),
  ...Array.from({ length: 5 }, (_, n) => `jhash ip6 saddr mod 5 seed 0x12345678 offset 100 == ${100 + n}`),
  ...Array.from({ length: 3 }, (_, n) => `jhash udp dport mod 3 seed 0x5 == ${n}`),
  'numgen inc mod 1 == 0',
  'numgen random mod 1 offset 4 == 4',
  'exthdr hbh exists',
  'exthdr frag missing',
  'ip option rr exists',
  'ip option lsrr missing',
  'quota over 10 bytes',
  'quota until 10 bytes',
  'quota 1000000 bytes',
  'rt ip nexthop 127.0.0.2',
  'rt ip nexthop 127.0.0.3',
  'rt ip6 nexthop ::1',
  'ip daddr @named',
  'ip saddr @named',
  'udp dport @ports',
  'meta mark set 0x1234 meta mark 0x1234',
  'ct mark set 7 ct mark 7',
  'meta mark set meta mark or 0x1 meta mark and 0x1 == 0x1',
  'meta mark set ip daddr map { 127.0.0.2 : 0x55, 127.0.0.3 : 0x66 } meta mark 0x55',
  'meta mark set (meta mark << 4) meta mark 0x12340',
  'meta mark set (meta mark >> 4) meta mark & 0xff == 0x23',
  'meta mark set udp dport map { 1-4001 : 1, 4002-9000 : 2 } meta mark 2',
  'add @seen { ip saddr } ip saddr @seen',
  'ip saddr @seen',
  'ip daddr @seen',
  'continue',
];

const TABLE = `
  set named { type ipv4_addr; flags interval; elements = { 127.0.0.2-127.0.0.4, 10.0.0.0/8 } }
  set ports { type inet_service; flags interval; elements = { 1-4001, 4003-9000 } }
  set seen { type ipv4_addr; flags dynamic; size 100; }
`;

/** Rules that this nft does not take are left out, and said. */
function usable(kernel: ReturnType<typeof nftKernel>): readonly string[] {
  return MATCHES.filter((match) => {
    try {
      kernel.load(rulesetOf([match]));
      return true;
    } catch {
      return false;
    }
  });
}

const rulesetOf = (matches: readonly string[]): string =>
  `table inet t {\n${TABLE}\n chain c {\n type filter hook output priority 0; policy accept;\n${matches.map((m) => `  ${m} counter`).join('\n')}\n }\n}\n`;

function counted(ruleset: NftRuleset): readonly number[] {
  const rules = ruleset.tables[0]?.chains.find((c) => c.name === 'c')?.rules ?? [];
  return rules
    .filter((r) => {
      const last = r.expressions.at(-1);
      return last?.kind === 'counter' && last.packets > 0;
    })
    .map((r) => r.position);
}

describe.skipIf(withoutKernel !== null)('a packet over loopback', () => {
  let kernel: ReturnType<typeof nftKernel>;
  let matches: readonly string[] = [];
  beforeAll(() => {
    kernel = nftKernel('nfs-judge');
    kernel.run(['ip', 'link', 'set', 'lo', 'up']);
    matches = usable(kernel);
  });
  afterAll(() => kernel.close());

  it.each(Object.keys(PACKETS))('%s meets the rules that the kernel counts', async (name) => {
    const { flow, send } = PACKETS[name] as (typeof PACKETS)[string];
    kernel.load(
      `${rulesetOf(matches)}\ntable inet quiet { chain p { type filter hook prerouting priority -500; drop; }; }\n`,
    );
    const before = await kernel.read();
    kernel.run(['python3', '-c', send]);
    const after = await kernel.read(['nftables']);
    if (!after.state.nftables.known) throw new Error(after.state.nftables.reason);
    const net = compileNamespace(before.state);
    const world = buildWorld({
      namespaces: [{ key: HOST, node: 'lo-only', kind: 'host', pod: null, inode: before.inode, net }],
      nodes: [{ node: 'lo-only', unavailable: null }],
      map: { nodes: [], pods: [], services: [], endpoints: [] } as never,
    });
    const { branches, unknowns } = evaluate(world, flow);
    expect(unknowns.map((u) => u.text)).toEqual([]);
    const predicted =
      branches[0]?.rulesMet.filter((r) => r.chain === 'c' && r.rule !== 'policy').map((r) => r.rule) ?? [];
    const text = (positions: readonly (number | 'policy')[]) => positions.map((p) => `${p}: ${matches[Number(p) - 1]}`);
    expect(text(predicted)).toEqual(text(counted(after.state.nftables.value)));
  });

  it('takes nearly all of them', () => {
    const refused = MATCHES.filter((m) => !matches.includes(m));
    console.log(`nft does not take: ${refused.join(' | ') || 'none'}`);
    expect(matches.length).toBeGreaterThan(MATCHES.length * 0.9);
  });
});
