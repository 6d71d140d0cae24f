/**
 * The scenario table: every row is set up on the lab, diagnosed through the API, and compared with real packets.
 * The lab's objects: libs/lab/README.md. Rows without `faults` are the clean ones.
 */
import type { Scenario } from './scenario.ts';

const CLIENT = { pod: 'default/client' } as const;
const WEB = { service: 'default/web', port: 80 } as const;
const WEB_IP = '10.96.0.80';
const WEB_2 = { pod: 'default/web-2', port: 8080 } as const;
const NODE_1 = { node: 'node-1' } as const;
const EXTERNAL = { ip: '203.0.113.10' } as const;

const clean: readonly Scenario[] = [
  {
    name: 'pod to pod on another node',
    source: CLIENT,
    destination: WEB_2,
    expect: { outcome: 'reachable' },
    probe: { from: CLIENT, to: { pod: 'default/web-2', port: 8080 } },
  },
  {
    name: 'pod to pod on the same node',
    source: CLIENT,
    destination: { pod: 'default/web-1', port: 8080 },
    expect: { outcome: 'reachable' },
    probe: { from: CLIENT, to: { pod: 'default/web-1', port: 8080 } },
  },
  {
    name: 'pod to another node',
    source: CLIENT,
    destination: { node: 'node-2', port: 80 },
    expect: { outcome: 'reachable' },
    probe: { from: CLIENT, to: { node: 'node-2', port: 80 } },
  },
  {
    name: 'node to node',
    source: NODE_1,
    destination: { node: 'node-2', port: 80 },
    expect: { outcome: 'reachable' },
    probe: { from: NODE_1, to: { node: 'node-2', port: 80 } },
  },
  {
    name: 'pod to its own node',
    source: CLIENT,
    destination: { node: 'node-1', port: 80 },
    expect: { outcome: 'reachable' },
    probe: { from: CLIENT, to: { node: 'node-1', port: 80 } },
  },
  {
    name: 'node to its own pod',
    source: NODE_1,
    destination: { pod: 'default/web-1', port: 8080 },
    expect: { outcome: 'reachable' },
    probe: { from: NODE_1, to: { pod: 'default/web-1', port: 8080 } },
  },
  {
    name: 'node to a pod elsewhere',
    source: NODE_1,
    destination: WEB_2,
    expect: { outcome: 'reachable' },
    probe: { from: NODE_1, to: { pod: 'default/web-2', port: 8080 } },
  },
  {
    name: 'UDP to a Service on port 53',
    source: CLIENT,
    destination: { service: 'default/dns', port: 53 },
    protocol: 'udp',
    expect: { outcome: 'reachable' },
    probe: { from: CLIENT, to: { address: '10.96.0.53', port: 53 } },
  },
  {
    name: 'ping from pod to pod',
    source: CLIENT,
    destination: { pod: 'default/web-2' },
    protocol: 'icmp',
    expect: { outcome: 'reachable' },
    probe: { from: CLIENT, to: { pod: 'default/web-2' } },
  },
  {
    name: 'pod to an external host',
    source: CLIENT,
    destination: { ...EXTERNAL, port: 80 },
    expect: { outcome: 'reachable', dispositions: ['exits-network'] },
    probe: { from: CLIENT, to: { address: EXTERNAL.ip, port: 80 } },
  },
  {
    name: 'pod to a ClusterIP whose port differs from its targetPort, endpoints on three nodes',
    source: CLIENT,
    destination: WEB,
    expect: { outcome: 'reachable' },
    probe: { from: CLIENT, to: { address: WEB_IP, port: 80 } },
  },
  {
    name: 'pod to a ClusterIP by the name of the port, with a named targetPort',
    source: CLIENT,
    destination: { service: 'default/web', port: 'http' },
    expect: { outcome: 'reachable' },
    probe: { from: CLIENT, to: { address: WEB_IP, port: 80 } },
  },
  {
    name: 'pod to a Service with session affinity',
    source: CLIENT,
    destination: { service: 'default/sticky', port: 80 },
    expect: { outcome: 'reachable' },
    probe: { from: CLIENT, to: { address: '10.96.0.82', port: 80 } },
  },
  {
    name: 'node to a ClusterIP',
    source: NODE_1,
    destination: WEB,
    expect: { outcome: 'reachable' },
    probe: { from: NODE_1, to: { address: WEB_IP, port: 80 } },
  },
  {
    name: 'NodePort from outside, through a node with an endpoint',
    source: EXTERNAL,
    destination: { node: 'node-1', port: 30080 },
    expect: { outcome: 'reachable' },
    probe: { from: { external: true }, to: { node: 'node-1', port: 30080 } },
  },
  {
    name: 'NodePort from outside, through a node without an endpoint',
    source: EXTERNAL,
    destination: { node: 'node-1', port: 30081 },
    expect: { outcome: 'reachable' },
    probe: { from: { external: true }, to: { node: 'node-1', port: 30081 } },
  },
  {
    name: 'a pod to itself through its Service (hairpin)',
    source: { pod: 'default/web-1' },
    destination: WEB,
    expect: { outcome: 'reachable' },
    probe: { from: { pod: 'default/web-1' }, to: { address: WEB_IP, port: 80 } },
  },
];

