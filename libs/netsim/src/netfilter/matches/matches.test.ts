/** Every kind of match: a packet that it takes, one that it does not, and where it cannot be told. */
import { type AbsentHeader, type IpSet, ifIndex, ip, type Untellable, type XtMatch } from '@netverdict/linux-net';
import { describe, expect, it } from 'vitest';
import type { Packet } from '../../packet/packet.ts';
import { cluster, known, link, mac } from '../../testing/cluster.ts';
import { A1, flow, HOST1 } from '../../testing/flows.ts';
import { net, port, set } from '../../testing/ipsets.ts';
import { SYN } from '../../testing/packets.ts';
import { Walk } from '../../walk/walk.ts';
import type { WorldNamespace } from '../../world/world.ts';
import { type Answer, NO_DEVICES, type RuleContext } from '../context.ts';
import { chanceOf, evaluateMatch, MATCHES } from './index.ts';

type Kind = XtMatch['kind'];
type Sample<K extends Kind> = {
  readonly yes: Extract<XtMatch, { kind: K }> | null;
  readonly no: Extract<XtMatch, { kind: K }> | null;
  readonly unknown?: Extract<XtMatch, { kind: K }>;
  /** What it reads is not there: no, and its negation says no, too. */
  readonly absent?: Extract<XtMatch, { kind: K }>;
  /** May fall to the rule or not, and its negation, too. */
  readonly lot?: Extract<XtMatch, { kind: K }>;
};
const n = { negate: false } as const;
const ct = { negate: false, besideState: false } as const;
const any = { from: 0, to: 65535 };
const mask = ip('255.255.255.0');
const recentOf = (mode: 'set' | 'rcheck', name: string) =>
  ({
    ...n,
    kind: 'recent',
    mode,
    seconds: null,
    hitcount: null,
    name,
    side: 'source',
    rttl: false,
    reap: false,
    mask: null,
  }) as const;

const protocolIs = (number: number) => ({
  steps: [
    { op: 'first', number: 6 },
    { op: 'and', number: 0xff },
  ] as const,
  values: [{ from: number, to: number }],
});
const absent = <K extends AbsentHeader>(kind: K) => ({ yes: null, no: null, absent: { ...n, kind, options: [] } });
const untold = <K extends Untellable>(kind: K) => ({ yes: null, no: null, unknown: { ...n, kind, options: [] } });

