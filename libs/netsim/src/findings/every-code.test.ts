/**
 * Each code has a world in which it is found: a code without a row does not compile, a row that does not lead to its code fails,
 * and so does a disposition that no row ends in, or a cause that none does.
 */
import {
  type ConntrackEntry,
  type IfIndex,
  ifIndex,
  ip,
  type Neighbour,
  type NetnsState,
  type NftExpr,
  prefix,
  type Rule,
  SCOPE,
  type XtMatch,
} from '@netverdict/linux-net';
import { DISPOSITIONS, type Disposition, type FindingCode, type PolicyCode } from '@netverdict/verdict';
import { describe, expect, it } from 'vitest';
import { type DiagnoseOptions, diagnose } from '../diagnose.ts';
import { evaluate } from '../evaluate.ts';
import {
  type ClusterOptions,
  cluster,
  DEFAULT_RULES,
  known,
  listener,
  mac,
  missing,
  policyRule,
  route,
} from '../testing/cluster.ts';
import {
  addresses,
  both,
  devices,
  dnat,
  dport,
  FWD_DROP,
  isolated,
  legacy,
  linkDown,
  MASQUERADE,
  nft,
  routes,
  SERVICE,
  SVC,
  snat,
  sysctls,
  tcp,
  to,
  toOutside,
} from '../testing/edits.ts';
import { A1, A2, B1, flow, HOST1, HOST2, traceText } from '../testing/flows.ts';
import { net, set } from '../testing/ipsets.ts';
import { nativeChain } from '../testing/native-chain.ts';
import { NAMES } from '../testing/rows.ts';
import type { Cause } from '../walk/stop.ts';
import { DERIVERS } from './index.ts';

type Edit = (state: NetnsState) => NetnsState;
interface Case {
  /** From A1 (node-1) to A2 (node-2) over TCP, unless given. */
  readonly flow?: ReturnType<typeof flow>;
  readonly edit?: Readonly<Record<string, Edit>>;
  readonly with?: ClusterOptions;
  readonly options?: DiagnoseOptions;
  /** The remedy: its command, proven by the simulation; null: what is to be done is no command. */
  readonly command: string | null;
}

const CROSS = flow(A1, '10.244.2.2:80');
const NEAR = flow(A1, '10.244.1.3:80');
const drop = { kind: 'drop' } as const;
const accept = { kind: 'accept' } as const;
const from = (text: string): XtMatch => ({
  kind: 'source',
  negate: false,
  value: { address: ip(text), mask: ip('255.255.255.255') },
});
const invalid: XtMatch = { kind: 'ctstate', negate: false, states: ['INVALID'] };
const inSet = (negate: boolean): XtMatch => ({ kind: 'set', negate, set: 'list', directions: ['src'], options: [] });
const isListening =
  (...sockets: readonly ReturnType<typeof listener>[]): Edit =>
  (s) => ({ ...s, sockets: known(sockets) });
const fdb =
  (edit: (e: NonNullable<Extract<NetnsState['fdb'], { known: true }>>['value'][number]) => typeof e): Edit =>
  (s) => ({ ...s, fdb: s.fdb.known ? known(s.fdb.value.map(edit)) : s.fdb });
const neighbours =
  (...entries: readonly Neighbour[]): Edit =>
  (s) => ({ ...s, neighbours: known(entries) });
const neighbour = (of: string, dev: number): Neighbour => ({
  address: ip(of),
  dev: dev as IfIndex,
  mac: mac('02:00:00:00:00:99'),
  state: 'permanent',
  proxy: false,
  router: false,
  evidence: { line: 1, text: of },
});
const vxlan =
  (change: Record<string, unknown>): Edit =>
  (s) => ({
    ...s,
    links: s.links.known
      ? known(s.links.value.map((l) => (l.detail.kind === 'vxlan' ? { ...l, detail: { ...l.detail, ...change } } : l)))
      : s.links,
  });
const port =
  (name: string, change: object): Edit =>
  (s) => ({
    ...s,
    links: s.links.known
      ? known(
          s.links.value.map((l) =>
            l.name === name && l.bridgePort ? { ...l, bridgePort: { ...l.bridgePort, ...change } } : l,
          ),
        )
      : s.links,
  });