/** Most faults are asked on client → web-2, which crosses the wire from node-1 to node-2. */
const crossing = (
  name: string,
  fault: NonNullable<Scenario['faults']>[number],
  expect: Scenario['expect'],
  fails: NonNullable<Scenario['probe']['fails']> = ['timeout', 'unreachable'],
): Scenario => ({
  name,
  faults: [fault],
  source: CLIENT,
  destination: WEB_2,
  expect,
  probe: { from: CLIENT, to: { pod: 'default/web-2', port: 8080 }, fails },
});

const podFaults: readonly Scenario[] = [
  crossing(
    'the destination pod’s eth0 is down',
    { name: 'pod-link-down' },
    { outcome: 'unreachable', blocking: [{ code: 'NV-LINK-DOWN' }] },
  ),
  {
    // lo carries no traffic from outside: the verdict must not be fooled by it.
    name: 'the destination pod’s lo is down, and others still reach it',
    faults: [{ name: 'pod-loopback-down' }],
    source: CLIENT,
    destination: WEB_2,
    expect: { outcome: 'reachable' },
    probe: { from: CLIENT, to: { pod: 'default/web-2', port: 8080 } },
  },
  crossing(
    'no listener in the destination pod',
    { name: 'pod-no-listener' },
    { outcome: 'unreachable', blocking: [{ code: 'NV-NO-LISTENER' }], dispositions: ['refused'] },
    ['refused'],
  ),
  crossing(
    'the destination listens on 127.0.0.1 only',
    { name: 'pod-listener-loopback' },
    { outcome: 'unreachable', blocking: [{ code: 'NV-LISTENER-LOOPBACK-ONLY' }], dispositions: ['refused'] },
    ['refused'],
  ),
  crossing(
    'the destination pod’s routes are flushed',
    { name: 'pod-routes-flushed' },
    { outcome: 'unreachable', blocking: [{ code: 'NV-NO-ROUTE', direction: 'reply' }] },
  ),
  crossing(
    'the destination pod’s default route leads to lo',
    { name: 'pod-default-route-via-lo' },
    { outcome: 'unreachable', blocking: [{ code: 'NV-ROUTE-WRONG-DEVICE' }] },
  ),
  crossing(
    'iptables -I INPUT -j DROP in the destination pod',
    { name: 'pod-input-drop' },
    {
      outcome: 'unreachable',
      blocking: [{ code: 'NV-FILTER-DROP', hop: 'node-2/pod/default/web-2' }],
      dispositions: ['dropped'],
    },
    ['timeout'],
  ),
];

const firewallFaults: readonly Scenario[] = [
  crossing(
    'the policy of FORWARD is DROP on the destination’s node',
    { name: 'node-forward-policy-drop' },
    { outcome: 'unreachable', blocking: [{ code: 'NV-FILTER-POLICY-DROP', hop: 'node-2/host' }] },
    ['timeout'],
  ),
  crossing(
    'a REJECT rule on the destination’s node',
    { name: 'node-forward-reject' },
    {
      outcome: 'unreachable',
      blocking: [{ code: 'NV-FILTER-REJECT', hop: 'node-2/host' }],
      dispositions: ['rejected'],
    },
    ['refused', 'unreachable'],
  ),
  crossing(
    'a DROP rule on the destination’s node',
    { name: 'node-forward-drop' },
    { outcome: 'unreachable', blocking: [{ code: 'NV-FILTER-DROP', hop: 'node-2/host' }] },
    ['timeout'],
  ),
  crossing(
    'a drop of the replies only',
    { name: 'reply-drop' },
    { outcome: 'unreachable', blocking: [{ code: 'NV-FILTER-DROP', direction: 'reply' }] },
    ['timeout'],
  ),
];