/** The packet: tcp 10.244.1.2:40000 → 10.244.2.2:80, SYN, mark 0x4001, in by cni0 (port veth2), out by eth0, a new connection. */
const SAMPLES: { readonly [K in Kind]: Sample<K> } = {
  source: {
    yes: { ...n, kind: 'source', value: { address: ip('10.244.1.0'), mask } },
    no: { ...n, kind: 'source', value: { address: ip('10.244.2.0'), mask } },
  },
  destination: {
    yes: { ...n, kind: 'destination', value: { address: ip('10.244.2.9'), mask } },
    no: { ...n, kind: 'destination', value: { address: ip('10.0.0.0'), mask } },
  },
  'in-interface': {
    yes: { ...n, kind: 'in-interface', name: 'cni', wildcard: true },
    no: { ...n, kind: 'in-interface', name: 'cni', wildcard: false },
  },
  'out-interface': {
    yes: { ...n, kind: 'out-interface', name: 'eth0', wildcard: false },
    no: { ...n, kind: 'out-interface', name: 'eth1', wildcard: true },
  },
  protocol: { yes: { ...n, kind: 'protocol', number: 0 }, no: { ...n, kind: 'protocol', number: 17 } },
  fragment: { yes: null, no: { ...n, kind: 'fragment' } },
  sport: {
    yes: { ...n, kind: 'sport', range: { from: 40000, to: 40000 } },
    no: { ...n, kind: 'sport', range: { from: 0, to: 39999 } },
  },
  dport: {
    yes: { ...n, kind: 'dport', range: { from: 80, to: 90 } },
    no: { ...n, kind: 'dport', range: { from: 81, to: 90 } },
  },
  'tcp-flags': {
    yes: { ...n, kind: 'tcp-flags', mask: 0x17, comp: 0x02 },
    no: { ...n, kind: 'tcp-flags', mask: 0x10, comp: 0x10 },
  },
  'tcp-option': { yes: null, no: null, unknown: { ...n, kind: 'tcp-option', number: 2 } },
  icmp: { yes: null, absent: { ...n, kind: 'icmp', type: 8, codes: { from: 0, to: 255 } }, no: null },
  multiport: {
    yes: { ...n, kind: 'multiport', on: 'either', ranges: [{ from: 80, to: 80 }] },
    no: { ...n, kind: 'multiport', on: 'source', ranges: [{ from: 80, to: 80 }] },
  },
  mark: {
    yes: { ...n, kind: 'mark', value: 0x4000, mask: 0x4000 },
    no: { ...n, kind: 'mark', value: 0x4000, mask: 0xffffffff },
  },
  connmark: {
    yes: { ...n, kind: 'connmark', value: 0, mask: 0xff },
    no: { ...n, kind: 'connmark', value: 1, mask: 0xff },
  },
  ctstate: {
    yes: { ...n, kind: 'ctstate', states: ['NEW', 'INVALID'] },
    no: { ...n, kind: 'ctstate', states: ['ESTABLISHED', 'RELATED'] },
  },
  ctproto: { yes: { ...ct, kind: 'ctproto', number: 6 }, no: { ...ct, kind: 'ctproto', number: 17 } },
  ctstatus: {
    yes: null,
    no: { ...ct, kind: 'ctstatus', statuses: ['SEEN_REPLY', 'ASSURED', 'NONE'] },
  },
  ctexpire: { yes: null, no: null, unknown: { ...ct, kind: 'ctexpire', range: { from: 0, to: 60 } } },
  ctaddress: {
    yes: { ...ct, kind: 'ctaddress', tuple: 'orig', side: 'destination', value: { address: ip('10.244.2.0'), mask } },
    no: { ...ct, kind: 'ctaddress', tuple: 'reply', side: 'destination', value: { address: ip('10.244.2.0'), mask } },
  },
  ctport: {
    yes: { ...ct, kind: 'ctport', tuple: 'reply', side: 'source', range: { from: 80, to: 80 } },
    no: { ...ct, kind: 'ctport', tuple: 'orig', side: 'source', range: { from: 80, to: 80 } },
  },
  ctdir: { yes: { ...ct, kind: 'ctdir', direction: 'ORIGINAL' }, no: { ...ct, kind: 'ctdir', direction: 'REPLY' } },
  addrtype: {
    yes: { ...n, kind: 'addrtype', side: 'destination', types: ['UNICAST'], limitIface: null },
    no: { ...n, kind: 'addrtype', side: 'destination', types: ['LOCAL'], limitIface: null },
  },
  // Lots are drawn by the rule, so that the match itself lets all through; `!` turns the odds round.
  'statistic-random': { yes: null, no: null, lot: { ...n, kind: 'statistic-random', probability: 0.25 } },
  'statistic-nth': { yes: null, no: null, lot: { ...n, kind: 'statistic-nth', every: 4, packet: 0 } },
  recent: { yes: recentOf('set', 'a'), no: recentOf('rcheck', 'b') },
  'physdev-in': {
    yes: { ...n, kind: 'physdev-in', name: 'veth', wildcard: true },
    no: { ...n, kind: 'physdev-in', name: 'veth3', wildcard: false },
  },
  'physdev-out': { yes: null, no: null, absent: { ...n, kind: 'physdev-out', name: 'veth2', wildcard: false } },
  'physdev-is': { yes: { ...n, kind: 'physdev-is', what: 'in' }, no: { ...n, kind: 'physdev-is', what: 'bridged' } },
  limit: { yes: null, no: null, unknown: { ...n, kind: 'limit', rate: '5/sec', burst: 5 } },
  set: {
    yes: { ...n, kind: 'set', set: 'nets', directions: ['src'], options: [] },
    no: { ...n, kind: 'set', set: 'ports', directions: ['dst', 'dst'], options: [] },
    unknown: { ...n, kind: 'set', set: 'absent', directions: ['src'], options: [] },
  },
  length: {
    yes: { ...n, kind: 'length', range: { from: 60, to: 60 } },
    no: { ...n, kind: 'length', range: { from: 61, to: 1500 } },
  },
  ttl: { yes: { ...n, kind: 'ttl', op: 'gt', value: 63 }, no: { ...n, kind: 'ttl', op: 'lt', value: 64 } },
  tos: { yes: { ...n, kind: 'tos', value: 0, mask: 0xff }, no: { ...n, kind: 'tos', value: 0x10, mask: 0xff } },
  dscp: { yes: { ...n, kind: 'dscp', value: 0 }, no: { ...n, kind: 'dscp', value: 46 } },
  iprange: {
    yes: { ...n, kind: 'iprange', side: 'source', from: ip('10.244.1.1'), to: ip('10.244.1.2') },
    no: { ...n, kind: 'iprange', side: 'destination', from: ip('10.244.1.1'), to: ip('10.244.1.9') },
  },
  'mac-source': { yes: null, no: null, unknown: { ...n, kind: 'mac-source', mac: '02:00:00:00:00:01' } },
  pkttype: { yes: { ...n, kind: 'pkttype', type: 'unicast' }, no: { ...n, kind: 'pkttype', type: 'broadcast' } },
  rpfilter: {
    yes: { ...n, kind: 'rpfilter', loose: false, validmark: false, acceptLocal: false, invert: false },
    no: { ...n, kind: 'rpfilter', loose: false, validmark: false, acceptLocal: false, invert: true },
  },
  socket: {
    yes: null,
    no: null,
    absent: { ...n, kind: 'socket', transparent: false, nowildcard: false, restoreSkmark: false },
  },
  tcpmss: { yes: null, no: null, unknown: { ...n, kind: 'tcpmss', range: any } },
  'ecn-tcp': { yes: null, no: { ...n, kind: 'ecn-tcp', flag: 'ece' } },
  'ecn-ip': { yes: { ...n, kind: 'ecn-ip', value: 0 }, no: { ...n, kind: 'ecn-ip', value: 2 } },
  'sctp-chunks': { yes: null, no: null, absent: { ...n, kind: 'sctp-chunks', how: 'any', chunks: ['INIT'] } },
  u32: {
    yes: { ...n, kind: 'u32', tests: [protocolIs(6)] },
    no: { ...n, kind: 'u32', tests: [protocolIs(17)] },
    unknown: { ...n, kind: 'u32', tests: [{ steps: [{ op: 'first', number: 4 }], values: [{ from: 5, to: 5 }] }] },
  },
  eui64: { yes: null, no: null, unknown: { ...n, kind: 'eui64' } },
  ipv6header: {
    yes: { ...n, kind: 'ipv6header', headers: 1, soft: false },
    no: { ...n, kind: 'ipv6header', headers: 128, soft: true },
  },
  devgroup: {
    yes: { ...n, kind: 'devgroup', side: 'source', value: 0, mask: 0xffffffff },
    no: { ...n, kind: 'devgroup', side: 'destination', value: 1, mask: 1 },
  },
  realm: { yes: { ...n, kind: 'realm', value: 0, mask: 255 }, no: { ...n, kind: 'realm', value: 1, mask: 255 } },
  policy: {
    yes: { ...n, kind: 'policy', dir: 'in', ipsec: false, options: [] },
    no: { ...n, kind: 'policy', dir: 'in', ipsec: true, options: [] },
  },
  cgroup: { yes: null, no: null, absent: { ...n, kind: 'cgroup', classid: 1, path: null } },
  cpu: { yes: null, no: null, unknown: { ...n, kind: 'cpu', cpu: 0 } },
  cluster: {
    yes: { ...n, kind: 'cluster', nodemask: 3, total: 2, seed: 7 },
    no: { ...n, kind: 'cluster', nodemask: 4, total: 2, seed: 7 },
  },
  connbytes: {
    yes: { ...n, kind: 'connbytes', from: 1, to: 1, mode: 'packets', direction: 'original' },
    no: { ...n, kind: 'connbytes', from: 61, to: null, mode: 'bytes', direction: 'both' },
  },
  connlabel: {
    yes: { ...n, kind: 'connlabel', label: '5', set: true },
    no: { ...n, kind: 'connlabel', label: '5', set: false },
    unknown: { ...n, kind: 'connlabel', label: 'by-name', set: false },
  },
  connlimit: {
    yes: { ...n, kind: 'connlimit', limit: 0, maskLength: 32, side: 'source' },
    no: null,
    unknown: { ...n, kind: 'connlimit', limit: 1, maskLength: 32, side: 'source' },
  },
  helper: { yes: null, no: { ...n, kind: 'helper', name: 'ftp' } },
  ah: absent('ah'),
  esp: absent('esp'),
  ipcomp: absent('ipcomp'),
  dccp: absent('dccp'),
  frag: absent('frag'),
  hbh: absent('hbh'),
  dst: absent('dst'),
  rt: absent('rt'),
  mh: absent('mh'),
  srh: absent('srh'),
  bpf: untold('bpf'),
  string: untold('string'),
  hashlimit: untold('hashlimit'),
  quota: untold('quota'),
  rateest: untold('rateest'),
  osf: untold('osf'),
  time: untold('time'),
  l2tp: untold('l2tp'),
  // In FORWARD a packet has no owner; the OUTPUT row below is the unknown one.
  owner: { yes: null, no: { ...n, kind: 'owner', what: 'uid', range: any, supplementary: false } },
  nfacct: { yes: { ...n, kind: 'nfacct', name: 'x' }, no: null },
  unsupported: { yes: null, no: null, unknown: { kind: 'unsupported', module: 'geoip', text: '-m geoip' } },
};