const isRoute = (r: ReturnType<typeof route>, cidr: string): boolean =>
  r.destination.address === prefix(cidr).address && r.destination.length === prefix(cidr).length;
const instead = (cidr: string, ...others: readonly ReturnType<typeof route>[]): Edit =>
  routes((r) => [...r.filter((x) => !isRoute(x, cidr)), ...others]);
const TWO_HOPS: Edit = routes((r) =>
  r.map((x) =>
    isRoute(x, '10.244.2.0/24') && x.nexthops[0]
      ? { ...x, nexthops: [{ ...x.nexthops[0] }, { ...x.nexthops[0], via: ip('172.18.0.77'), dev: ifIndex(2) }] }
      : x,
  ),
);
const SERVICES: NonNullable<ClusterOptions['services']> = [
  {
    namespace: 'shop',
    name: 'pay',
    type: 'ClusterIP',
    clusterIps: ['10.96.0.10'],
    externalIps: [],
    loadBalancerIps: [],
    ports: [{ name: null, port: 8080, protocol: 'TCP', targetPort: 80, nodePort: null }],
  } as never,
];
const entry = (source: string, asked: string, backend: string): ConntrackEntry => ({
  protocol: 17,
  original: { source: ip(source), destination: ip(asked), sport: 40000, dport: 53 },
  reply: { source: ip(backend), destination: ip(source), sport: 53, dport: 40000 },
  state: null,
  assured: false,
  unreplied: true,
  mark: 0,
  zone: 0,
  line: 1,
  text: 'udp 17 29 …',
});
/** All connections to a pod's DNS port leave the node by its one port 5000, and there is one. */
const ONE_PORT = { ...dnat('172.18.0.11', 5000), kind: 'snat' as const };
const hasThePort: ConntrackEntry = {
  ...entry('10.244.1.3', '10.244.2.2', '10.244.2.2'),
  reply: { source: ip('10.244.2.2'), destination: ip('172.18.0.11'), sport: 53, dport: 5000 },
};
/** Its INPUT and FORWARD lose the answer's packets that it takes for INVALID. */
const DROPS_INVALID = nft({ filter: { FORWARD: [{ matches: [invalid], target: drop }] } });
const fib: NftExpr[] = [
  { kind: 'fib', result: 'oif', flags: ['saddr', 'iif'], dreg: 8 },
  { kind: 'cmp', op: 'eq', sreg: 8, data: '00000000' },
  { kind: 'verdict', verdict: { code: 'drop' } },
];
const BACK_BY_WIRE = instead('10.244.1.0/24', route('10.244.1.0/24', 2, { via: '172.18.0.11' }));
const NO_WAY_BACK = routes((r) =>
  r.filter(({ destination: d }) => d.length !== 0 && d.address !== prefix('10.244.1.0/24').address),
);
const LOOSE = sysctls({ 'net/ipv4/conf/all/rp_filter': '2' });
/** The tunnel has no address: nobody asks for it, its neighbours are written down. */
const NO_TUNNEL_ADDRESS = addresses((a) => a.filter((x) => x.ifindex !== 4));
const FOREIGN = nft({ nat: { POSTROUTING: [{ target: snat('10.99.0.5') }] } });