const serviceFaults: readonly Scenario[] = [
  {
    name: 'a Service without endpoints, from a pod',
    source: CLIENT,
    destination: { service: 'default/empty', port: 80 },
    expect: { outcome: 'unreachable', blocking: [{ code: 'NV-SERVICE-NO-ENDPOINTS' }], dispositions: ['rejected'] },
    probe: { from: CLIENT, to: { address: '10.96.0.90', port: 80 }, fails: ['refused', 'unreachable'] },
  },
  {
    name: 'a Service without endpoints, from a node',
    source: NODE_1,
    destination: { service: 'default/empty', port: 80 },
    expect: { outcome: 'unreachable', blocking: [{ code: 'NV-SERVICE-NO-ENDPOINTS' }], dispositions: ['rejected'] },
    probe: { from: NODE_1, to: { address: '10.96.0.90', port: 80 }, fails: ['refused', 'unreachable'] },
  },
  {
    name: 'a Service that loses its endpoints',
    faults: [{ name: 'service-no-endpoints' }],
    source: CLIENT,
    destination: WEB,
    expect: { outcome: 'unreachable', blocking: [{ code: 'NV-SERVICE-NO-ENDPOINTS' }] },
    probe: { from: CLIENT, to: { address: WEB_IP, port: 80 }, fails: ['refused', 'unreachable'] },
  },
  {
    name: 'a port that the Service does not have',
    source: CLIENT,
    destination: { service: 'default/web', port: 81 },
    expect: { outcome: 'unreachable', blocking: [{ code: 'NV-SERVICE-PORT-UNKNOWN' }] },
    probe: { from: CLIENT, to: { address: WEB_IP, port: 81 }, fails: ['timeout', 'unreachable', 'refused'] },
  },
  {
    name: 'a node still sends the Service’s traffic to a deleted pod',
    faults: [{ name: 'stale-dnat' }],
    source: CLIENT,
    destination: WEB,
    expect: { outcome: 'unreachable', blocking: [{ code: 'NV-DNAT-STALE' }] },
    probe: { from: CLIENT, to: { address: WEB_IP, port: 80 }, fails: ['timeout', 'unreachable'] },
  },
  {
    name: 'one of three endpoints is broken',
    faults: [{ name: 'endpoint-broken' }],
    source: CLIENT,
    destination: WEB,
    expect: { outcome: 'partially-reachable', reachableShare: 2 / 3 },
    probe: { from: CLIENT, to: { address: WEB_IP, port: 80 } },
  },
];

const linkAndRouteFaults: readonly Scenario[] = [
  crossing(
    'cni0 is down on the destination’s node',
    { name: 'cni0-down' },
    { outcome: 'unreachable', blocking: [{ code: 'NV-LINK-DOWN' }] },
  ),
  {
    ...crossing(
      'flannel.1 is down',
      { name: 'flannel-down' },
      { outcome: 'unreachable', blocking: [{ code: 'NV-LINK-DOWN' }] },
    ),
    only: 'flannel-vxlan',
  },
  crossing(
    'the route to the own pod CIDR is deleted',
    { name: 'own-podcidr-route-deleted' },
    { outcome: 'unreachable', blocking: [{ code: 'NV-ROUTE-MISSING' }] },
  ),
  crossing(
    'the route to the peer’s pod CIDR is deleted',
    { name: 'peer-podcidr-route-deleted' },
    { outcome: 'unreachable', blocking: [{ code: 'NV-ROUTE-MISSING' }] },
  ),
  crossing(
    'the peer’s pod CIDR goes to the wrong gateway',
    { name: 'peer-podcidr-wrong-gateway' },
    { outcome: 'unreachable', blocking: [{ code: 'NV-ROUTE-WRONG-GATEWAY' }] },
  ),
  crossing(
    'the peer’s pod CIDR goes out by the wrong device',
    { name: 'peer-podcidr-wrong-device' },
    { outcome: 'unreachable', blocking: [{ code: 'NV-ROUTE-WRONG-DEVICE' }] },
  ),
  {
    ...crossing(
      'an FDB entry is missing',
      { name: 'fdb-missing' },
      { outcome: 'unreachable', blocking: [{ code: 'NV-FDB-MISSING' }] },
    ),
    only: 'flannel-vxlan',
  },
  {
    ...crossing(
      'an FDB entry names the wrong node',
      { name: 'fdb-wrong-node' },
      { outcome: 'unreachable', blocking: [{ code: 'NV-FDB-WRONG-NODE' }] },
    ),
    only: 'flannel-vxlan',
  },
  {
    ...crossing(
      'a neighbour entry is missing',
      { name: 'neighbour-missing' },
      { outcome: 'unreachable', blocking: [{ code: 'NV-NEIGHBOUR-UNRESOLVED' }] },
    ),
    only: 'flannel-vxlan',
  },
  {
    ...crossing(
      'udp/8472 is dropped on the receiving node',
      { name: 'vxlan-port-drop-input' },
      { outcome: 'unreachable', blocking: [{ code: 'NV-FILTER-DROP', hop: 'node-2/host' }] },
    ),
    only: 'flannel-vxlan',
  },
  {
    ...crossing(
      'udp/8472 is dropped on the sending node',
      { name: 'vxlan-port-drop-output' },
      { outcome: 'unreachable', blocking: [{ code: 'NV-FILTER-DROP', hop: 'node-1/host' }] },
    ),
    only: 'flannel-vxlan',
  },
  {
    ...crossing(
      'the tunnel’s VNI is wrong on one node',
      { name: 'vxlan-wrong-vni' },
      { outcome: 'unreachable', blocking: [{ code: 'NV-VXLAN-VNI-MISMATCH' }] },
    ),
    only: 'flannel-vxlan',
  },
];

