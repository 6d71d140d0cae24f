/** Packets through a small cluster: each row is a sentence, its packet, and what must become of it. */
import {
  type Flow,
  type InterfaceAddress,
  ifIndex,
  ip,
  type Link,
  type NetnsState,
  prefix,
  type Rule,
  SCOPE,
  type XtMatch,
} from '@netverdict/linux-net';
import type { Disposition, FindingCode, Outcome } from '@netverdict/verdict';
import { describe, expect, it } from 'vitest';
import { type DiagnoseOptions, diagnose } from './diagnose.ts';
import {
  address,
  type ClusterOptions,
  cluster,
  DEFAULT_RULES,
  known,
  listener,
  mac,
  missing,
  policyRule,
  type RuleSpec,
  route,
  ruleset,
  type Tables,
} from './testing/cluster.ts';
import { A1, A2, B1, flow, HOST1, HOST2, traceText } from './testing/flows.ts';

const NAMES = { source: 'a', destination: 'b' };

interface Row {
  readonly name: string;
  readonly flow: Flow;
  readonly with?: ClusterOptions;
  readonly outcome: Outcome;
  readonly disposition?: Disposition;
  readonly findings?: readonly FindingCode[];
  /** The remedy of the first finding. */
  readonly remedy?: string | null;
  readonly proven?: boolean;
}

const nft =
  (tables: Tables) =>
  (s: NetnsState): NetnsState => ({ ...s, iptablesNft: known(ruleset('nft', tables)) });
const legacy =
  (tables: Tables) =>
  (s: NetnsState): NetnsState => ({ ...s, iptablesLegacy: known(ruleset('legacy', tables)) });
const linkDown =
  (name: string) =>
  (s: NetnsState): NetnsState => ({
    ...s,
    links: s.links.known
      ? known(s.links.value.map((l) => (l.name === name ? { ...l, up: false, carrier: false } : l)))
      : s.links,
  });
const sysctls =
  (values: Record<string, string>) =>
  (s: NetnsState): NetnsState => ({
    ...s,
    sysctls: s.sysctls.known ? known(new Map([...s.sysctls.value, ...Object.entries(values)])) : s.sysctls,
  });
const routes =
  (edit: (r: readonly ReturnType<typeof route>[]) => readonly ReturnType<typeof route>[]) =>
  (s: NetnsState): NetnsState => ({
    ...s,
    routes4: s.routes4.known ? known(edit(s.routes4.value)) : s.routes4,
  });
const to = (text: string, length = 32): XtMatch => ({
  kind: 'destination',
  negate: false,
  value: { address: ip(text), mask: (length === 32 ? 0xffffffff : (0xffffffff << (32 - length)) >>> 0) as never },
});
const tcp: XtMatch = { kind: 'protocol', negate: false, number: 6 };
const dport = (port: number): XtMatch => ({ kind: 'dport', negate: false, range: { from: port, to: port } });
const chance = (probability: number): XtMatch => ({ kind: 'statistic-random', negate: false, probability });
const dnat = (address: string, port: number) =>
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
const MASQUERADE = { kind: 'masquerade', ports: null, random: false, randomFully: false } as const;

/** One Service, 10.96.0.10:8080, with an endpoint on each node, as kube-proxy writes it. */
const SERVICE: Tables = {
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
const SVC = '10.96.0.10:8080';
const FWD_DROP: Tables = { filter: { FORWARD: [{ matches: [to('10.244.2.0', 24)], target: { kind: 'drop' } }] } };

const clean: Row[] = [
  { name: 'pod to pod on the same node crosses the bridge', flow: flow(A1, '10.244.1.3:80'), outcome: 'reachable' },
  {
    name: 'pod to pod on another node goes through the tunnel and back',
    flow: flow(A1, '10.244.2.2:80'),
    outcome: 'reachable',
  },
  {
    name: 'host-gw: pod to pod on another node',
    flow: flow(A1, '10.244.2.2:80'),
    with: { mode: 'host-gw' },
    outcome: 'reachable',
  },
  { name: 'a ping is answered by the kernel', flow: flow(A1, '10.244.2.2'), outcome: 'reachable' },
  { name: 'UDP reaches a UDP socket', flow: flow(A1, '10.244.2.2:53', { protocol: 'udp' }), outcome: 'reachable' },
  { name: 'pod to its own node', flow: flow(A1, '172.18.0.11:80'), outcome: 'reachable' },
  {
    name: 'pod to another node',
    flow: flow(A1, '172.18.0.12:80'),
    with: { edit: { [HOST1]: nft({ nat: { POSTROUTING: [{ target: MASQUERADE }] } }) } },
    outcome: 'reachable',
  },
  { name: 'node to node', flow: flow(HOST1, '172.18.0.12:80'), outcome: 'reachable' },
  { name: 'node to itself over loopback', flow: flow(HOST1, '127.0.0.1:80'), outcome: 'reachable' },
  {
    name: 'node to a pod elsewhere has the tunnel end as its source',
    flow: flow(HOST1, '10.244.2.2:80'),
    outcome: 'reachable',
  },
  {
    name: 'pod to an outside address, masqueraded',
    flow: flow(A1, '203.0.113.10:443'),
    with: { edit: { [HOST1]: nft({ nat: { POSTROUTING: [{ target: MASQUERADE }] } }) } },
    outcome: 'reachable',
    disposition: 'exits-network',
  },
  {
    name: 'pod to a Service with backends on both nodes',
    flow: flow(B1, SVC),
    with: { edit: { [HOST1]: nft(SERVICE) } },
    outcome: 'reachable',
  },
  {
    name: 'node to a Service is masqueraded and answered',
    flow: flow(HOST1, SVC),
    with: { edit: { [HOST1]: legacy(SERVICE) } },
    outcome: 'reachable',
  },
  {
    name: 'pod to itself through its Service takes the hairpin',
    flow: flow(A1, SVC),
    with: { edit: { [HOST1]: nft(SERVICE) } },
    outcome: 'reachable',
  },
  {
    name: "the destination's lo being down does not matter",
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A2]: linkDown('lo') } },
    outcome: 'reachable',
  },
  {
    name: 'a rule with an unsupported match that only logs does not matter',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [HOST2]: nft({
          filter: {
            FORWARD: [
              { matches: [{ kind: 'unsupported', module: 'bpf', text: '' }], target: { kind: 'observe', name: 'LOG' } },
            ],
          },
        }),
      },
    },
    outcome: 'reachable',
  },
  {
    name: 'an unsupported match whose both answers accept does not matter',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [HOST2]: nft({
          filter: {
            FORWARD: [{ matches: [{ kind: 'unsupported', module: 'bpf', text: '' }], target: { kind: 'accept' } }],
          },
        }),
      },
    },
    outcome: 'reachable',
  },
];

