/** Packets that routing decides about. */
import { prefix, type Rule } from '@netverdict/linux-net';
import { DEFAULT_RULES, known, policyRule, route } from '../testing/cluster.ts';
import {
  addresses,
  BLACKHOLE_OF_MARK,
  both,
  MARK_OUTPUT,
  MARKED,
  MASQ,
  nft,
  routes,
  snat,
  sysctls,
  TO_LOOPBACK,
  TWO_HOPS,
  toOutside,
} from '../testing/edits.ts';
import { A1, A2, flow, HOST1, HOST2 } from '../testing/flows.ts';
import { type Row, rows } from '../testing/rows.ts';

const BACK_BY_WIRE = routes((r) => [
  ...r.filter((x) => x.destination.address !== prefix('10.244.1.0/24').address),
  route('10.244.1.0/24', 2, { via: '172.18.0.11' }),
]);

/** Neither hop would have chosen that source, so neither is preferred. */
const FROM_THE_BRIDGE = flow(HOST1, '10.244.2.2:80', {
  source: { kind: 'namespace', namespace: HOST1, address: '10.244.1.1' },
});
const SPREAD = both(TWO_HOPS, sysctls({ 'net/ipv4/fib_multipath_hash_policy': '1' }));

rows('broken', [
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
        [HOST2]: both(BACK_BY_WIRE, sysctls({ 'net/ipv4/conf/all/rp_filter': '1' })),
      },
    },
    outcome: 'unreachable',
    findings: ['NV-RP-FILTER'],
    proven: true,
  },
  {
    name: 'loose rp_filter lets in what a route over another device leads back to',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST2]: both(BACK_BY_WIRE, sysctls({ 'net/ipv4/conf/all/rp_filter': '2' })) } },
    outcome: 'reachable',
  },
  {
    name: 'loose rp_filter on a device without an address takes the route back over that device alone',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [HOST2]: both(
          BACK_BY_WIRE,
          sysctls({ 'net/ipv4/conf/all/rp_filter': '2' }),
          addresses((a) => a.filter((x) => x.ifindex !== 4)),
        ),
      },
    },
    outcome: 'unreachable',
    disposition: 'filtered-by-kernel',
    findings: ['NV-RP-FILTER'],
    proven: true,
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
]);

rows("what was wrong once, or would go unnoticed if the kernel's rule were turned round", [
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
      findings: ['NV-POLICY-RULE-REFUSES'],
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
    name: 'connections of one pair of addresses take one hop of several, and which is not known',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: TWO_HOPS } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'with a hash of the ports they are spread over both',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: SPREAD } },
    outcome: 'partially-reachable',
  },
  {
    name: 'what is routed again is spread without its ports',
    flow: FROM_THE_BRIDGE,
    with: { edit: { [HOST1]: both(SPREAD, nft(MARK_OUTPUT)) } },
    outcome: 'undetermined',
    findings: ['NV-UNKNOWN-DECIDES'],
  },
  {
    name: 'what is routed again is spread over both where a rule asks for ports',
    flow: FROM_THE_BRIDGE,
    with: {
      edit: {
        [HOST1]: both(both(SPREAD, nft(MARK_OUTPUT)), (s) => ({
          ...s,
          rules4: known([policyRule(10, 77, { ipproto: 17 }), ...DEFAULT_RULES]),
        })),
      },
    },
    outcome: 'partially-reachable',
  },
  {
    name: 'a packet from a multicast address is a martian',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A1]: nft({ nat: { POSTROUTING: [{ target: snat('224.0.0.5') }] } }) } },
    outcome: 'unreachable',
    disposition: 'filtered-by-kernel',
  },
  {
    name: "a packet from one of the host's own addresses is a martian",
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [A1]: nft({ nat: { POSTROUTING: [{ target: snat('10.244.1.1') }] } }) } },
    outcome: 'unreachable',
    disposition: 'filtered-by-kernel',
    findings: ['NV-SOURCE-IS-OWN'],
  },
  {
    name: "a socket cannot be bound to an address that is not its host's",
    flow: flow(A1, '10.244.2.2:80', { source: { kind: 'namespace', namespace: A1, address: '10.244.1.9' } }),
    outcome: 'unreachable',
    disposition: 'no-route',
  },
  {
    name: 'a DNAT to the loopback address is a martian',
    flow: flow(A1, '172.18.0.11:80'),
    with: { edit: { [HOST1]: TO_LOOPBACK } },
    outcome: 'unreachable',
    disposition: 'filtered-by-kernel',
    findings: ['NV-LOOPBACK-FROM-OUTSIDE'],
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
    findings: ['NV-POLICY-RULE-REFUSES'],
  },
  {
    name: "a route's own MTU counts",
    flow: flow(A1, '10.244.2.2:80', { sizeBytes: 1200, dontFragment: true }),
    with: { edit: { [HOST1]: routes((r) => r.map((x) => (x.scope === 0 ? { ...x, mtuBytes: 1000 } : x))) } },
    outcome: 'unreachable',
    disposition: 'too-big',
    findings: ['NV-ROUTE-MTU'],
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
]);

const DROP_REALM = (value: number) =>
  nft({
    filter: {
      FORWARD: [{ matches: [{ kind: 'realm', value, mask: 0xffffffff, negate: false }], target: { kind: 'drop' } }],
    },
  });
const realms = (to: string, value: number) =>
  routes((r) =>
    r.map((x) =>
      x.destination.address === prefix(to).address && x.destination.length === 24
        ? { ...x, nexthops: x.nexthops.map((hop) => ({ ...hop, realms: value })) }
        : x,
    ),
  );

rows('realms', [
  {
    name: "a rule asks for the realm of the destination's route",
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: both(realms('10.244.2.0/24', 5), DROP_REALM(5)) } },
    outcome: 'unreachable',
    disposition: 'dropped',
  },
  {
    name: 'the realm of the way back to the source stands above it',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: { [HOST1]: both(both(realms('10.244.1.0/24', 7), realms('10.244.2.0/24', 5)), DROP_REALM(0x70005)) },
    },
    outcome: 'unreachable',
    disposition: 'dropped',
  },
  {
    name: 'a route without a realm has that of the policy rule',
    flow: flow(A1, '10.244.2.2:80'),
    with: {
      edit: {
        [HOST1]: both(
          (s) => ({ ...s, rules4: known([...DEFAULT_RULES.slice(0, 1), policyRule(10, 254, { realms: 9 })]) }),
          DROP_REALM(0x90009),
        ),
      },
    },
    outcome: 'unreachable',
    disposition: 'dropped',
  },
  {
    name: 'another realm is passed over',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: both(realms('10.244.2.0/24', 5), DROP_REALM(6)) } },
    outcome: 'reachable',
  },
]);