/** UDP with DF, larger than the path takes and not larger than the pod's own link; mended, the pod sends what the path takes. */
const tooBig = (cni: NonNullable<Scenario['only']>, sizeBytes: number, mendedSizeBytes: number): Scenario => ({
  name: `the pod’s MTU is larger than the path takes: ${sizeBytes} bytes with DF`,
  only: cni,
  faults: [{ name: 'pod-mtu-too-large' }],
  source: CLIENT,
  destination: { pod: 'default/web-2', port: 5353 },
  protocol: 'udp',
  sizeBytes,
  mendedSizeBytes,
  expect: { outcome: 'unreachable', blocking: [{ code: 'NV-MTU-EXCEEDED' }], dispositions: ['too-big'] },
  probe: {
    from: CLIENT,
    to: { pod: 'default/web-2', port: 5353 },
    // The probe counts payload: without the headers of IPv4 (20) and UDP (8).
    sizeBytes: sizeBytes - 28,
    dontFragment: true,
    fails: ['too-big', 'timeout'],
  },
});

const sysctlAndNatFaults: readonly Scenario[] = [
  crossing(
    'forwarding is switched off',
    { name: 'ip-forward-off' },
    { outcome: 'unreachable', blocking: [{ code: 'NV-IP-FORWARD-OFF' }] },
  ),
  crossing(
    'rp_filter=1 meets an asymmetric route',
    { name: 'rp-filter-asymmetric' },
    { outcome: 'unreachable', blocking: [{ code: 'NV-RP-FILTER' }] },
    ['timeout'],
  ),
  tooBig('flannel-vxlan', 1480, 1450),
  tooBig('flannel-host-gw', 1600, 1500),
  {
    name: 'the masquerade rule is missing for a pod going outside',
    faults: [{ name: 'masquerade-missing' }],
    source: CLIENT,
    destination: { ...EXTERNAL, port: 80 },
    expect: { outcome: 'unreachable', blocking: [{ code: 'NV-MASQUERADE-MISSING' }] },
    probe: { from: CLIENT, to: { address: EXTERNAL.ip, port: 80 }, fails: ['timeout', 'unreachable'] },
  },
  {
    name: 'from outside straight to a pod’s address',
    source: EXTERNAL,
    destination: WEB_2,
    expect: { outcome: 'unreachable', blocking: [{ code: 'NV-OUTSIDE-NO-ROUTE' }], dispositions: ['outside-no-route'] },
    probe: { from: { external: true }, to: { pod: 'default/web-2', port: 8080 }, fails: ['timeout', 'unreachable'] },
  },
];