const broken: Row[] = [
  {
    name: 'a DROP rule on the other node',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST2]: nft(FWD_DROP) } },
    outcome: 'unreachable',
    disposition: 'dropped',
    findings: ['NV-FILTER-DROP'],
    remedy: "iptables-nft -t filter -D FORWARD -m comment --comment 'rule 1' -j DROP",
    proven: true,
  },
  {
    name: 'a DROP rule of the legacy variant counts beside nft',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: { [HOST2]: (s) => nft({ filter: { FORWARD: [{ target: { kind: 'accept' } }] } })(legacy(FWD_DROP)(s)) },
    },
    outcome: 'unreachable',
    findings: ['NV-FILTER-DROP'],
    remedy: "iptables-legacy -t filter -D FORWARD -m comment --comment 'rule 1' -j DROP",
  },
  {
    name: 'a policy of DROP',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST2]: nft({ filter: { 'FORWARD:DROP': [] } }) } },
    outcome: 'unreachable',
    findings: ['NV-FILTER-POLICY-DROP'],
    remedy: 'iptables-nft -t filter -P FORWARD ACCEPT',
    proven: true,
  },
  {
    name: 'REJECT',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: { [A2]: nft({ filter: { INPUT: [{ target: { kind: 'reject', with: 'icmp-port-unreachable' } }] } }) },
    },
    outcome: 'unreachable',
    disposition: 'rejected',
    findings: ['NV-FILTER-REJECT'],
  },
  {
    name: 'two blockers on one path are both found',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [HOST2]: nft(FWD_DROP),
        [A2]: (s) => nft({ filter: { INPUT: [{ target: { kind: 'drop' } }] } })({ ...s, sockets: known([]) }),
      },
    },
    outcome: 'unreachable',
    findings: ['NV-FILTER-DROP', 'NV-FILTER-DROP', 'NV-NO-LISTENER'],
  },
  {
    name: 'nobody listens',
    flow: flow(A1, '10.244.2.2:81'),
    outcome: 'unreachable',
    disposition: 'refused',
    findings: ['NV-NO-LISTENER'],
    remedy: null,
  },
  {
    name: 'a listener on 127.0.0.1',
    flow: flow(A1, '10.244.2.2:81'),
    with: { edit: { [A2]: (s) => ({ ...s, sockets: known([listener('tcp', 81, '127.0.0.1')]) }) } },
    outcome: 'unreachable',
    findings: ['NV-LISTENER-LOOPBACK-ONLY'],
  },
  {
    name: "the destination's eth0 is down",
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A2]: (s) => routes((r) => r.filter((x) => x.table === 255))(linkDown('eth0')(s)) } },
    outcome: 'unreachable',
    disposition: 'link-down',
    findings: ['NV-LINK-DOWN'],
    remedy: 'ip link set eth0 up && ip route replace default via 10.244.2.1 dev eth0',
    proven: true,
  },
  {
    name: 'no route back in the destination pod',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A2]: routes((r) => r.filter((x) => x.table === 255)) } },
    outcome: 'unreachable',
    disposition: 'no-route',
    findings: ['NV-NO-ROUTE'],
    proven: true,
  },
  {
    name: 'the route to the other node is gone',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: { [HOST1]: routes((r) => r.filter((x) => x.destination.address !== prefix('10.244.2.0/24').address)) },
    },
    outcome: 'unreachable',
    disposition: 'outside-no-route',
    findings: ['NV-ROUTE-MISSING'],
    remedy: 'ip route replace 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink',
    proven: true,
  },
  {
    name: 'the FDB entry is gone',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: (s) => ({ ...s, fdb: known([]) }) } },
    outcome: 'unreachable',
    disposition: 'tunnel-lost',
    findings: ['NV-FDB-MISSING'],
    remedy: 'bridge fdb replace 0a:00:00:00:00:02 dev flannel.1 dst 172.18.0.12 self permanent',
    proven: true,
  },
  {
    name: 'the neighbour entry of the tunnel is gone',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: (s) => ({ ...s, neighbours: known([]) }) } },
    outcome: 'unreachable',
    disposition: 'unresolved-neighbour',
    findings: ['NV-NEIGHBOUR-UNRESOLVED'],
    proven: true,
  },
  {
    name: 'the outer packet is dropped in INPUT of the other node',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [HOST2]: nft({
          filter: {
            INPUT: [
              { matches: [{ kind: 'protocol', negate: false, number: 17 }, dport(8472)], target: { kind: 'drop' } },
            ],
          },
        }),
      },
    },
    outcome: 'unreachable',
    findings: ['NV-FILTER-DROP'],
  },
  {
    name: 'forwarding is off',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: sysctls({ 'net/ipv4/ip_forward': '0' }) } },
    outcome: 'unreachable',
    disposition: 'filtered-by-kernel',
    findings: ['NV-IP-FORWARD-OFF'],
    remedy: 'sysctl -w net.ipv4.ip_forward=1',
    proven: true,
  },
  {
    name: 'strict rp_filter and a route back by another device',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [HOST2]: (s) =>
          sysctls({ 'net/ipv4/conf/all/rp_filter': '1' })(
            routes((r) => [
              ...r.filter((x) => x.destination.address !== prefix('10.244.1.0/24').address),
              route('10.244.1.0/24', 2, { via: '172.18.0.11' }),
            ])(s),
          ),
      },
    },
    outcome: 'unreachable',
    findings: ['NV-RP-FILTER'],
    proven: true,
  },
  {
    name: 'a packet too big for the tunnel, with DF',
    flow: flow(HOST1, '10.244.2.2:80', { sizeBytes: 1480, dontFragment: true }),
    outcome: 'unreachable',
    disposition: 'too-big',
    findings: ['NV-MTU-EXCEEDED'],
  },
  {
    name: 'a packet too big for the tunnel, without DF, is cut',
    flow: flow(HOST1, '10.244.2.2:80', { sizeBytes: 1480 }),
    outcome: 'reachable',
  },
  {
    name: 'pod to outside without masquerading',
    flow: flow(A1, '203.0.113.10:443'),
    with: { edit: { [HOST1]: nft({ nat: { POSTROUTING: [{ matches: [to('192.0.2.1')], target: MASQUERADE }] } }) } },
    outcome: 'unreachable',
    disposition: 'outside-no-route',
    findings: ['NV-MASQUERADE-MISSING'],
    proven: true,
  },
  {
    name: 'outside to a pod',
    flow: flow('203.0.113.10', '10.244.1.2:80'),
    outcome: 'unreachable',
    findings: ['NV-OUTSIDE-NO-ROUTE'],
  },
  {
    name: 'hairpin mode off',
    flow: flow(A1, SVC),
    with: {
      edit: {
        [HOST1]: (s) =>
          nft(SERVICE)({
            ...s,
            links: s.links.known
              ? known(
                  s.links.value.map((l) =>
                    l.bridgePort ? { ...l, bridgePort: { ...l.bridgePort, hairpin: false } } : l,
                  ),
                )
              : s.links,
          }),
      },
    },
    outcome: 'partially-reachable',
    findings: ['NV-HAIRPIN-OFF'],
    remedy: 'bridge link set dev veth2 hairpin on',
    proven: true,
  },
  {
    name: 'bridged answers that bypass the translation',
    flow: flow(B1, SVC),
    with: { edit: { [HOST1]: (s) => sysctls({ 'net/bridge/bridge-nf-call-iptables': '0' })(nft(SERVICE)(s)) } },
    outcome: 'partially-reachable',
    findings: ['NV-REPLY-UNTRANSLATED'],
  },
  {
    name: 'one of two backends refuses',
    flow: flow(B1, SVC),
    with: { edit: { [HOST1]: nft(SERVICE), [A2]: (s) => ({ ...s, sockets: known([]) }) } },
    outcome: 'partially-reachable',
    findings: ['NV-NO-LISTENER'],
  },
  {
    name: 'a drop in the reply direction only',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [HOST2]: nft({
          filter: {
            FORWARD: [
              { matches: [{ kind: 'sport', negate: false, range: { from: 80, to: 80 } }], target: { kind: 'drop' } },
            ],
          },
        }),
      },
    },
    outcome: 'unreachable',
    findings: ['NV-FILTER-DROP'],
  },
  {
    name: 'a Service without endpoints',
    flow: flow(A1, SVC),
    with: {
      edit: {
        [HOST1]: nft({
          filter: {
            FORWARD: [
              {
                matches: [to('10.96.0.10')],
                target: { kind: 'reject', with: 'icmp-port-unreachable' },
                comment: 'shop/web:http has no endpoints',
              },
            ],
          },
        }),
      },
    },
    outcome: 'unreachable',
    findings: ['NV-SERVICE-NO-ENDPOINTS'],
  },
  {
    name: "a DNAT that catches the tunnel's own packets sends them into the tunnel again and again",
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: nft({ nat: { OUTPUT: [{ target: dnat('10.244.2.2', 80) }] } }) } },
    outcome: 'unreachable',
    disposition: 'loop',
    findings: ['NV-LOOP'],
  },
  {
    name: 'a policy rule by mark leads to a blackhole',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [HOST1]: (s) =>
          nft({ mangle: { PREROUTING: [{ target: { kind: 'mark', value: 7, mask: 0xffffffff } }] } })({
            ...s,
            rules4: known([...DEFAULT_RULES, policyRule(100, 100, { fwmark: { value: 7, mask: 0xff } })]),
            routes4: s.routes4.known
              ? known([...s.routes4.value, route('0.0.0.0/0', 0, { table: 100, type: 'blackhole' })])
              : s.routes4,
          }),
      },
    },
    outcome: 'unreachable',
    findings: ['NV-ROUTE-REFUSES'],
  },
];