const SETS: readonly IpSet[] = [
  set('nets', 'hash:net', [{ parts: [net('10.244.0.0/16')] }, { parts: [net('10.244.2.0/24')], nomatch: true }]),
  set('ports', 'hash:ip,port', [
    { parts: [net('10.244.2.2/32'), port(17, 80)] },
    { parts: [net('10.244.2.2/32'), port(6, 81)] },
  ]),
];

function context(): RuleContext {
  const world = cluster({ edit: { [HOST1]: (s) => ({ ...s, ipsets: known(SETS) }) } });
  const ns = world.namespaces.get(HOST1) as WorldNamespace;
  const walk = new Walk(world, flow(A1, '10.244.2.2:80'), []);
  const bare: Packet = { ...SYN, mark: 0x4001 };
  const packet = { ...bare, ct: walk.conntrack.track(ns.key, bare) };
  const device = (index: number) => ns.net.linkByIndex.get(ifIndex(index)) ?? link(index, '?', { kind: 'dummy' });
  return { ...NO_DEVICES, iif: device(3), oif: device(2), physIn: device(12), walk, ns, hook: 'FORWARD', packet };
}

const negated = (match: XtMatch): XtMatch => (match.kind === 'unsupported' ? match : { ...match, negate: true });
const isUnknown = (answer: Answer): boolean => typeof answer !== 'boolean';