const twoBlockers: readonly Scenario[] = [
  {
    name: 'two independent blockers on one path are both found',
    faults: [{ name: 'node-forward-drop' }, { name: 'pod-input-drop' }],
    source: CLIENT,
    destination: WEB_2,
    expect: {
      outcome: 'unreachable',
      blocking: [
        { code: 'NV-FILTER-DROP', hop: 'node-2/host' },
        { code: 'NV-FILTER-DROP', hop: 'node-2/pod/default/web-2' },
      ],
    },
    probe: { from: CLIENT, to: { pod: 'default/web-2', port: 8080 }, fails: ['timeout'] },
  },
];

/** Independent faults, planted at once: each blocks alone, and none hides another. */
const planted = (
  name: string,
  faults: readonly NonNullable<Scenario['faults']>[number]['name'][],
  codes: readonly string[],
): Scenario => ({
  name,
  faults: faults.map((fault) => ({ name: fault })),
  source: CLIENT,
  destination: WEB_2,
  expect: {
    outcome: 'unreachable',
    blocking: codes.map((code) => ({ code }) as NonNullable<Scenario['expect']['blocking']>[number]),
  },
  probe: { from: CLIENT, to: { pod: 'default/web-2', port: 8080 }, fails: ['timeout', 'unreachable'] },
});

const severalFaults: readonly Scenario[] = [
  planted(
    'three independent faults on one path are all found, and mended',
    ['peer-podcidr-route-deleted', 'node-forward-policy-drop', 'pod-input-drop'],
    ['NV-ROUTE-MISSING', 'NV-FILTER-POLICY-DROP', 'NV-FILTER-DROP'],
  ),
  planted(
    'four independent faults on one path are all found, and mended',
    ['peer-podcidr-route-deleted', 'ip-forward-off', 'node-forward-drop', 'pod-input-drop'],
    ['NV-ROUTE-MISSING', 'NV-IP-FORWARD-OFF', 'NV-FILTER-DROP', 'NV-FILTER-DROP'],
  ),
];

const sh = (on: string, line: string) => ({ on, argv: ['sh', '-c', line] });
const byHand = (
  name: string,
  on: string,
  [prepare, undo]: readonly [string, string],
  expect: Scenario['expect'],
): Scenario => ({
  name,
  prepare: [sh(on, prepare)],
  undo: [sh(on, undo)],
  source: CLIENT,
  destination: WEB_2,
  expect,
  probe: { from: CLIENT, to: { pod: 'default/web-2', port: 8080 }, fails: ['timeout', 'unreachable'] },
});

/** `iptables` is the lab's variant on its nodes. */
const RULES = [
  '-p tcp -m tcp --dport 8080 -j DROP',
  `-d 10.244.2.3 -m comment --comment "it's two" -j DROP`,
  `-d 10.244.2.3 -m comment --comment "it's two" -j DROP`,
];

/** The host's end of web-2's eth0, learned from what the bridge has seen of it; kept for the undoing. */
const DETACH = [
  'ping -c 1 -W 1 10.244.2.3 >/dev/null',
  'mac=$(ip neigh show 10.244.2.3 dev cni0 | sed "s/.*lladdr \\([^ ]*\\).*/\\1/")',
  'port=$(bridge fdb show br cni0 | sed -n "s/^$mac dev \\([^ ]*\\).*/\\1/p")',
  'ip link property add dev $port altname web-2-port',
  'ip link set $port nomaster',
].join(' && ');
const ATTACH =
  'ip link set web-2-port master cni0; bridge link set dev web-2-port hairpin on; ip link property del dev web-2-port altname web-2-port';

