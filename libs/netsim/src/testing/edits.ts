/** Changes to the small cluster that the rows of tests are made of: rulesets, devices, routes, sysctls. */
import { type InterfaceAddress, ip, type Link, type NetnsState, prefix, type XtMatch } from '@netverdict/linux-net';
import { DEFAULT_RULES, known, policyRule, route, ruleset, type Tables } from './cluster.ts';
import { A1, flow } from './flows.ts';

export const nft =
  (tables: Tables) =>
  (s: NetnsState): NetnsState => ({ ...s, iptablesNft: known(ruleset('nft', tables)) });
export const legacy =
  (tables: Tables) =>
  (s: NetnsState): NetnsState => ({ ...s, iptablesLegacy: known(ruleset('legacy', tables)) });
export const linkDown =
  (name: string) =>
  (s: NetnsState): NetnsState => ({
    ...s,
    links: s.links.known
      ? known(s.links.value.map((l) => (l.name === name ? { ...l, up: false, carrier: false } : l)))
      : s.links,
  });
export const sysctls =
  (values: Record<string, string>) =>
  (s: NetnsState): NetnsState => ({
    ...s,
    sysctls: s.sysctls.known ? known(new Map([...s.sysctls.value, ...Object.entries(values)])) : s.sysctls,
  });
export const routes =
  (edit: (r: readonly ReturnType<typeof route>[]) => readonly ReturnType<typeof route>[]) =>
  (s: NetnsState): NetnsState => ({
    ...s,
    routes4: s.routes4.known ? known(edit(s.routes4.value)) : s.routes4,
  });
export const to = (text: string, length = 32): XtMatch => ({
  kind: 'destination',
  negate: false,
  value: { address: ip(text), mask: (length === 32 ? 0xffffffff : (0xffffffff << (32 - length)) >>> 0) as never },
});
export const tcp: XtMatch = { kind: 'protocol', negate: false, number: 6 };
export const dport = (port: number): XtMatch => ({ kind: 'dport', negate: false, range: { from: port, to: port } });
export const chance = (probability: number): XtMatch => ({ kind: 'statistic-random', negate: false, probability });
export const dnat = (address: string, port: number) =>
  ({
    kind: 'dnat',
    to: {
      addresses: { from: ip(address), to: ip(address) },
      ports: { from: port, to: port },
      basePort: null,
      random: false,
      randomFully: false,
      persistent: false,
    },
  }) as const;
export const snat = (address: string) => ({
  ...dnat(address, 0),
  kind: 'snat' as const,
  to: { ...dnat(address, 0).to, ports: null },
});
export const MASQUERADE = { kind: 'masquerade', ports: null, random: false, randomFully: false } as const;

/** One Service, 10.96.0.10:8080, with an endpoint on each node, as kube-proxy writes it. */
export const SERVICE: Tables = {
  nat: {
    PREROUTING: [{ target: { kind: 'jump', chain: 'SVC' } }],
    OUTPUT: [{ target: { kind: 'jump', chain: 'SVC' } }],
    POSTROUTING: [
      { matches: [{ kind: 'mark', negate: true, value: 0x4000, mask: 0x4000 }], target: { kind: 'return' } },
      { target: { kind: 'mark', value: 0x4000, mask: 0 } },
      { target: MASQUERADE },
    ],
    SVC: [{ matches: [tcp, to('10.96.0.10'), dport(8080)], target: { kind: 'jump', chain: 'BACKENDS' } }],
    BACKENDS: [
      {
        matches: [{ kind: 'source', negate: true, value: { address: ip('10.244.0.0'), mask: ip('255.255.0.0') } }],
        target: { kind: 'jump', chain: 'MARK' },
      },
      { matches: [chance(0.5)], target: { kind: 'jump', chain: 'SEP1' } },
      { target: { kind: 'jump', chain: 'SEP2' } },
    ],
    SEP1: [
      {
        matches: [{ kind: 'source', negate: false, value: { address: ip('10.244.1.2'), mask: ip('255.255.255.255') } }],
        target: { kind: 'jump', chain: 'MARK' },
      },
      { matches: [tcp], target: dnat('10.244.1.2', 80) },
    ],
    SEP2: [{ matches: [tcp], target: dnat('10.244.2.2', 80) }],
    MARK: [{ target: { kind: 'mark', value: 0x4000, mask: 0x4000 } }],
  },
};
export const SVC = '10.96.0.10:8080';
export const FWD_DROP: Tables = {
  filter: { FORWARD: [{ matches: [to('10.244.2.0', 24)], target: { kind: 'drop' } }] },
};