describe.each(Object.keys(MATCHES) as Kind[])('%s', (kind) => {
  const { yes, no, unknown, absent: absentHere, lot } = SAMPLES[kind] as Sample<Kind>;
  it('takes what it asks for, and its negation does not', () => {
    if (!yes) return;
    expect(evaluateMatch(yes, context())).toBe(true);
    expect(evaluateMatch(negated(yes), context())).toBe(false);
  });
  it('passes over what it does not ask for, and its negation takes it', () => {
    if (!no) return;
    expect(evaluateMatch(no, context())).toBe(false);
    expect(evaluateMatch(negated(no), context())).toBe(true);
  });
  it('is never taken for an answer where it cannot be told', () => {
    if (!unknown) return;
    expect(isUnknown(evaluateMatch(unknown, context()))).toBe(true);
    expect(isUnknown(evaluateMatch(negated(unknown), context()))).toBe(true);
  });
  it('says no where what it reads is not there, negated or not', () => {
    if (!absentHere) return;
    expect(evaluateMatch(absentHere, context())).toBe(false);
    expect(evaluateMatch(negated(absentHere), context())).toBe(false);
  });
  it('leaves lots to the rule, whose odds its negation turns round', () => {
    if (!lot) return;
    expect(evaluateMatch(lot, context())).toBe(true);
    expect(evaluateMatch(negated(lot), context())).toBe(true);
    expect(chanceOf(lot)).toBe(0.25);
    expect(chanceOf(negated(lot))).toBe(0.75);
  });
  it('has a row at all', () => {
    expect(yes ?? no ?? unknown ?? absentHere ?? lot).toBeTruthy();
  });
});

describe('without a connection', () => {
  const untracked = (): RuleContext => {
    const c = context();
    return { ...c, packet: { ...c.packet, ct: null, untracked: true } };
  };
  it('only the state is asked for', () => {
    expect(evaluateMatch({ ...n, kind: 'ctstate', states: ['UNTRACKED'] }, untracked())).toBe(true);
  });
  it.each<XtMatch>([
    { ...ct, kind: 'ctproto', number: 6 },
    { ...ct, kind: 'ctproto', number: 17 },
    { ...ct, kind: 'ctdir', direction: 'ORIGINAL' },
    { ...n, kind: 'connmark', value: 0, mask: 0xff },
  ])('%j says no, negated or not', (match) => {
    expect(evaluateMatch(match, untracked())).toBe(false);
    expect(evaluateMatch(negated(match), untracked())).toBe(false);
  });
  it('what stands beside a state does not count', () => {
    const beside = { kind: 'ctproto', number: 17, negate: false, besideState: true } as const;
    expect(evaluateMatch(beside, untracked())).toBe(true);
    expect(evaluateMatch({ ...beside, negate: true }, untracked())).toBe(true);
  });
});