/** What is told of objects and not of packets has its tests in libs/bundle. */
const CASES: Readonly<Record<Exclude<FindingCode, PolicyCode>, Case>> = {
  'NV-FILTER-DROP': {
    edit: { [HOST2]: nft(FWD_DROP) },
    command: "iptables-nft -t filter -D FORWARD -m comment --comment 'rule 1' -j DROP",
  },
  'NV-FILTER-POLICY-DROP': {
    edit: { [HOST2]: legacy({ filter: { 'FORWARD:DROP': [] } }) },
    command: 'iptables-legacy -t filter -P FORWARD ACCEPT',
  },
  'NV-FILTER-REJECT': {
    edit: {
      [HOST2]: nft({ filter: { FORWARD: [{ target: { kind: 'reject', with: 'icmp-port-unreachable' } as never }] } }),
    },
    command: "iptables-nft -t filter -D FORWARD -m comment --comment 'rule 1' -j REJECT",
  },
  'NV-FILTER-RPFILTER': {
    edit: {
      [HOST2]: both(BACK_BY_WIRE, nativeChain({ family: 'ip', hook: 'prerouting', priority: -300, rules: [fib] })),
    },
    command: 'nft delete rule ip t c handle 2',
  },
  'NV-SET-LISTS': {
    edit: {
      [HOST2]: both(nft({ filter: { FORWARD: [{ matches: [inSet(false)], target: drop }] } }), (s) => ({
        ...s,
        ipsets: known([set('list', 'hash:net', [{ parts: [net('10.244.1.0/30')] }])]),
      })),
    },
    command: 'ipset del list 10.244.1.0/30',
  },
  'NV-SET-LACKS': {
    edit: {
      [HOST2]: both(
        nft({ filter: { FORWARD: [{ matches: [inSet(true), to('10.244.2.0', 24)], target: drop }] } }),
        (s) => ({ ...s, ipsets: known([set('list', 'hash:ip', [{ parts: [net('10.244.1.3/32')] }])]) }),
      ),
    },
    command: 'ipset add list 10.244.1.2',
  },
  'NV-RULE-SHADOWED': {
    edit: {
      [HOST2]: nft({
        filter: {
          FORWARD: [
            { matches: [to('10.244.2.0', 24)], target: drop },
            { matches: [to('10.244.2.2'), tcp, dport(80)], target: accept },
          ],
        },
      }),
    },
    command: "iptables-nft -t filter -I FORWARD 1 -m comment --comment 'rule 2' -j ACCEPT",
  },
  'NV-CONNTRACK-INVALID': {
    flow: flow(A1, '10.244.2.2:80', { tcpFlags: 16 }),
    edit: { [HOST2]: both(DROPS_INVALID, sysctls({ 'net/netfilter/nf_conntrack_tcp_loose': '0' })) },
    command: "iptables-nft -t filter -D FORWARD -m comment --comment 'rule 1' -j DROP",
  },
  // There by way of the host's routing, back over its bridge: the host sees no answer, and takes the next packet for INVALID.
  'NV-PATH-ASYMMETRIC': {
    flow: NEAR,
    edit: {
      [A1]: instead('10.244.1.0/24'),
      [HOST1]: both(DROPS_INVALID, sysctls({ 'net/bridge/bridge-nf-call-iptables': '0' })),
    },
    command: "iptables-nft -t filter -D FORWARD -m comment --comment 'rule 1' -j DROP",
  },
  'NV-CONNTRACK-STALE': {
    flow: flow(A1, '10.96.0.10:53', { protocol: 'udp' }),
    edit: {
      [HOST1]: both(
        nft({ nat: { PREROUTING: [{ matches: [to('10.96.0.10')], target: dnat('10.244.2.2', 53) }] } }),
        (s) => ({ ...s, conntrack: known([entry('10.244.1.2', '10.96.0.10', '10.244.2.99')]) }),
      ),
    },
    command: 'conntrack -D -p udp -s 10.244.1.2 -d 10.96.0.10 --sport 40000 --dport 53',
  },
  'NV-NAT-CLASH': {
    flow: flow(A1, '10.244.2.2:53', { protocol: 'udp' }),
    edit: {
      [HOST1]: both(nft({ nat: { POSTROUTING: [{ matches: [to('10.244.2.2')], target: ONE_PORT }] } }), (s) => ({
        ...s,
        conntrack: known([hasThePort]),
      })),
    },
    command: null,
  },
  'NV-CONNTRACK-FULL': {
    edit: {
      [HOST1]: (s) => ({
        ...nft({ filter: { FORWARD: [{ matches: [invalid], target: drop }] } })(s),
        conntrackTable: known({ count: 65536, max: 65536 }),
      }),
    },
    command: 'sysctl -w net.netfilter.nf_conntrack_max=131072',
  },
  'NV-SERVICE-NO-ENDPOINTS': {
    flow: flow(A1, SVC),
    edit: {
      [HOST1]: nft({
        filter: {
          FORWARD: [
            {
              matches: [to('10.96.0.10')],
              target: { kind: 'reject', with: 'icmp-port-unreachable' } as never,
              comment: 'shop/pay:http has no endpoints',
            },
          ],
        },
      }),
    },
    command: null,
  },
  'NV-SERVICE-PORT-UNKNOWN': { flow: flow(A1, '10.96.0.10:81'), with: { services: SERVICES }, command: null },
  'NV-SERVICE-NOT-PROGRAMMED': { flow: flow(A1, SVC), with: { services: SERVICES }, command: null },
  'NV-DNAT-STALE': {
    flow: flow(A1, SVC),
    edit: { [HOST1]: nft({ nat: { PREROUTING: [{ matches: [tcp], target: dnat('10.244.1.99', 80) }] } }) },
    command: null,
  },
  'NV-ADDRESS-UNUSED': { flow: flow(A1, '10.244.1.200:80'), command: null },
  'NV-NO-LISTENER': { flow: flow(A1, '10.244.2.2:81'), command: null },
  'NV-ACCEPT-QUEUE-FULL': {
    edit: { [A2]: isListening({ ...listener('tcp', 80), acceptQueue: { length: 6, limit: 5 } }) },
    command: null,
  },
  'NV-RECEIVE-BUFFER-FULL': {
    flow: flow(A1, '10.244.2.2:53', { protocol: 'udp' }),
    edit: { [A2]: isListening({ ...listener('udp', 53), receiveBuffer: { bytes: 213000, limit: 212992 } }) },
    command: null,
  },
  'NV-LISTENER-LOOPBACK-ONLY': { edit: { [A2]: isListening(listener('tcp', 80, '127.0.0.1')) }, command: null },
  'NV-LISTENER-OTHER-ADDRESS': { edit: { [A2]: isListening(listener('tcp', 80, '10.9.9.9')) }, command: null },
  'NV-LISTENER-OTHER-FAMILY': {
    edit: { [A2]: isListening({ ...listener('tcp', 80, '::'), v6only: true }) },
    command: null,
  },
  'NV-LISTENER-OTHER-DEVICE': {
    edit: { [A2]: isListening({ ...listener('tcp', 80), dev: ifIndex(1) }) },
    command: null,
  },
  'NV-LISTENER-OTHER-PEER': {
    flow: flow(A1, '10.244.2.2:53', { protocol: 'udp' }),
    edit: { [A2]: isListening({ ...listener('udp', 53), remote: { address: ip('10.244.1.3'), port: 9 } }) },
    command: null,
  },
  'NV-LINK-DOWN': {
    edit: {
      [A2]: both(
        linkDown('eth0'),
        routes((r) => r.filter((x) => x.table === 255)),
      ),
    },
    command: 'ip link set eth0 up && ip route replace default via 10.244.2.1 dev eth0',
  },
  'NV-LINK-NO-CARRIER': {
    flow: toOutside,
    edit: {
      [HOST1]: both(devices('eth0', { carrier: false }), nft({ nat: { POSTROUTING: [{ target: MASQUERADE }] } })),
    },
    command: null,
  },
  'NV-BRIDGE-PORT-BLOCKED': {
    edit: { [HOST2]: port('veth2', { state: 'disabled' }) },
    command: 'bridge link set dev veth2 state 3',
  },
  'NV-PORT-ISOLATED': { flow: NEAR, edit: { [HOST1]: isolated }, command: 'bridge link set dev veth3 isolated off' },
  'NV-BRIDGE-FLOOD-OFF': {
    flow: NEAR,
    edit: { [HOST1]: port('veth3', { broadcastFlood: false }) },
    command: 'bridge link set dev veth3 bcast_flood on',
  },
  'NV-HAIRPIN-OFF': {
    flow: flow(A1, SVC),
    edit: { [HOST1]: both(nft(SERVICE), port('veth2', { hairpin: false })) },
    command: 'bridge link set dev veth2 hairpin on',
  },
  'NV-NO-ROUTE': {
    edit: { [A2]: routes((r) => r.filter((x) => x.table === 255)) },
    command:
      'ip route replace 10.244.2.0/24 dev eth0 proto kernel scope link src 10.244.2.2 && ip route replace default via 10.244.2.1 dev eth0',
  },
  'NV-ROUTE-MISSING': {
    edit: { [HOST1]: instead('10.244.2.0/24') },
    command: 'ip route replace 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink',
  },
  'NV-ROUTE-WRONG-GATEWAY': {
    with: { mode: 'host-gw' },
    edit: { [HOST1]: instead('10.244.2.0/24', route('10.244.2.0/24', 2, { via: '172.18.0.99' })) },
    command:
      'ip route del 10.244.2.0/24 via 172.18.0.99 dev eth0 && ip route replace 10.244.2.0/24 via 172.18.0.12 dev eth0',
  },
  'NV-ROUTE-WRONG-DEVICE': {
    edit: { [HOST1]: instead('10.244.2.0/24', route('10.244.2.0/24', 2, { via: '172.18.0.1' })) },
    command:
      'ip route del 10.244.2.0/24 via 172.18.0.1 dev eth0 && ip route replace 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink',
  },
  'NV-ROUTE-REFUSES': {
    edit: { [HOST1]: routes((r) => [...r, route('10.244.2.2/32', 0, { type: 'prohibit' })]) },
    command: 'ip route del prohibit 10.244.2.2/32',
  },
  'NV-POLICY-RULE-REFUSES': {
    edit: {
      [HOST1]: (s) => ({
        ...s,
        rules4: known([
          policyRule(10, 0, { from: prefix('10.244.1.2/32'), action: { kind: 'unreachable' } } as Partial<Rule>),
          ...DEFAULT_RULES,
        ]),
      }),
    },
    command: 'ip rule del from 10.244.1.2/32 priority 10 unreachable',
  },
  'NV-MULTIPATH-HOP-DEAD': {
    edit: { [HOST1]: both(TWO_HOPS, sysctls({ 'net/ipv4/fib_multipath_hash_policy': '1' })) },
    command: 'ip route replace 10.244.2.0/24 via 10.244.2.0 dev flannel.1',
  },
  'NV-SOURCE-NOT-AVAILABLE': {
    flow: flow(A1, '10.244.2.2:80', { source: { kind: 'namespace', namespace: A1, address: '10.244.1.9' } }),
    command: null,
  },
  'NV-BROADCAST-REFUSED': { flow: flow(A1, '255.255.255.255:80'), command: null },
  'NV-LOOP': {
    edit: { [HOST1]: nft({ nat: { OUTPUT: [{ target: dnat('10.244.2.2', 80) }] } }) },
    command: null,
  },
  'NV-TTL-EXPIRED': { flow: flow(A1, '10.244.2.2:80', { ttl: 1 }), command: null },
  'NV-NEIGHBOUR-UNRESOLVED': {
    edit: { [HOST1]: neighbours() },
    command: 'ip neigh replace 10.244.2.0 lladdr 0a:00:00:00:00:02 dev flannel.1 nud permanent',
  },
  'NV-NEIGHBOUR-WRONG': {
    edit: { [A1]: neighbours(neighbour('10.244.1.1', 2)) },
    command: 'ip neigh del 10.244.1.1 dev eth0',
  },
  'NV-ARP-IGNORED': {
    flow: NEAR,
    edit: { [B1]: sysctls({ 'net/ipv4/conf/all/arp_ignore': '8', 'net/ipv4/conf/eth0/arp_ignore': '0' }) },
    command: 'sysctl -w net/ipv4/conf/all/arp_ignore=0',
  },
  'NV-FDB-MISSING': {
    edit: { [HOST1]: (s) => ({ ...s, fdb: known([]) }) },
    command: 'bridge fdb replace 0a:00:00:00:00:02 dev flannel.1 dst 172.18.0.12 self permanent',
  },
  'NV-FDB-WRONG-NODE': {
    edit: { [HOST1]: fdb((e) => ({ ...e, dst: ip('172.18.0.77') })) },
    command: 'bridge fdb replace 0a:00:00:00:00:02 dev flannel.1 dst 172.18.0.12 self permanent',
  },
  'NV-VXLAN-VNI-MISMATCH': { edit: { [HOST2]: vxlan({ vni: 2 }) }, command: null },
  'NV-VXLAN-DEVICE-MISSING': {
    edit: {
      [HOST2]: (s) => ({
        ...s,
        links: s.links.known ? known(s.links.value.filter((l) => l.detail.kind !== 'vxlan')) : s.links,
      }),
    },
    command: null,
  },
  'NV-VXLAN-CHECKSUM': {
    edit: {
      [HOST1]: both(
        vxlan({ sums: { ipv4: true, ipv6: true } }),
        nft({ nat: { POSTROUTING: [{ matches: [to('172.18.0.12')], target: ONE_PORT }] } }),
      ),
    },
    command: null,
  },
  'NV-IP-FORWARD-OFF': {
    edit: { [HOST1]: sysctls({ 'net/ipv4/ip_forward': '0' }) },
    command: 'sysctl -w net.ipv4.ip_forward=1',
  },
  'NV-RP-FILTER': {
    edit: { [HOST2]: both(BACK_BY_WIRE, sysctls({ 'net/ipv4/conf/all/rp_filter': '1' })) },
    command: 'sysctl -w net/ipv4/conf/flannel.1/rp_filter=2',
  },
  'NV-MARTIAN': {
    edit: { [A1]: nft({ nat: { POSTROUTING: [{ target: snat('224.0.0.5') }] } }) },
    command: null,
  },
  'NV-LOOPBACK-FROM-OUTSIDE': {
    flow: flow(A1, '172.18.0.11:80'),
    edit: { [HOST1]: nft({ nat: { PREROUTING: [{ matches: [tcp], target: dnat('127.0.0.1', 80) }] } }) },
    command: 'sysctl -w net/ipv4/conf/cni0/route_localnet=1',
  },
  'NV-SOURCE-IS-OWN': {
    edit: { [A1]: nft({ nat: { POSTROUTING: [{ target: snat('10.244.1.1') }] } }) },
    command: null,
  },
  'NV-ECHO-IGNORED': {
    flow: flow(A1, '10.244.2.2'),
    edit: { [A2]: sysctls({ 'net/ipv4/icmp_echo_ignore_all': '1' }) },
    command: 'sysctl -w net.ipv4.icmp_echo_ignore_all=0',
  },
  'NV-MTU-EXCEEDED': {
    flow: flow(HOST1, '10.244.2.2:80', { sizeBytes: 1480, dontFragment: true }),
    command: null,
  },
  'NV-ROUTE-MTU': {
    flow: flow(A1, '10.244.2.2:80', { sizeBytes: 1200, dontFragment: true }),
    edit: { [HOST1]: routes((r) => r.map((x) => (isRoute(x, '10.244.2.0/24') ? { ...x, mtuBytes: 1000 } : x))) },
    command: 'ip route replace 10.244.2.0/24 via 10.244.2.0 dev flannel.1',
  },
  'NV-MTU-FAR-END': {
    flow: flow(A1, '10.244.1.3:80', { sizeBytes: 1005, dontFragment: true }),
    edit: { [B1]: devices('eth0', { mtuBytes: 1000 }) },
    command: 'ip link set eth0 mtu 1450',
  },
  'NV-MTU-ERROR-LOST': {
    flow: flow(A1, '10.244.2.2:80', { sizeBytes: 1480, dontFragment: true }),
    edit: {
      [A1]: both(
        devices('eth0', { mtuBytes: 1500 }),
        nft({ filter: { INPUT: [{ matches: [{ kind: 'protocol', negate: false, number: 1 }], target: drop }] } }),
      ),
    },
    command: null,
  },
  'NV-MASQUERADE-MISSING': {
    flow: toOutside,
    edit: { [HOST1]: nft({ nat: { POSTROUTING: [{ matches: [to('192.0.2.1')], target: MASQUERADE }] } }) },
    command: 'iptables-nft -t nat -A POSTROUTING -s 10.244.0.0/16 ! -d 10.244.0.0/16 -j MASQUERADE',
  },
  'NV-OUTSIDE-NO-ROUTE': { flow: flow('203.0.113.10', '10.244.1.2:80'), command: null },
  'NV-REPLY-UNTRANSLATED': {
    flow: flow(B1, SVC),
    edit: { [HOST1]: both(nft(SERVICE), sysctls({ 'net/bridge/bridge-nf-call-iptables': '0' })) },
    command: null,
  },
  'NV-DELIVERED-TO-OTHER': {
    flow: NEAR,
    edit: {
      [HOST1]: (s) => ({
        ...s,
        fdb: s.fdb.known
          ? known([
              ...s.fdb.value,
              {
                mac: mac('02:00:00:00:04:13'),
                dev: ifIndex(12),
                master: ifIndex(3),
                vlan: null,
                dst: null,
                vni: null,
                port: null,
                via: null,
                permanent: false,
                isStatic: true,
                evidence: { line: 2, text: 'static' },
              },
            ])
          : s.fdb,
      }),
      [A1]: neighbours({ ...neighbour('10.244.1.3', 2), mac: mac('02:00:00:00:04:13') }),
    },
    command: null,
  },
  'NV-ANSWERED-BY-OTHER': {
    flow: flow(B1, '10.244.1.2:81'),
    edit: { [B1]: nft({ nat: { OUTPUT: [{ matches: [tcp], target: dnat('10.244.2.2', 80) }] } }) },
    command: null,
  },
  'NV-NAT-NO-SOURCE': {
    flow: toOutside,
    edit: {
      [HOST1]: both(
        addresses((a) => a.map((x) => ({ ...x, scope: Math.max(x.scope, SCOPE.link) }))),
        nft({ nat: { POSTROUTING: [{ target: MASQUERADE }] } }),
      ),
    },
    command: null,
  },
  'NV-NODE-UNREADABLE': { with: { unavailable: { 'node-2': 'no agent' } }, command: null },
  'NV-NOT-COLLECTED': { with: { without: [HOST2] }, command: null },
  'NV-UNKNOWN-DECIDES': {
    edit: { [HOST1]: (s) => ({ ...s, nftables: missing('nftables') }) },
    command: null,
  },
  'NV-UNEXAMINED': { flow: flow(B1, SVC), edit: { [HOST1]: nft(SERVICE) }, options: { maxBranches: 1 }, command: null },
};