const notKnown: Row[] = [
  {
    name: 'an unsupported match on a DROP rule decides',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [HOST2]: nft({
          filter: {
            FORWARD: [{ matches: [{ kind: 'unsupported', module: 'bpf', text: '-m bpf' }], target: { kind: 'drop' } }],
          },
        }),
      },
    },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'an unsupported target decides',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: { [HOST2]: nft({ filter: { FORWARD: [{ target: { kind: 'unsupported', name: 'NFQUEUE', text: '' } }] } }) },
    },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'rules that were not read decide',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST2]: (s) => ({ ...s, iptablesNft: missing('iptables-nft-save') }) } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'unread rules may translate what would be refused without them',
    flow: flow(A1, '10.244.2.2:81'),
    with: { edit: { [HOST1]: (s) => ({ ...s, iptablesNft: missing('iptables-nft-save') }) } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'unread rules do not matter where the packet has no route to begin with',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A1]: (s) => ({ ...s, iptablesNft: missing('iptables-nft-save'), routes4: known([]) }) } },
    outcome: 'unreachable',
    findings: ['NV-NO-ROUTE'],
  },
  {
    name: 'neighbours that were not read: none is made out of it',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: (s) => ({ ...s, neighbours: missing('ip-neigh') }) } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'addresses of the node behind the tunnel that were not read',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST2]: (s) => ({ ...s, addresses: missing('ip-address') }) } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'sysctls that were not read do not switch forwarding off',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST2]: (s) => ({ ...s, sysctls: missing('sysctl') }) } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'routes that were not read',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: (s) => ({ ...s, routes4: missing('ip-route') }) } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'native nftables with rules at a hook',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [HOST2]: (s) => ({
          ...s,
          nftables: known({
            tables: [],
            baseChains: [
              {
                family: 'inet',
                table: 't',
                name: 'fw',
                type: 'filter',
                hook: 'forward',
                priority: 0,
                policy: 'accept',
                ruleCount: 2,
              },
            ],
          }),
        }),
      },
    },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'native nftables at a hook that the packet does not pass',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [A2]: (s) => ({
          ...s,
          nftables: known({
            tables: [],
            baseChains: [
              {
                family: 'inet',
                table: 't',
                name: 'fw',
                type: 'filter',
                hook: 'forward',
                priority: 0,
                policy: 'drop',
                ruleCount: 2,
              },
            ],
          }),
        }),
      },
    },
    outcome: 'reachable',
  },
  {
    name: 'a program at a device',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: (s) => ({ ...s, programs: known([{ dev: 'eth0', hook: 'tc egress', name: 'cls' }]) }) } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'a node that could not be read',
    flow: flow(A1, '10.244.2.2:80'),
    with: { unavailable: { 'node-2': 'agent silent for 4 m' } },
    outcome: 'undetermined',
    findings: ['NV-NODE-UNREADABLE'],
  },
];