describe('a packet that came in a frame', () => {
  const framed = (cast: 'host' | 'broadcast' | 'otherhost'): RuleContext => {
    const c = context();
    return { ...c, packet: { ...c.packet, frame: { source: mac('02:00:00:00:00:0a'), cast } } };
  };
  it('has its source', () => {
    expect(evaluateMatch({ ...n, kind: 'mac-source', mac: '02:00:00:00:00:0a' }, framed('host'))).toBe(true);
    expect(evaluateMatch({ ...n, kind: 'mac-source', mac: '02:00:00:00:00:0b' }, framed('host'))).toBe(false);
  });
  it('for another host looks like one for this host to bridge netfilter alone', () => {
    const other = framed('otherhost');
    const unicast = { ...n, kind: 'pkttype', type: 'unicast' } as const;
    expect(evaluateMatch(unicast, other)).toBe(true);
    expect(evaluateMatch(unicast, { ...other, physIn: null })).toBe(false);
  });
  it('came to this host or to all', () => {
    expect(evaluateMatch({ ...n, kind: 'pkttype', type: 'broadcast' }, framed('broadcast'))).toBe(true);
    expect(evaluateMatch({ ...n, kind: 'pkttype', type: 'unicast' }, framed('broadcast'))).toBe(false);
  });
});

it('a port that NAT has drawn is known where the whole range agrees', () => {
  const c = context();
  const drawn = { ...c, packet: { ...c.packet, sport: 1024, sportAmong: { from: 1024, to: 65535 } } };
  const sport = (from: number, to: number): XtMatch => ({ ...n, kind: 'sport', range: { from, to } });
  expect(evaluateMatch(sport(1000, 65535), drawn)).toBe(true);
  expect(evaluateMatch(sport(1, 1023), drawn)).toBe(false);
  expect(isUnknown(evaluateMatch(sport(1024, 1024), drawn))).toBe(true);
});

it('a set that a rule has changed is not known any more', () => {
  const c = context();
  c.walk.changedSets.add(`${c.ns.key} nets`);
  const inNets: XtMatch = { ...n, kind: 'set', set: 'nets', directions: ['src'], options: [] };
  expect(isUnknown(evaluateMatch(inNets, c))).toBe(true);
});

it.each([
  ['the upper protocol is there', 1, false, true],
  ['of the upper protocol and hop-by-hop options both are there', 129, false, false],
  ['none of them is there', 129, true, false],
  ['hop-by-hop options are not there', 128, true, true],
])('ipv6header --soft: %s', (_, headers, negate, expected) => {
  expect(evaluateMatch({ ...n, negate, kind: 'ipv6header', headers, soft: true }, context())).toBe(expected);
});

it('what --set stored, --rcheck finds', () => {
  const c = context();
  expect(evaluateMatch(recentOf('rcheck', 'x'), c)).toBe(false);
  expect(evaluateMatch(recentOf('set', 'x'), c)).toBe(true);
  expect(evaluateMatch(recentOf('rcheck', 'x'), c)).toBe(true);
  expect(evaluateMatch({ ...recentOf('rcheck', 'x'), hitcount: 2 }, c)).toBe(false);
  expect(evaluateMatch({ ...recentOf('set', 'wide'), mask: '255.255.255.0' }, c)).toBe(true);
  expect(evaluateMatch({ ...recentOf('rcheck', 'wide'), mask: '255.255.255.0' }, c)).toBe(true);
});

it('which mask a list of -m recent has is not known where its rules name different ones', () => {
  const c = context();
  expect(evaluateMatch({ ...recentOf('set', 'wide'), mask: '255.255.255.0' }, c)).toBe(true);
  expect(isUnknown(evaluateMatch(recentOf('rcheck', 'wide'), c))).toBe(true);
  expect(evaluateMatch(recentOf('set', 'wide'), c)).toBe(true);
  expect(evaluateMatch(recentOf('rcheck', 'other'), c)).toBe(false);
});

/** Which node a connection from 10.9.0.1 or fd09::1 belongs to: seen with Linux 6.18. */
it.each([
  ['10.9.0.1', 2, 1, 0],
  ['10.9.0.1', 5, 0xdeadbeef, 3],
  ['fd09::1', 5, 1, 1],
  ['fd09::1', 5, 2, 3],
  ['fd09::1', 5, 99, 0],
])('cluster: a connection of %s among %d nodes with seed %d belongs to node %d', (source, total, seed, node) => {
  const c = context();
  const ref = c.packet.ct ?? expect.fail('no connection');
  const entry = c.walk.conntrack.get(c.ns.key, ref.id) ?? expect.fail('no entry');
  c.walk.conntrack.update(c.ns.key, ref.id, { original: { ...entry.original, source: ip(source) } });
  const of = (n: number): XtMatch => ({ kind: 'cluster', nodemask: (1 << n) >>> 0, total, seed, negate: false });
  expect(Array.from({ length: total }, (_, n) => evaluateMatch(of(n), c)).indexOf(true)).toBe(node);
});