const byHandFaults: readonly Scenario[] = [
  byHand(
    'several blockers in one chain, two of them the same rule',
    'node-2',
    [
      RULES.map((rule, i) => `iptables -I FORWARD ${i + 1} ${rule}`).join(' && '),
      RULES.map((rule) => `iptables -D FORWARD ${rule}`).join('; '),
    ],
    {
      outcome: 'unreachable',
      blocking: [{ code: 'NV-FILTER-DROP' }, { code: 'NV-FILTER-DROP' }, { code: 'NV-FILTER-DROP' }],
    },
  ),
  byHand(
    'the client pod’s neighbour entry for its gateway is wrong',
    'default/client',
    ['ip neigh replace 10.244.1.1 lladdr 02:00:00:00:00:99 dev eth0 nud permanent', 'ip neigh del 10.244.1.1 dev eth0'],
    { outcome: 'unreachable', blocking: [{ code: 'NV-NEIGHBOUR-WRONG', hop: 'node-1/pod/default/client' }] },
  ),
  byHand(
    'the node’s neighbour entry for another pod is wrong',
    'node-2',
    ['ip neigh replace 10.244.2.3 lladdr 02:00:00:00:00:99 dev cni0 nud permanent', 'ip neigh del 10.244.2.3 dev cni0'],
    { outcome: 'unreachable', blocking: [{ code: 'NV-NEIGHBOUR-WRONG', hop: 'node-2/host' }] },
  ),
  byHand(
    'a policy rule asks a table with a refusing route',
    'node-1',
    [
      'ip rule add from 10.244.1.2 lookup 77 prio 100 && ip route add unreachable 10.244.2.0/24 table 77 metric 9',
      'ip rule del prio 100; ip route flush table 77',
    ],
    { outcome: 'unreachable', blocking: [{ code: 'NV-ROUTE-REFUSES', hop: 'node-1/host' }] },
  ),
  byHand(
    'a policy rule asks a table whose route leads astray',
    'node-1',
    [
      'ip rule add from 10.244.1.2 lookup 77 prio 100 && ip route add 10.244.2.0/24 via 172.18.0.1 table 77',
      'ip rule del prio 100; ip route flush table 77',
    ],
    { outcome: 'unreachable' },
  ),
  byHand('the destination pod’s veth is in no bridge', 'node-2', [DETACH, ATTACH], {
    outcome: 'unreachable',
    blocking: [{ code: 'NV-BRIDGE-PORT-BLOCKED', hop: 'node-2/host' }],
  }),
  {
    name: 'an address of the client’s own subnet that no pod has',
    source: CLIENT,
    destination: { ip: '10.244.1.200', port: 80 },
    expect: { outcome: 'unreachable', blocking: [{ code: 'NV-ADDRESS-UNUSED' }] },
    probe: { from: CLIENT, to: { address: '10.244.1.200', port: 80 }, fails: ['timeout', 'unreachable'] },
  },
];

/** Only its source port tells a connection: from any other the Service works. */
const DNS_FROM_5300 = {
  source: CLIENT,
  destination: { service: 'default/dns', port: 53 },
  protocol: 'udp',
  sourcePort: 5300,
  probe: { from: CLIENT, to: { address: '10.96.0.53', port: 53 }, fails: ['timeout', 'unreachable'] },
} as const;
const STALE_ENTRY = sh(
  'node-1',
  'conntrack -I -p udp -s {default/client} -d 10.96.0.53 --sport 5300 --dport 53 --dst-nat 10.244.2.200:53 -t 600 --status SEEN_REPLY',
);
const FORGET_ENTRY = sh('node-1', 'conntrack -D -p udp --orig-port-src 5300 --orig-port-dst 53');
const oldConnections: readonly Scenario[] = [
  {
    name: 'an old connection of UDP still leads to an endpoint that is gone',
    prepare: [STALE_ENTRY],
    undo: [FORGET_ENTRY],
    ...DNS_FROM_5300,
    expect: { outcome: 'unreachable', blocking: [{ code: 'NV-CONNTRACK-STALE', hop: 'node-1/host' }] },
  },
  {
    name: 'another port than that of the old connection is not concerned',
    prepare: [STALE_ENTRY],
    undo: [FORGET_ENTRY],
    ...DNS_FROM_5300,
    sourcePort: 5301,
    expect: { outcome: 'reachable' },
  },
];

const policies: readonly Scenario[] = [
  {
    name: 'a NetworkPolicy forbids it, and Flannel enforces none: it works, and that is told',
    objects: [
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { namespace: 'default', name: 'deny-all' },
        spec: { podSelector: {}, policyTypes: ['Ingress'] },
      },
    ],
    source: CLIENT,
    destination: WEB,
    expect: { outcome: 'reachable', blocking: [], beside: ['NV-POLICY-UNENFORCED'] },
    probe: { from: CLIENT, to: { address: WEB_IP, port: 80 } },
  },
];

export const SCENARIOS: readonly Scenario[] = [
  ...clean,
  ...podFaults,
  ...firewallFaults,
  ...serviceFaults,
  ...linkAndRouteFaults,
  ...sysctlAndNatFaults,
  ...twoBlockers,
  ...byHandFaults,
  ...oldConnections,
  ...severalFaults,
  ...policies,
];
