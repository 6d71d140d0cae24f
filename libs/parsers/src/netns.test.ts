/** The namespace of fixtures/scratch, from the tools' JSON to the state. */
import { readFileSync } from 'node:fs';
import { ip, type Link, type NetnsState, prefix, type SectionKind, type SectionRef } from '@netverdict/linux-net';
import { describe, expect, test } from 'vitest';
import { type NetnsSection, parseNetns } from './netns.ts';

const ref = (kind: SectionKind): SectionRef => ({
  kind,
  digest: `sha256:${kind}`,
  at: '2026-01-01T00:00:00Z',
  bytes: 0,
});
const fixture = (name: string): string => readFileSync(new URL(`./fixtures/scratch/${name}`, import.meta.url), 'utf8');
const KINDS = [
  'ip-link',
  'ip-address',
  'ip-route',
  'ip-route6',
  'ip-rule',
  'ip-rule6',
  'ip-neigh',
  'bridge-fdb',
] as const;
const sections: readonly NetnsSection[] = [
  ...KINDS.map((kind) => ({ ref: ref(kind), text: fixture(`${kind}.json`) })),
  { ref: ref('sockets'), text: fixture('sockets.txt') },
];
const state = parseNetns(sections);

function the<K extends keyof NetnsState>(part: K): Extract<NetnsState[K], { known: true }>['value'] {
  const known = state[part];
  if (!known.known) throw new Error(`${part} is unknown: ${known.reason} (line ${known.line})`);
  return known.value as Extract<NetnsState[K], { known: true }>['value'];
}
const link = (name: string): Link => {
  const found = the('links').find((l) => l.name === name);
  if (!found) throw new Error(`no link ${name}`);
  return found;
};

describe('links', () => {
  test('a veth on a bridge has its port, its master and its peer in another namespace', () => {
    expect(link('veth0')).toMatchObject({
      detail: { kind: 'veth' },
      master: link('br0').ifindex,
      linkNetnsid: 0,
      up: true,
      carrier: true,
      bridgePort: { hairpin: false, learning: true, isolated: false },
    });
  });
  test('a veth knows its peer in the same namespace', () => {
    expect(link('v1').link).toBe(link('v2').ifindex);
    expect(link('v1').linkNetnsid).toBeNull();
  });
  test('a vxlan has its VNI, port, local address and underlay', () => {
    expect(link('vx').detail).toEqual({
      kind: 'vxlan',
      vni: 1,
      dstPort: 8472,
      local: ip('10.2.0.1'),
      remote: null,
      underlay: link('v1').ifindex,
      learning: false,
      external: false,
      ttl: 0,
      tos: 0,
      df: 'unset',
      sums: { ipv4: true, ipv6: true },
      proxy: false,
      extended: false,
    });
  });
  test.each([
    ['lo', { kind: 'loopback' }],
    [
      'br0',
      {
        kind: 'bridge',
        vlanFiltering: false,
        defaultPvid: 1,
        nfCallIptables: false,
        nfCallIp6tables: false,
        stp: false,
      },
    ],
    ['mv', { kind: 'macvlan', mode: 'bridge' }],
    ['tap0', { kind: 'tun', mode: 'tap' }],
  ])('%s', (name, detail) => {
    expect(link(name).detail).toEqual(detail);
  });
  test('without -d a kind is not known, rather than physical', () => {
    const plain = parseNetns([
      { ref: ref('ip-link'), text: '[{"ifindex":2,"ifname":"eth0","flags":["UP"],"mtu":1500,"link_type":"ether"}]' },
    ]);
    expect(plain.links).toMatchObject({ known: true, value: [{ detail: { kind: 'other' } }] });
  });
});

test('an address with a peer keeps both ends', () => {
  expect(the('addresses').find((a) => a.address === ip('10.9.9.1'))).toMatchObject({
    ifindex: link('v1').ifindex,
    peer: ip('10.9.9.2'),
    prefixLength: 32,
    scope: 0,
  });
});