const rows = Object.entries(CASES) as readonly (readonly [FindingCode, Case])[];
const worldOf = (row: Case) => cluster({ ...row.with, ...(row.edit ? { edit: row.edit } : {}) });

function finds(code: FindingCode, row: Case): void {
  const { diagnosis } = diagnose(worldOf(row), row.flow ?? CROSS, NAMES, row.options);
  const text = `${diagnosis.findings.map((f) => `${f.code} ${f.remedy?.command}`).join('\n')}\n${traceText(diagnosis.trace)}`;
  const found = diagnosis.findings.find((f) => f.code === code);
  expect(found, text).toBeDefined();
  expect(found?.remedy?.command ?? null, text).toBe(row.command);
  expect(found?.remedy?.proven ?? false, text).toBe(row.command !== null);
}

/** Causes that lead to a code which another one has led to above. */
const OTHER_CAUSES: readonly (readonly [string, FindingCode, Case])[] = [
  [
    'the policy of a native chain',
    'NV-FILTER-POLICY-DROP',
    {
      edit: { [HOST2]: nativeChain({ policy: 'drop', rules: [] }) },
      command: "nft add chain inet t c '{ policy accept ; }'",
    },
  ],
  [
    'a native rule that rejects',
    'NV-FILTER-REJECT',
    {
      edit: { [HOST2]: nativeChain({ rules: [[{ kind: 'reject', type: 'icmpx', code: 1 }]] }) },
      command: 'nft delete rule inet t c handle 2',
    },
  ],
  [
    'a native rule that drops',
    'NV-FILTER-DROP',
    {
      edit: { [HOST2]: nativeChain({ rules: [[{ kind: 'verdict', verdict: { code: 'drop' } }]] }) },
      command: 'nft delete rule inet t c handle 2',
    },
  ],
  [
    'a route into the loopback device',
    'NV-ROUTE-WRONG-DEVICE',
    {
      flow: flow(HOST1, '10.244.2.2:80'),
      edit: { [HOST1]: instead('10.244.2.0/24', route('10.244.2.0/24', 1)) },
      command:
        'ip route del 10.244.2.0/24 dev lo && ip route replace 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink',
    },
  ],
  [
    'loose where no route leads back',
    'NV-RP-FILTER',
    {
      edit: { [HOST2]: both(NO_WAY_BACK, LOOSE) },
      command: 'ip route replace 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink',
    },
  ],
  [
    'strict where no route leads back, where loose would not help',
    'NV-RP-FILTER',
    {
      edit: { [HOST2]: both(NO_WAY_BACK, sysctls({ 'net/ipv4/conf/all/rp_filter': '1' })) },
      command: 'ip route replace 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink',
    },
  ],
  [
    'loose where no route leads back to an address that nobody knows',
    'NV-RP-FILTER',
    { edit: { [A1]: FOREIGN, [HOST2]: both(NO_WAY_BACK, LOOSE) }, command: null },
  ],
  [
    'loose on a device without an address',
    'NV-RP-FILTER',
    {
      edit: { [HOST2]: both(BACK_BY_WIRE, NO_TUNNEL_ADDRESS, LOOSE) },
      command:
        'ip route del 10.244.1.0/24 via 172.18.0.11 dev eth0 && ip route replace 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink',
    },
  ],
  [
    'loose on a device without an address, for an address that nobody knows',
    'NV-RP-FILTER',
    { edit: { [A1]: FOREIGN, [HOST2]: both(NO_TUNNEL_ADDRESS, LOOSE) }, command: null },
  ],
  [
    'an answer that the host forgot the question of',
    'NV-CONNTRACK-INVALID',
    {
      edit: {
        [HOST2]: both(
          nft({
            raw: { PREROUTING: [{ matches: [from('10.244.1.2')], target: { kind: 'notrack' } as never }] },
            filter: { FORWARD: [{ matches: [invalid], target: drop }] },
          }),
          sysctls({ 'net/netfilter/nf_conntrack_tcp_loose': '0' }),
        ),
      },
      command: "iptables-nft -t filter -D FORWARD -m comment --comment 'rule 1' -j DROP",
    },
  ],
  [
    'a locked port',
    'NV-BRIDGE-PORT-BLOCKED',
    {
      flow: NEAR,
      edit: { [HOST1]: port('veth2', { locked: true }) },
      command: 'bridge link set dev veth2 locked off',
    },
  ],
];

const stops = [...rows, ...OTHER_CAUSES.map(([, code, row]) => [code, row] as const)].flatMap(([, row]) =>
  evaluate(worldOf(row), row.flow ?? CROSS, row.options).branches.flatMap((b) => (b.stop ? [b.stop] : [])),
);

describe('every code', () => {
  it.each(rows)('%s is found where its fault is', finds);
  it.each(OTHER_CAUSES)('%s is %s as well', (_, code, row) => finds(code, row));
});

describe('nothing dies without a code', () => {
  const bad = Object.entries(DISPOSITIONS).filter(([, d]) => d.outcome !== 'reachable');
  it.each(bad.map(([name]) => name as Disposition))('a row ends in %s', (name) => {
    expect(stops.map((stop) => stop.disposition)).toContain(name);
  });
  const reached: ReadonlySet<string> = new Set(stops.flatMap(({ cause }) => [cause.kind, lostOf(cause)]));
  it.each(Object.keys(DERIVERS))('a row ends by %s', (kind) => {
    expect(reached).toContain(kind);
  });
});

const lostOf = (cause: Cause): string => (cause.kind === 'neighbour' ? (cause.lost?.cause.kind ?? '') : '');
