/** Policy rules, tables and next hops: one row for each way in which a lookup could go wrong unnoticed. */
import {
  formatIp,
  hostKey,
  type InterfaceAddress,
  ifIndex,
  ip,
  type NetnsState,
  prefix,
  type Route,
  type Rule,
  SCOPE,
} from '@netverdict/linux-net';
import { describe, expect, it } from 'vitest';
import { address, cluster, DEFAULT_RULES, known, policyRule, route } from '../testing/cluster.ts';
import { A1, flow } from '../testing/flows.ts';
import { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from '../world/world.ts';
import { type FlowKey, lookup, selectAddress } from './lookup.ts';
import { ruleMatches } from './rules.ts';

const KEY: FlowKey = {
  source: ip('10.244.1.2'),
  destination: ip('192.0.2.9'),
  mark: 0x4001,
  tos: 0x10,
  protocol: 6,
  sport: 40000,
  dport: 80,
  iifName: 'cni0',
  oif: null,
  oifName: null,
};

describe('a policy rule', () => {
  const rows: readonly (readonly [string, Partial<Rule>, boolean])[] = [
    ['without selectors', {}, true],
    ['from the source', { from: prefix('10.244.1.0/24') }, true],
    ['from another source', { from: prefix('10.244.2.0/24') }, false],
    ['not from the source', { invert: true, from: prefix('10.244.1.0/24') }, false],
    ['not from another source', { invert: true, from: prefix('10.244.2.0/24') }, true],
    ['to the destination', { to: prefix('192.0.2.0/24') }, true],
    ['to elsewhere', { to: prefix('198.51.100.0/24') }, false],
    ['by the device', { iif: 'cni0' }, true],
    ['by another device', { iif: 'eth0' }, false],
    ['out of a device that is not asked for', { oif: 'eth0' }, false],
    ['of the mark within the mask', { fwmark: { value: 0x4000, mask: 0x4000 } }, true],
    ['of the mark without the mask', { fwmark: { value: 0x4000, mask: 0xffffffff } }, false],
    ['of the TOS', { tos: 0x10 }, true],
    ['of another TOS', { tos: 0x08 }, false],
    ['of the protocol', { ipproto: 6 }, true],
    ['of another protocol', { ipproto: 17 }, false],
    ['whose ports end with it', { dport: { from: 70, to: 80 } }, true],
    ['whose ports begin with it', { dport: { from: 80, to: 90 } }, true],
    ['whose ports end before it', { dport: { from: 70, to: 79 } }, false],
    ['whose ports begin after it', { sport: { from: 40001, to: 50000 } }, false],
  ];
  it.each(rows)('%s', (_, selectors, matches) => {
    expect(ruleMatches(policyRule(100, 100, selectors), KEY, 1000, { sees: (_, answer) => answer })).toBe(matches);
  });
});

function host(edit: (s: NetnsState) => NetnsState): WorldNamespace {
  return cluster({ edit: { [hostKey('node-1')]: edit } }).namespaces.get(hostKey('node-1')) as WorldNamespace;
}

const to = (text: string, via: string, table: number, more: Partial<Route> = {}): Route => ({
  ...route(text, 2, { via, table }),
  ...more,
});
const hop = (via: string, more: object) => route('192.0.2.0/24', 2, { via }).nexthops.map((h) => ({ ...h, ...more }));

/** The gateway that is found, or what is said instead. */
function found(rules: readonly Rule[], routes: readonly Route[]): string {
  const ns = host((s) => ({ ...s, rules4: known(rules), routes4: known(routes) }));
  const result = lookup(new Walk(cluster(), flow(A1, '192.0.2.9:80'), []), ns, KEY);
  if (result.kind === 'route') return result.nexthop?.via == null ? 'link' : formatIp(result.nexthop.via);
  return result.kind === 'error' ? result.type : result.kind;
}

describe('a lookup', () => {
  const ten = policyRule(10, 10, {});
  const twenty = policyRule(20, 20, {});
  const rows: readonly (readonly [string, readonly Rule[], readonly Route[], string])[] = [
    [
      'asks the rule of lower priority first',
      [twenty, ten],
      [to('0.0.0.0/0', '1.1.1.1', 10), to('0.0.0.0/0', '2.2.2.2', 20)],
      '1.1.1.1',
    ],
    ['asks the next table where one has nothing', [ten, twenty], [to('0.0.0.0/0', '2.2.2.2', 20)], '2.2.2.2'],
    [
      'asks the next table after a throw route, whatever else the first one has',
      [ten, twenty],
      [
        { ...route('192.0.2.0/24', 0, { table: 10, type: 'throw' }) },
        to('0.0.0.0/0', '1.1.1.1', 10),
        to('0.0.0.0/0', '2.2.2.2', 20),
      ],
      '2.2.2.2',
    ],
    [
      'goes to the rule that a goto names',
      [policyRule(5, 0, { action: { kind: 'goto', priority: 20 } }), ten, twenty],
      [to('0.0.0.0/0', '1.1.1.1', 10), to('0.0.0.0/0', '2.2.2.2', 20)],
      '2.2.2.2',
    ],
    [
      'stops at a rule that refuses',
      [policyRule(5, 0, { action: { kind: 'prohibit' } }), ten],
      [to('0.0.0.0/0', '1.1.1.1', 10)],
      'prohibit',
    ],
    ['takes the longest prefix', [ten], [to('0.0.0.0/0', '1.1.1.1', 10), to('192.0.2.0/24', '2.2.2.2', 10)], '2.2.2.2'],
    [
      'takes the lower metric',
      [ten],
      [to('192.0.2.0/24', '1.1.1.1', 10, { metric: 200 }), to('192.0.2.0/24', '2.2.2.2', 10, { metric: 100 })],
      '2.2.2.2',
    ],
    [
      'takes the route of its TOS',
      [ten],
      [to('192.0.2.0/24', '1.1.1.1', 10, { tos: 0x10 }), to('192.0.2.0/24', '2.2.2.2', 10)],
      '1.1.1.1',
    ],
    [
      'passes over a route of another TOS',
      [ten],
      [to('192.0.2.0/24', '1.1.1.1', 10, { tos: 0x08 }), to('192.0.2.0/24', '2.2.2.2', 10)],
      '2.2.2.2',
    ],
    [
      'passes over a dead next hop to a shorter prefix',
      [ten],
      [to('192.0.2.0/24', '1.1.1.1', 10, { nexthops: hop('1.1.1.1', { dead: true }) }), to('0.0.0.0/0', '2.2.2.2', 10)],
      '2.2.2.2',
    ],
    [
      'takes a next hop whose link is down, unless a sysctl says not to',
      [ten],
      [
        to('192.0.2.0/24', '1.1.1.1', 10, { nexthops: hop('1.1.1.1', { linkdown: true }) }),
        to('0.0.0.0/0', '2.2.2.2', 10),
      ],
      '1.1.1.1',
    ],
    ['finds nothing in tables that no rule names', DEFAULT_RULES, [to('0.0.0.0/0', '1.1.1.1', 10)], 'none'],
  ];
  it.each(rows)('%s', (_, rules, routes, answer) => {
    expect(found(rules, routes)).toBe(answer);
  });
});

describe('the source address', () => {
  const on = (text: string, more: Partial<InterfaceAddress> = {}): InterfaceAddress => ({
    ...address(2, text),
    ...more,
  });
  const select = (list: readonly InterfaceAddress[], towards: string, widest?: number): string => {
    const ns = host((s) => ({ ...s, addresses: known(list) }));
    const chosen = selectAddress(ns, ifIndex(2), ip(towards), 'ipv4', widest);
    return chosen === null ? 'none' : formatIp(chosen);
  };
  it.each([
    ['is the first of the device', [on('10.0.0.1/24'), on('10.1.0.1/24')], '192.0.2.1', '10.0.0.1'],
    ['is the one in whose prefix the next hop lies', [on('10.0.0.1/24'), on('10.1.0.1/24')], '10.1.0.9', '10.1.0.1'],
    ['is no secondary one', [on('10.1.0.1/24', { secondary: true }), on('10.0.0.1/24')], '10.1.0.9', '10.0.0.1'],
    ['is one of another device where there is none', [address(3, '10.2.0.1/24')], '192.0.2.1', '10.2.0.1'],
    ['is no loopback address', [address(1, '127.0.0.1/8')], '192.0.2.1', 'none'],
    ['of another device has global scope', [{ ...address(3, '10.2.0.1/24'), scope: SCOPE.link }], '192.0.2.1', 'none'],
  ] as const)('%s', (_, list, towards, expected) => {
    expect(select(list, towards)).toBe(expected);
  });
  it('may be of link scope on a link, and not for a translation', () => {
    const list = [on('10.0.0.1/24', { scope: SCOPE.link })];
    expect([select(list, '10.0.0.9'), select(list, '10.0.0.9', SCOPE.global)]).toEqual(['10.0.0.1', 'none']);
  });
});

describe('IPv6 routes', () => {
  const KEY6: FlowKey = { ...KEY, source: ip('fd00::1'), destination: ip('fd09::9') };
  const via = (gateway: string, more: Partial<Route> = {}): Route => ({
    ...route('fd09::/64', 2, { via: gateway, metric: 1024 }),
    ...more,
  });
  const gatewayOf = (routes: readonly Route[], key: Partial<FlowKey> = {}): string => {
    const ns = host((s) => ({ ...s, rules6: known(DEFAULT_RULES), routes6: known(routes) }));
    const result = lookup(new Walk(cluster(), flow(A1, '192.0.2.9:80'), []), ns, { ...KEY6, ...key });
    return result.kind === 'route' && result.nexthop?.via != null ? formatIp(result.nexthop.via) : result.kind;
  };
  const other = (r: Route): Route => ({ ...r, nexthops: r.nexthops.map((hop) => ({ ...hop, dev: ifIndex(3) })) });
  it.each([
    ['of the lower metric come first', [via('fe80::1', { metric: 2000 }), via('fe80::2')], {}, 'fe80::2'],
    ['of a preferred router come first', [via('fe80::1'), via('fe80::2', { preference: 'high' })], {}, 'fe80::2'],
    ['through the asked device come first', [other(via('fe80::1')), via('fe80::2')], { oif: ifIndex(2) }, 'fe80::2'],
    ['through another device still count', [other(via('fe80::1'))], { oif: ifIndex(2) }, 'fe80::1'],
    ['but not for a socket that is bound', [other(via('fe80::1'))], { oif: ifIndex(2), strictDevice: true }, 'none'],
    [
      "for the source's prefix come first, whatever their metric",
      [via('fe80::1'), via('fe80::2', { source: prefix('fd00::/64'), metric: 4000 })],
      {},
      'fe80::2',
    ],
    [
      'for a source do not count while none is chosen',
      [via('fe80::1'), via('fe80::2', { source: prefix('fd00::/64') })],
      { source: null },
      'fe80::1',
    ],
  ] as const)('%s', (_, routes, key, gateway) => {
    expect(gatewayOf(routes, key)).toBe(gateway);
  });
});