const devices =
  (name: string, change: Partial<Link>) =>
  (s: NetnsState): NetnsState => ({
    ...s,
    links: s.links.known ? known(s.links.value.map((l) => (l.name === name ? { ...l, ...change } : l))) : s.links,
  });
const both =
  (...edits: ((s: NetnsState) => NetnsState)[]) =>
  (s: NetnsState) =>
    edits.reduce((now, e) => e(now), s);
const program =
  (hook: string) =>
  (s: NetnsState): NetnsState => ({
    ...s,
    programs: known([{ dev: null, hook, name: 'cil_sock4_connect' }]),
  });
const isolated = (s: NetnsState): NetnsState => ({
  ...s,
  links: s.links.known
    ? known(s.links.value.map((l) => (l.bridgePort ? { ...l, bridgePort: { ...l.bridgePort, isolated: true } } : l)))
    : s.links,
});
const addresses =
  (edit: (a: readonly InterfaceAddress[]) => readonly InterfaceAddress[]) =>
  (s: NetnsState): NetnsState => ({
    ...s,
    addresses: s.addresses.known ? known(edit(s.addresses.value)) : s.addresses,
  });
const toOutside = flow(A1, '203.0.113.10:443');
const MASQ = nft({ nat: { POSTROUTING: [{ target: MASQUERADE }] } });
const TWO_HOPS = routes((r) => [
  ...r.filter((x) => x.destination.length !== 24 || x.destination.address !== prefix('10.244.2.0/24').address),
  {
    ...route('10.244.2.0/24', 4, { via: '10.244.2.0' }),
    nexthops: [
      ...route('10.244.2.0/24', 4, { via: '10.244.2.0' }).nexthops,
      ...route('10.244.2.0/24', 2, { via: '172.18.0.1' }).nexthops,
    ],
  },
]);

