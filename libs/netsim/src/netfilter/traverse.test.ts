/**
 * Which rules a packet meets. The first list was read from `nft monitor trace` on Linux 6.18 with these rules loaded by
 * iptables-nft; the legacy tables trace the same.
 */
import { ip, type XtVariant } from '@netverdict/linux-net';
import { parseSection } from '@netverdict/parsers';
import { describe, expect, it } from 'vitest';
import type { Packet } from '../packet/packet.ts';
import { cluster } from '../testing/cluster.ts';
import { A1, flow, HOST1 } from '../testing/flows.ts';
import { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from '../world/world.ts';
import { NO_DEVICES } from './context.ts';
import { compileRuleset } from './ruleset.ts';
import { traverse } from './traverse.ts';

const DATAGRAM: Packet = {
  family: 'ipv4',
  protocol: 17,
  source: ip('10.244.1.2'),
  destination: ip('10.244.2.2'),
  sport: 40000,
  dport: 53,
  tcpFlags: 0,
  icmp: null,
  ttl: 64,
  tos: 0,
  sizeBytes: 38,
  dontFragment: false,
  mark: 0,
  ct: null,
  untracked: false,
  zone: 0,
  payload: null,
};

/** What becomes of the packet in table filter at INPUT, and the rules that it meets. */
function through(rules: string, variant: XtVariant = 'nft', prefix: readonly number[] = [], packet = DATAGRAM) {
  const parsed = parseSection(variant === 'nft' ? 'iptables-nft-save' : 'iptables-save', `*filter\n${rules}\nCOMMIT\n`);
  if (!parsed.ok) throw new Error(`${parsed.error.message}: ${parsed.error.text}`);
  const ruleset = compileRuleset(parsed.value, null);
  const table = ruleset.tables.get('filter') ?? expect.fail('no table');
  const world = cluster();
  const ns = world.namespaces.get(HOST1) as WorldNamespace;
  const walk = new Walk(world, flow(A1, '10.244.2.2:53', { protocol: 'udp' }), prefix);
  const verdict = traverse(ruleset, table, { ...NO_DEVICES, walk, ns, hook: 'INPUT', packet });
  const met = walk.rulesMet.map((r) => `${r.chain} ${r.rule}${r.maybe ? '?' : ''}`);
  return { verdict, met, walk };
}

const RULES = `:INPUT DROP [0:0]
:U - [0:0]
:E - [0:0]
:G - [0:0]
-A INPUT -p tcp -j DROP
-A INPUT -p udp
-A INPUT -p udp -j E
-A INPUT -p udp -j U
-A INPUT -p udp -j LOG --log-prefix x
-A INPUT -m mark --mark 0 -j MARK --set-mark 1
-A INPUT -g G
-A INPUT -j ACCEPT
-A U -p udp -j RETURN
-A U -j DROP
-A G -p udp -m mark --mark 1
-A G -j RETURN`;

describe.each(['nft', 'legacy'] as const)('%s', (variant) => {
  it('meets rules without a target, those that log or mark, those that return, and the policy after a goto', () => {
    const { verdict, met } = through(RULES, variant);
    expect(verdict?.kind).toBe('drop');
    expect(met).toEqual([
      'INPUT 2',
      'INPUT 3',
      'INPUT 4',
      'U 1',
      'INPUT 5',
      'INPUT 6',
      'INPUT 7',
      'G 1',
      'G 2',
      'INPUT policy',
    ]);
  });
});

describe('a base chain', () => {
  it.each([
    ['that returns comes to its policy', ':INPUT ACCEPT [0:0]\n-A INPUT -j RETURN\n-A INPUT -j DROP', 'accept', 2],
    [
      'that jumps to an empty chain goes on',
      ':INPUT DROP [0:0]\n:E - [0:0]\n-A INPUT -j E\n-A INPUT -j ACCEPT',
      'accept',
      2,
    ],
    [
      'that goes to an empty chain comes to its policy',
      ':INPUT DROP [0:0]\n:E - [0:0]\n-A INPUT -g E\n-A INPUT -j ACCEPT',
      'drop',
      2,
    ],
    ['without rules has its policy', ':INPUT DROP [0:0]', 'drop', 1],
  ])('%s', (_, rules, kind, count) => {
    const { verdict, met } = through(rules);
    expect(verdict?.kind).toBe(kind);
    expect(met).toHaveLength(count);
  });
});

describe('a chain that was called', () => {
  const called = (rules: string) =>
    through(`:INPUT ACCEPT [0:0]\n:U - [0:0]\n:V - [0:0]\n-A INPUT -j U\n-A INPUT -p udp -j DROP\n${rules}`);
  it('that goes to another comes back to its caller, behind the call', () => {
    expect(called('-A U -g V\n-A U -j ACCEPT\n-A V -p tcp -j ACCEPT').met).toEqual(['INPUT 1', 'U 1', 'INPUT 2']);
  });
  it('that calls another goes on behind the call', () => {
    expect(called('-A U -j V\n-A U -j ACCEPT\n-A V -p tcp -j ACCEPT').met).toEqual(['INPUT 1', 'U 1', 'U 2']);
  });
});

describe('a rule', () => {
  const alone = (match: string) => through(`:INPUT ACCEPT [0:0]\n-A INPUT ${match} -j DROP`).verdict?.kind;
  it.each([
    ['-p udp', 'drop'],
    ['! -p udp', 'accept'],
    ['! -p tcp', 'drop'],
    ['-p all', 'drop'],
    // Names of devices: there is none here, which is a name that no pattern but `+` takes.
    ['-i eth0', 'accept'],
    ['! -i eth0', 'drop'],
    ['! -i eth+', 'drop'],
    ['-i +', 'drop'],
    ['-f', 'accept'],
    ['! -f', 'drop'],
    ['-s 10.0.0.2/255.0.0.255', 'drop'],
    ['-s 10.0.0.3/255.0.0.255', 'accept'],
    ['! -s 10.0.0.3/255.0.0.255', 'drop'],
    ['-p udp -m udp --dport 0', 'accept'],
    ['-p udp -m udp ! --dport 0', 'drop'],
    ['-p udp -m udp --dport :53', 'drop'],
    ['-p udp -m udp --dport 53:', 'drop'],
    ['-p udp -m multiport --dports 1,50:60', 'drop'],
    ['-p udp -m multiport ! --ports 40000', 'accept'],
    ['-m mark --mark 0x1/0x0', 'accept'],
    ['-m addrtype --src-type UNICAST -m addrtype ! --dst-type LOCAL', 'drop'],
  ])('%s: %s', (match, kind) => {
    expect(alone(match)).toBe(kind);
  });
  it('that cannot be told parts the way', () => {
    const rules = ':INPUT ACCEPT [0:0]\n-A INPUT -m limit --limit 1/sec -j DROP';
    expect(through(rules, 'nft', [0]).verdict?.kind).toBe('drop');
    expect(through(rules, 'nft', [1]).verdict?.kind).toBe('accept');
  });
  it('that cannot be told and only logs does not, and says that it may have been met', () => {
    const { met, walk } = through(':INPUT ACCEPT [0:0]\n-A INPUT -m limit --limit 1/sec -j LOG');
    expect(met).toEqual(['INPUT 1?', 'INPUT policy']);
    expect(walk.choices.points).toEqual([]);
  });
  it('whose other condition fails needs not be told', () => {
    const { walk } = through(':INPUT ACCEPT [0:0]\n-A INPUT -m limit --limit 1/sec -p tcp -j DROP');
    expect(walk.choices.points).toEqual([]);
  });
});

describe('a lot', () => {
  const RULE = ':INPUT ACCEPT [0:0]\n-A INPUT -p udp -m statistic --mode random --probability 0.25 -j DROP';
  const inner: Packet = { ...DATAGRAM, sizeBytes: 1500, pieceBytes: 1000 };
  const frame = { srcMac: null, dstMac: null, packet: inner };
  const choices = (packet: Packet) =>
    through(RULE, 'nft', [], packet).walk.choices.points.map(({ what, options }) => [what, options[0]?.share]);

  it('is drawn once for a packet that is whole', () => {
    expect(choices({ ...DATAGRAM, payload: { kind: 'vxlan', vni: 1, frame: { ...frame, packet: DATAGRAM } } })).toEqual(
      [['rule', 0.25]],
    );
  });
  it('is drawn by each piece that a tunnel carries: what becomes of all of them is not told', () => {
    expect(choices({ ...DATAGRAM, payload: { kind: 'vxlan', vni: 1, frame } })).toEqual([['unknown', null]]);
  });
});