describe('routes', () => {
  const route = (text: string) =>
    [...the('routes4'), ...the('routes6')].filter((r) => {
      const p = prefix(text);
      return r.destination.address === p.address && r.destination.length === p.length && r.family === p.family;
    });
  const v1 = () => link('v1').ifindex;
  test('a default route over two gateways has two weighted nexthops', () => {
    expect(route('0.0.0.0/0')[0]?.nexthops).toMatchObject([
      { via: ip('10.2.0.3'), dev: v1(), weight: 2 },
      { via: ip('10.2.0.4'), dev: v1(), weight: 1 },
    ]);
  });
  test('onlink is kept', () => {
    expect(route('10.244.2.0/24')[0]?.nexthops).toMatchObject([
      { via: ip('10.50.0.1'), dev: link('vx').ifindex, onlink: true },
    ]);
  });
  test('a route with an encap keeps its own destination', () => {
    expect(route('10.82.0.0/16')[0]?.nexthops).toMatchObject([{ via: ip('10.2.0.3'), encap: 'ip' }]);
    expect(route('1.1.1.1/32')).toEqual([]);
  });
  test('an IPv4 route may have an IPv6 gateway', () => {
    expect(route('10.73.0.0/16')[0]?.nexthops).toMatchObject([{ via: ip('fe80::5') }]);
  });
  test.each([
    ['10.66.0.0/16', 'blackhole'],
    ['10.67.0.0/16', 'unreachable'],
    ['10.81.0.0/16', 'throw'],
    ['fd04::/64', 'unreachable'],
  ])('%s is %s and leads nowhere', (destination, type) => {
    expect(route(destination)).toMatchObject([{ type, nexthops: [] }]);
  });
  test('table, tos, source and metrics', () => {
    expect(route('10.70.0.0/16')).toMatchObject([{ table: 100, tos: 0x10, prefsrc: ip('10.2.0.1'), scope: 253 }]);
    expect(route('10.244.1.0/24')).toMatchObject([{ mtuBytes: 1400 }]);
    expect(route('fd02::/64')[0]?.source).toEqual(prefix('fd00::/64'));
  });
  test('evidence is the element and its text', () => {
    expect(route('10.66.0.0/16')[0]?.evidence.text).toMatch(/^\{"type":"blackhole","dst":"10\.66\.0\.0\/16"/);
  });
});

test('policy rules keep every selector', () => {
  expect(the('rules4').filter((r) => r.priority > 0 && r.priority < 100)).toMatchObject([
    {
      priority: 10,
      from: prefix('10.0.0.0/8'),
      to: prefix('1.2.3.4/32'),
      fwmark: { value: 0x200, mask: 0xf00 },
      iif: 'v1',
      tos: 0x10,
      action: { kind: 'lookup', table: 100 },
    },
    { priority: 11, invert: true, from: null, suppressPrefixLength: 0, action: { kind: 'lookup', table: 254 } },
    {
      priority: 12,
      ipproto: 6,
      sport: { from: 80, to: 80 },
      dport: { from: 443, to: 445 },
      uidrange: { from: 5, to: 6 },
      oif: 'v1',
      action: { kind: 'goto', priority: 32766 },
    },
    { priority: 13, from: prefix('9.9.9.9/32'), action: { kind: 'prohibit' } },
    { priority: 14, fwmark: { value: 5, mask: 0xffffffff }, action: { kind: 'blackhole' } },
    { priority: 15, action: { kind: 'nop' } },
    { priority: 16, suppressIfGroup: 4 },
  ]);
  expect(the('rules6').find((r) => r.priority === 99)).toMatchObject({ l3mdev: true });
});

test('neighbours: permanent, incomplete and proxy', () => {
  const of = (address: string) => the('neighbours').find((n) => n.address === ip(address));
  expect(of('10.2.0.3')).toMatchObject({ state: 'permanent', mac: '02:00:00:00:00:03', dev: link('v1').ifindex });
  expect(of('10.2.0.10')).toMatchObject({ state: 'incomplete', mac: null });
  expect(of('10.2.0.99')).toMatchObject({ proxy: true });
});

test('forwarding entries: of the vxlan itself and of a bridge', () => {
  const of = (mac: string) => the('fdb').filter((e) => e.mac === mac);
  expect(of('02:00:00:00:00:09')).toMatchObject([{ dev: link('vx').ifindex, dst: ip('10.2.0.9'), master: null }]);
  expect(of('00:00:00:00:00:00')).toMatchObject([{ vni: 7, port: 4789, via: link('v1').ifindex }]);
  expect(of('02:00:00:00:00:0a')).toMatchObject([{ dev: link('veth0').ifindex, master: link('br0').ifindex }]);
});

test('sockets listen where the kernel says', () => {
  expect(the('sockets')).toMatchObject([
    { protocol: 'tcp', local: { address: ip('127.0.0.1'), port: 8099 }, state: 'listen', remote: null },
    { protocol: 'tcp', family: 'ipv6', local: { address: ip('::'), port: 8100 }, state: 'listen' },
    { protocol: 'udp', local: { address: ip('10.2.0.1'), port: 5353 }, state: 'unconnected' },
    { protocol: 'udp', local: { port: 8472 } },
  ]);
});

describe('a part is unknown', () => {
  test('that was not collected', () => {
    expect(state.iptablesNft).toEqual({ known: false, kind: 'iptables-nft-save', reason: 'not collected', line: null });
  });
  test('that the agent could not read, with its reason', () => {
    const missing = parseNetns([{ kind: 'ipset-save', missing: 'permission denied' }]);
    expect(missing.ipsets).toMatchObject({ known: false, reason: 'permission denied' });
  });
  test('that does not parse, with its line', () => {
    const broken = parseNetns([{ ref: ref('iptables-save'), text: '*filter\ngarbage\n' }]);
    expect(broken.iptablesLegacy).toMatchObject({ known: false, line: 2 });
  });
  test('that names devices when the links are unknown', () => {
    const alone = parseNetns(sections.filter((s) => !('ref' in s) || s.ref.kind !== 'ip-link'));
    expect(alone.routes4).toMatchObject({ known: false, kind: 'ip-link', reason: expect.stringContaining('links') });
    expect(alone.rules4.known).toBe(true);
  });
});

test('a device that is in no link has an index that no link has', () => {
  const churned = parseNetns([
    { ref: ref('ip-link'), text: fixture('ip-link.json') },
    {
      ref: ref('ip-route'),
      text: '[{"dst":"10.0.0.1","dev":"cali1","flags":[]},{"dst":"10.0.0.2","dev":"if77","flags":[]}]',
    },
  ]);
  expect(churned.routes4).toMatchObject({
    known: true,
    value: [{ nexthops: [{ dev: -1 }] }, { nexthops: [{ dev: 77 }] }],
  });
});