const TO_LOOPBACK = nft({ nat: { PREROUTING: [{ matches: [tcp], target: dnat('127.0.0.1', 80) }] } });
/** What comes from the pods is routed by a table of its own, in which they themselves are elsewhere. */
const MARKED = both(
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

const MARK_OUTPUT: Tables = { mangle: { OUTPUT: [{ target: { kind: 'mark', value: 7, mask: 0xffffffff } }] } };
const BLACKHOLE_OF_MARK = (s: NetnsState): NetnsState => ({
  ...s,
  rules4: known([
    policyRule(10, 0, { fwmark: { value: 7, mask: 0xff }, action: { kind: 'blackhole' } }),
    ...DEFAULT_RULES,
  ]),
});

const ON_LINK = routes((r) => [...r, route('10.244.2.0/24', 2)]);
const PROXY_ARP = sysctls({ 'net/ipv4/conf/cni0/proxy_arp': '1' });

/** What was wrong once, or would go unnoticed if the kernel's rule were turned round. */
const subtle: Row[] = [
  {
    name: 'MASQUERADE over a device without an address takes that of another one',
    flow: toOutside,
    with: {
      edit: {
        [HOST1]: both(
          addresses((a) => [...a.filter((x) => x.ifindex !== ifIndex(2)), address(1, '172.18.0.11/32')]),
          MASQ,
        ),
      },
    },
    outcome: 'reachable',
  },
  {
    name: 'MASQUERADE does not take addresses of link scope',
    flow: toOutside,
    with: {
      edit: {
        [HOST1]: both(
          addresses((a) => a.map((x) => ({ ...x, scope: Math.max(x.scope, SCOPE.link) }))),
          MASQ,
        ),
      },
    },
    outcome: 'unreachable',
    findings: ['NV-NAT-NO-SOURCE'],
  },
  {
    name: 'a frame of 4 bytes more than the MTU at the other end of a veth is taken',
    flow: flow(A1, '10.244.1.3:80', { sizeBytes: 1004, dontFragment: true }),
    with: { edit: { [B1]: devices('eth0', { mtuBytes: 1000 }) } },
    outcome: 'reachable',
  },
  {
    name: 'and of 5 bytes more thrown away in silence',
    flow: flow(A1, '10.244.1.3:80', { sizeBytes: 1005, dontFragment: true }),
    with: { edit: { [B1]: devices('eth0', { mtuBytes: 1000 }) } },
    outcome: 'unreachable',
    disposition: 'too-big',
    findings: ['NV-MTU-EXCEEDED'],
  },
  ...(['blackhole', 'unreachable', 'prohibit'] as const).map(
    (kind): Row => ({
      name: `a policy rule that says ${kind}`,
      flow: flow(A1, '10.244.2.2:80'),
      with: {
        edit: {
          [HOST1]: (s) => ({ ...s, rules4: known([policyRule(10, 0, { action: { kind } }), ...DEFAULT_RULES]) }),
        },
      },
      outcome: 'unreachable',
      disposition: kind === 'blackhole' ? 'dropped' : 'rejected',
      findings: ['NV-ROUTE-REFUSES'],
    }),
  ),
  {
    name: 'a policy rule that suppresses the default route passes over it',
    flow: toOutside,
    with: {
      edit: {
        [HOST1]: both(MASQ, (s) => ({
          ...s,
          rules4: known([DEFAULT_RULES[0] as Rule, policyRule(10, 254, { suppressPrefixLength: 0 })]),
        })),
      },
    },
    outcome: 'unreachable',
    disposition: 'no-route',
    findings: ['NV-NO-ROUTE'],
  },
  {
    name: 'both variants translate: the order of equal priority is not known',
    flow: flow(A1, SVC),
    with: {
      edit: {
        [HOST1]: both(
          nft({ nat: { PREROUTING: [{ matches: [to('10.96.0.10')], target: dnat('10.244.2.2', 80) }] } }),
          legacy({ nat: { PREROUTING: [{ matches: [to('10.96.0.10')], target: dnat('10.244.2.2', 81) }] } }),
        ),
      },
    },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'both variants translate to the same: the order does not matter',
    flow: flow(A1, SVC),
    with: { edit: { [HOST1]: both(nft(SERVICE), legacy(SERVICE)) } },
    outcome: 'reachable',
  },
  {
    name: 'a pod that sends its own packets elsewhere, as a sidecar does, gets the answer',
    flow: flow(B1, '10.244.1.2:81'),
    with: { edit: { [B1]: nft({ nat: { OUTPUT: [{ matches: [tcp], target: dnat('10.244.2.2', 80) }] } }) } },
    outcome: 'reachable',
    findings: ['NV-ANSWERED-BY-OTHER'],
  },
  {
    name: 'a full conntrack table may drop a new connection',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: (s) => ({ ...s, conntrackTable: known({ count: 65536, max: 65536 }) }) } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'a conntrack table with room for one',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: (s) => ({ ...s, conntrackTable: known({ count: 65535, max: 65536 }) }) } },
    outcome: 'reachable',
  },
  {
    name: 'arp_ignore=8 answers nobody',
    flow: flow(HOST1, '10.244.1.3:80'),
    with: { edit: { [B1]: sysctls({ 'net/ipv4/conf/eth0/arp_ignore': '8' }) } },
    outcome: 'unreachable',
    disposition: 'unresolved-neighbour',
    findings: ['NV-NEIGHBOUR-UNRESOLVED'],
  },
  {
    name: 'arp_ignore=1 and 2 answer for an address of the device',
    flow: flow(A1, '10.244.1.3:80'),
    with: {
      edit: {
        [A1]: sysctls({ 'net/ipv4/conf/all/arp_ignore': '2' }),
        [B1]: sysctls({ 'net/ipv4/conf/all/arp_ignore': '1' }),
      },
    },
    outcome: 'reachable',
  },
  {
    name: 'a device with ARP off answers nobody',
    flow: flow(HOST1, '10.244.1.3:80'),
    with: { edit: { [B1]: devices('eth0', { noarp: true }) } },
    outcome: 'unreachable',
    disposition: 'unresolved-neighbour',
    findings: ['NV-NEIGHBOUR-UNRESOLVED'],
  },
  {
    name: 'and gets none: it sends to its own MAC address',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A1]: devices('eth0', { noarp: true }) } },
    outcome: 'unreachable',
  },
  {
    name: 'an address that two pods have is answered by either',
    flow: flow(HOST1, '10.244.1.3:80'),
    with: {
      edit: {
        [A1]: both(
          addresses((a) => [...a, address(2, '10.244.1.3/24')]),
          routes((r) => [...r, route('10.244.1.3/32', 2, { table: 255, type: 'local' })]),
        ),
      },
    },
    outcome: 'reachable',
    findings: ['NV-ANSWERED-BY-OTHER'],
  },
  {
    name: 'an address that two pods have, of which one does not listen',
    flow: flow(HOST1, '10.244.1.3:80'),
    with: {
      edit: {
        [A1]: both(
          addresses((a) => [...a, address(2, '10.244.1.3/24')]),
          routes((r) => [...r, route('10.244.1.3/32', 2, { table: 255, type: 'local' })]),
          (s) => ({ ...s, sockets: known([]) }),
        ),
      },
    },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'connections of one pair of addresses take one hop of several, and which is not known',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: TWO_HOPS } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'with a hash of the ports they are spread over both',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: both(TWO_HOPS, sysctls({ 'net/ipv4/fib_multipath_hash_policy': '1' })) } },
    outcome: 'partially-reachable',
  },
  {
    name: 'a zone for one direction only leaves the answer untranslated',
    flow: flow(B1, SVC),
    with: {
      edit: {
        [HOST1]: (s) =>
          nft({
            ...SERVICE,
            raw: {
              PREROUTING: [
                {
                  matches: [
                    {
                      kind: 'source',
                      negate: false,
                      value: { address: ip('10.244.1.3'), mask: ip('255.255.255.255') },
                    },
                  ],
                  target: { kind: 'ct', zone: 5, helper: null, notrack: false },
                },
              ],
            },
          })(s),
      },
    },
    outcome: 'unreachable',
    disposition: 'misdelivered',
  },
  {
    name: 'a program on the root cgroup that sees connect()',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A1]: program('cgroup connect4') } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'a program on the root cgroup for IPv6 does not matter',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A1]: program('cgroup connect6') } },
    outcome: 'reachable',
  },
  {
    name: 'a packet from a multicast address is a martian',
    flow: flow(A1, '10.244.2.2:80', { source: { kind: 'namespace', namespace: A1, address: '224.0.0.5' } }),
    outcome: 'unreachable',
    disposition: 'filtered-by-kernel',
  },
  {
    name: "a packet from one of the host's own addresses is a martian",
    flow: flow(A1, '10.244.2.2:80', { source: { kind: 'namespace', namespace: A1, address: '10.244.1.1' } }),
    outcome: 'unreachable',
    disposition: 'filtered-by-kernel',
    findings: ['NV-MARTIAN'],
  },
  {
    name: 'a DNAT to the loopback address is a martian',
    flow: flow(A1, '172.18.0.11:80'),
    with: { edit: { [HOST1]: TO_LOOPBACK } },
    outcome: 'unreachable',
    disposition: 'filtered-by-kernel',
    findings: ['NV-MARTIAN'],
  },
  {
    name: 'a DNAT to the loopback address works with route_localnet',
    flow: flow(A1, '172.18.0.11:80'),
    with: { edit: { [HOST1]: both(TO_LOOPBACK, sysctls({ 'net/ipv4/conf/all/route_localnet': '1' })) } },
    outcome: 'reachable',
  },
  {
    name: 'rp_filter looks back without the mark',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: both(MARKED, sysctls({ 'net/ipv4/conf/all/rp_filter': '1' })) } },
    outcome: 'reachable',
  },
  {
    name: 'rp_filter looks back with the mark where src_valid_mark says so',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [HOST1]: both(MARKED, sysctls({ 'net/ipv4/conf/all/rp_filter': '1', 'net/ipv4/conf/all/src_valid_mark': '1' })),
      },
    },
    outcome: 'unreachable',
    disposition: 'filtered-by-kernel',
    findings: ['NV-RP-FILTER'],
  },
  {
    name: 'a mark stays behind when the packet leaves its namespace',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A1]: nft(MARK_OUTPUT), [HOST1]: BLACKHOLE_OF_MARK } },
    outcome: 'reachable',
  },
  {
    name: 'a mark in OUTPUT makes the kernel route again',
    flow: flow(HOST1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: both(nft(MARK_OUTPUT), BLACKHOLE_OF_MARK) } },
    outcome: 'unreachable',
    disposition: 'dropped',
    findings: ['NV-ROUTE-REFUSES'],
  },
  {
    name: "a route's own MTU counts",
    flow: flow(A1, '10.244.2.2:80', { sizeBytes: 1200, dontFragment: true }),
    with: { edit: { [HOST1]: routes((r) => r.map((x) => (x.scope === 0 ? { ...x, mtuBytes: 1000 } : x))) } },
    outcome: 'unreachable',
    disposition: 'too-big',
    findings: ['NV-MTU-EXCEEDED'],
  },
  ...([{ vni: 2 }, { dstPort: 4789 }] as const).map(
    (other): Row => ({
      name: `a tunnel end that listens for ${JSON.stringify(other)}`,
      flow: flow(A1, '10.244.2.2:80'),
      with: {
        edit: {
          [HOST2]: (s) => ({
            ...s,
            links: s.links.known
              ? known(
                  s.links.value.map((l) =>
                    l.detail.kind === 'vxlan' ? { ...l, detail: { ...l.detail, ...other } } : l,
                  ),
                )
              : s.links,
          }),
        },
      },
      outcome: 'unreachable',
      disposition: 'tunnel-lost',
    }),
  ),
  {
    name: 'mangle sees the destination before nat changes it',
    flow: flow(A1, SVC),
    with: {
      edit: {
        [HOST1]: nft({
          ...SERVICE,
          mangle: { PREROUTING: [{ matches: [to('10.96.0.10')], target: { kind: 'drop' } }] },
        }),
      },
    },
    outcome: 'unreachable',
    disposition: 'dropped',
    findings: ['NV-FILTER-DROP'],
  },
  {
    name: 'a packet that is not tracked is not translated',
    flow: flow(A1, SVC),
    with: { edit: { [HOST1]: nft({ ...SERVICE, raw: { PREROUTING: [{ target: { kind: 'notrack' } }] } }) } },
    outcome: 'unreachable',
  },
  {
    name: 'a forwarding entry for all other addresses is the tunnel end of last resort',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [HOST1]: (s) => ({
          ...s,
          fdb: s.fdb.known ? known(s.fdb.value.map((e) => ({ ...e, mac: mac('00:00:00:00:00:00') }))) : s.fdb,
        }),
      },
    },
    outcome: 'reachable',
  },
  {
    name: 'a route that takes the other nodes for neighbours needs somebody who answers for them',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A1]: ON_LINK } },
    outcome: 'unreachable',
    disposition: 'unresolved-neighbour',
  },
  {
    name: 'and has one where the node answers by proxy_arp',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A1]: ON_LINK, [HOST1]: PROXY_ARP } },
    outcome: 'reachable',
  },
  {
    name: 'proxy_arp does not answer for an address to which the node itself has no other way',
    flow: flow(A1, '10.244.1.9:80'),
    with: { edit: { [HOST1]: PROXY_ARP } },
    outcome: 'unreachable',
    disposition: 'unresolved-neighbour',
  },
  {
    name: 'proxy_arp does not answer for an address that the node refuses',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [A1]: ON_LINK,
        [HOST1]: both(
          PROXY_ARP,
          routes((r) => [...r, route('10.244.2.2/32', 0, { type: 'blackhole' })]),
        ),
      },
    },
    outcome: 'unreachable',
    disposition: 'unresolved-neighbour',
  },
  {
    name: 'isolated ports of a bridge do not reach each other',
    flow: flow(A1, '10.244.1.3:80'),
    with: { edit: { [HOST1]: isolated } },
    outcome: 'unreachable',
    disposition: 'dropped',
  },
  {
    name: 'after a goto the packet comes back to the caller of the chain that it left',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [HOST2]: nft({
          filter: {
            FORWARD: [{ target: { kind: 'jump', chain: 'OUTER' } }],
            OUTER: [{ target: { kind: 'goto', chain: 'INNER' } }, { target: { kind: 'drop' } }],
            INNER: [{ target: { kind: 'return' } }],
          },
        }),
      },
    },
    outcome: 'reachable',
  },
  {
    name: 'a packet whose TTL is 1 is not passed on',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: nft({ mangle: { PREROUTING: [{ target: { kind: 'ttl', op: 'set', value: 1 } }] } }) } },
    outcome: 'unreachable',
    disposition: 'loop',
  },
  {
    name: 'a packet whose TTL is 2 is passed on once',
    flow: flow(A1, '10.244.1.3:80'),
    with: { edit: { [A1]: nft({ mangle: { OUTPUT: [{ target: { kind: 'ttl', op: 'set', value: 2 } }] } }) } },
    outcome: 'reachable',
  },
  {
    name: 'a node that saw one direction only drops the third packet of the handshake as INVALID',
    flow: flow(A1, '10.244.1.3:80'),
    with: {
      edit: {
        [HOST1]: both(
          sysctls({ 'net/bridge/bridge-nf-call-iptables': '0' }),
          nft({
            filter: {
              FORWARD: [
                { matches: [{ kind: 'ctstate', negate: false, states: ['INVALID'] }], target: { kind: 'drop' } },
              ],
            },
          }),
        ),
        // Its packets go by the node, the answers straight over the bridge.
        [A1]: routes((r) => r.filter((x) => x.destination.length !== 24)),
      },
    },
    outcome: 'unreachable',
    disposition: 'dropped',
  },
  {
    name: 'a socket that is bound to another device does not take it',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A2]: (s) => ({ ...s, sockets: known([{ ...listener('tcp', 80), dev: ifIndex(1) }]) }) } },
    outcome: 'unreachable',
    disposition: 'refused',
  },
  {
    name: 'a gateway outside whose entry says FAILED does not answer',
    flow: flow(HOST1, '203.0.113.10:443'),
    with: {
      edit: {
        [HOST1]: (s) => ({
          ...s,
          neighbours: known([
            {
              address: ip('172.18.0.1'),
              dev: ifIndex(2),
              mac: null,
              state: 'failed',
              proxy: false,
              router: false,
              evidence: { line: 1, text: 'failed' },
            },
          ]),
        }),
      },
    },
    outcome: 'unreachable',
    disposition: 'unresolved-neighbour',
  },
  {
    name: 'an IPv6 wildcard socket takes IPv4',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A2]: (s) => ({ ...s, sockets: known([{ ...listener('tcp', 80, '::'), v6only: false }]) }) } },
    outcome: 'reachable',
  },
  {
    name: 'an IPv6 wildcard socket with IPV6_V6ONLY does not',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A2]: (s) => ({ ...s, sockets: known([{ ...listener('tcp', 80, '::'), v6only: true }]) }) } },
    outcome: 'unreachable',
    disposition: 'refused',
  },
  {
    name: 'a host that ignores echo requests',
    flow: flow(A1, '10.244.2.2'),
    with: { edit: { [A2]: sysctls({ 'net/ipv4/icmp_echo_ignore_all': '1' }) } },
    outcome: 'unreachable',
    disposition: 'filtered-by-kernel',
  },
  {
    name: 'a permanent neighbour entry with a MAC that nobody has',
    flow: flow(A1, '10.244.1.3:80'),
    with: {
      edit: {
        [A1]: (s) => ({
          ...s,
          neighbours: known([
            {
              address: ip('10.244.1.3'),
              dev: ifIndex(2),
              mac: mac('02:aa:bb:cc:dd:ee'),
              state: 'permanent',
              proxy: false,
              router: false,
              evidence: { line: 1, text: 'wrong' },
            },
          ]),
        }),
      },
    },
    outcome: 'unreachable',
    disposition: 'unresolved-neighbour',
  },
];