export const devices =
  (name: string, change: Partial<Link>) =>
  (s: NetnsState): NetnsState => ({
    ...s,
    links: s.links.known ? known(s.links.value.map((l) => (l.name === name ? { ...l, ...change } : l))) : s.links,
  });
export const both =
  (...edits: ((s: NetnsState) => NetnsState)[]) =>
  (s: NetnsState) =>
    edits.reduce((now, e) => e(now), s);
export const program =
  (hook: string) =>
  (s: NetnsState): NetnsState => ({
    ...s,
    programs: known([{ dev: null, hook, name: 'cil_sock4_connect' }]),
  });
export const isolated = (s: NetnsState): NetnsState => ({
  ...s,
  links: s.links.known
    ? known(s.links.value.map((l) => (l.bridgePort ? { ...l, bridgePort: { ...l.bridgePort, isolated: true } } : l)))
    : s.links,
});
export const addresses =
  (edit: (a: readonly InterfaceAddress[]) => readonly InterfaceAddress[]) =>
  (s: NetnsState): NetnsState => ({
    ...s,
    addresses: s.addresses.known ? known(edit(s.addresses.value)) : s.addresses,
  });
export const toOutside = flow(A1, '203.0.113.10:443');
export const MASQ = nft({ nat: { POSTROUTING: [{ target: MASQUERADE }] } });
export const TWO_HOPS = routes((r) => [
  ...r.filter((x) => x.destination.length !== 24 || x.destination.address !== prefix('10.244.2.0/24').address),
  {
    ...route('10.244.2.0/24', 4, { via: '10.244.2.0' }),
    nexthops: [
      ...route('10.244.2.0/24', 4, { via: '10.244.2.0' }).nexthops,
      ...route('10.244.2.0/24', 2, { via: '172.18.0.1' }).nexthops,
    ],
  },
]);

export const TO_LOOPBACK = nft({ nat: { PREROUTING: [{ matches: [tcp], target: dnat('127.0.0.1', 80) }] } });
/** What comes from the pods is routed by a table of its own, in which they themselves are elsewhere. */
export const MARKED = both(
  nft({
    mangle: {
      PREROUTING: [
        {
          matches: [{ kind: 'in-interface', negate: false, name: 'cni0', wildcard: false }],
          target: { kind: 'mark', value: 7, mask: 0xffffffff },
        },
      ],
    },
  }),
  (s) => ({ ...s, rules4: known([...DEFAULT_RULES, policyRule(100, 100, { fwmark: { value: 7, mask: 0xff } })]) }),
  routes((r) => [
    ...r,
    route('0.0.0.0/0', 2, { via: '172.18.0.1', table: 100 }),
    route('10.244.2.0/24', 4, { via: '10.244.2.0', table: 100 }),
  ]),
);

export const MARK_OUTPUT: Tables = { mangle: { OUTPUT: [{ target: { kind: 'mark', value: 7, mask: 0xffffffff } }] } };
export const BLACKHOLE_OF_MARK = (s: NetnsState): NetnsState => ({
  ...s,
  rules4: known([
    policyRule(10, 0, { fwmark: { value: 7, mask: 0xff }, action: { kind: 'blackhole' } }),
    ...DEFAULT_RULES,
  ]),
});

export const ON_LINK = routes((r) => [...r, route('10.244.2.0/24', 2)]);
export const PROXY_ARP = sysctls({ 'net/ipv4/conf/cni0/proxy_arp': '1' });