describe.each([
  ['clean', clean],
  ['subtle', subtle],
  ['broken', broken],
  ['not known', notKnown],
] as const)('%s', (_, rows) => {
  it.each(rows.map((row) => [row.name, row] as const))('%s', (_name, row) => {
    const { diagnosis } = diagnose(cluster(row.with), row.flow, NAMES);
    const text = traceText(diagnosis.trace);
    expect(diagnosis.verdict.outcome, text).toBe(row.outcome);
    if (row.findings || row.outcome === 'reachable')
      expect(diagnosis.findings.map((f) => f.code).sort(), text).toEqual([...(row.findings ?? [])].sort());
    if (row.disposition)
      expect(
        diagnosis.trace.branches.map((b) => b.disposition),
        text,
      ).toContain(row.disposition);
    if (row.remedy !== undefined) expect(diagnosis.findings[0]?.remedy?.command ?? null).toBe(row.remedy);
    if (row.proven !== undefined) expect(diagnosis.findings[0]?.remedy?.proven).toBe(row.proven);
  });
});

it('a packet that goes where nothing was collected asks for it', () => {
  expect(diagnose(cluster({ without: [A2] }), flow(A1, '10.244.2.2:80'), NAMES).needs).toMatchObject([
    { kind: 'pod', node: 'node-2', namespace: 'shop', pod: 'a-2' },
  ]);
  expect(diagnose(cluster({ without: [HOST2, A2] }), flow(A1, '10.244.2.2:80'), NAMES).needs).toMatchObject([
    { kind: 'node', node: 'node-2' },
  ]);
  expect(diagnose(cluster({ without: [A1] }), flow(A1, '10.244.2.2:80'), NAMES).needs).toMatchObject([
    { kind: 'pod', node: 'node-1', pod: 'a-1' },
  ]);
});

it('shares are those of the rules, and a reply-only drop is told as such', () => {
  const { diagnosis } = diagnose(
    cluster({ edit: { [HOST1]: nft(SERVICE), [A2]: (s) => ({ ...s, sockets: known([]) }) } }),
    flow(B1, SVC),
    NAMES,
  );
  expect(diagnosis.verdict.share).toEqual({ reachable: 0.5, unreachable: 0.5, undetermined: 0 });
  expect(diagnosis.trace.branches.map((b) => b.choices[0]?.label)).toEqual([
    'backend shop/a-1 10.244.1.2:80',
    'backend shop/a-2 10.244.2.2:80',
  ]);
  expect(diagnosis.findings[0]?.branches).toEqual(['b2']);
  const reply = diagnose(
    cluster({
      edit: {
        [HOST2]: nft({
          filter: {
            FORWARD: [
              { matches: [{ kind: 'sport', negate: false, range: { from: 80, to: 80 } }], target: { kind: 'drop' } },
            ],
          },
        }),
      },
    }),
    flow(A1, '10.244.2.2:80'),
    NAMES,
  );
  expect(reply.diagnosis.findings[0]?.direction).toBe('reply');
});

it('a budget on branches is told as a share that was not examined', () => {
  const { diagnosis } = diagnose(cluster({ edit: { [HOST1]: nft(SERVICE) } }), flow(B1, SVC), NAMES, {
    maxBranches: 1,
  });
  expect(diagnosis.unexamined).toBe(0.5);
  expect(diagnosis.verdict.outcome).toBe('undetermined');
  expect(diagnosis.findings.map((f) => f.code)).toEqual(['NV-UNEXAMINED']);
});

describe('a budget of work', () => {
  const unknown: XtMatch = { kind: 'unsupported', module: 'u32', text: '' };
  const rules = (count: number, matches: readonly XtMatch[], target: RuleSpec['target']): RuleSpec[] =>
    Array.from({ length: count }, () => ({ matches, target }));
  const ask = (tables: Tables, options: DiagnoseOptions = {}) =>
    diagnose(cluster({ edit: { [HOST1]: nft(tables) } }), flow(A1, '10.244.2.2:80'), NAMES, options);

  it('that is used up in the first branch leaves everything unexamined', () => {
    const { diagnosis } = ask(FWD_DROP, { maxWork: 60 });
    expect(diagnosis).toMatchObject({ unexamined: 1, trace: { branches: [] }, verdict: { outcome: 'undetermined' } });
    expect(diagnosis.findings.map((f) => f.code)).toEqual(['NV-UNEXAMINED']);
  });

  it('that ends before the remedy is tried leaves it unproven', () => {
    const whole = ask(FWD_DROP);
    expect(whole.diagnosis.findings[0]?.remedy?.proven).toBe(true);
    const { diagnosis } = ask(FWD_DROP, { maxWork: whole.work - 100 });
    expect(diagnosis.verdict.outcome).toBe('unreachable');
    expect(diagnosis.findings[0]?.remedy?.proven).toBe(false);
  });

  it('ends chains that call one another without end, and rules that ask again and again', () => {
    const chains = Object.fromEntries(
      Array.from({ length: 25 }, (_, i) => [`C${i}`, rules(2, [], { kind: 'jump', chain: `C${i + 1}` })]),
    );
    for (const filter of [
      { FORWARD: rules(1, [], { kind: 'jump', chain: 'C0' }), ...chains, C25: [] },
      { FORWARD: rules(600, [unknown], { kind: 'mark', value: 1, mask: 1 }) },
    ]) {
      const { diagnosis, work } = ask({ filter }, { maxWork: 200_000, maxBranches: 8 });
      expect(diagnosis.verdict.outcome).toBe('undetermined');
      expect(diagnosis.unexamined).toBe(1);
      expect(work).toBeLessThan(200_100);
    }
  });
});

it('the same question gets the same answer', () => {
  const world = cluster({ edit: { [HOST1]: nft(SERVICE) } });
  expect(diagnose(world, flow(A1, SVC), NAMES)).toEqual(diagnose(world, flow(A1, SVC), NAMES));
});

describe('the summary', () => {
  const summaryOf = (from: Flow, edit: ClusterOptions['edit'] = {}) =>
    diagnose(cluster({ edit }), from, NAMES).diagnosis.verdict.summary;

  it('says where the packets leave, of which nothing more is seen', () => {
    expect(summaryOf(toOutside, { [HOST1]: MASQ })).toEqual({
      en: 'a gets out to b: the packets leave the cluster towards 203.0.113.10 with the source address 172.18.0.11; what lies beyond is not seen.',
      zh: 'a 发往 b 的数据包可以离开集群(目的地址 203.0.113.10,源地址 172.18.0.11);集群之外的情况无法看到。',
    });
  });

  it('says who answers, where it is not the one that was asked', () => {
    const edit = { [B1]: nft({ nat: { OUTPUT: [{ matches: [tcp], target: dnat('10.244.2.2', 80) }] } }) };
    expect(summaryOf(flow(B1, '10.244.1.2:80'), edit).en).toBe('a is answered when it connects to b, but by shop/a-2.');
    expect(summaryOf(flow(B1, '10.244.2.2:81'), edit).en).toBe('a reaches b, there and back.');
  });

  it('names what is not known in the language of the reader', () => {
    const { en, zh } = summaryOf(flow(A1, '10.244.2.2:80'), {
      [HOST1]: (s) => ({ ...s, conntrackTable: known({ count: 9, max: 9 }) }),
    });
    expect(en).toContain('the connection tracking table is full (9 of 9)');
    expect(zh).toContain('连接跟踪表已满(9/9)');
    expect(zh).not.toMatch(/[a-z]{4}/);
  });
});
