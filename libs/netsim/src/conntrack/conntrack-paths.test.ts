/** Packets that conntrack and NAT decide about: each row is a sentence, its packet, and what must become of it. */
import { type ConntrackEntry, ifIndex, ip, type NetnsState, SCOPE } from '@netverdict/linux-net';
import { address, known } from '../testing/cluster.ts';
import {
  addresses,
  both,
  dnat,
  legacy,
  MASQ,
  nft,
  routes,
  SERVICE,
  SVC,
  sysctls,
  tcp,
  to,
  toOutside,
} from '../testing/edits.ts';
import { A1, B1, flow, HOST1 } from '../testing/flows.ts';
import { rows } from '../testing/rows.ts';

rows('broken', [
  {
    name: 'bridged answers that bypass the translation',
    flow: flow(B1, SVC),
    with: { edit: { [HOST1]: (s) => sysctls({ 'net/bridge/bridge-nf-call-iptables': '0' })(nft(SERVICE)(s)) } },
    outcome: 'partially-reachable',
    findings: ['NV-REPLY-UNTRANSLATED'],
  },
]);

rows("what was wrong once, or would go unnoticed if the kernel's rule were turned round", [
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
    with: { edit: { [HOST1]: (s) => ({ ...MASQ(s), conntrackTable: known({ count: 65536, max: 65536 }) }) } },
    outcome: 'undetermined',
    findings: ['NV-CONNTRACK-FULL'],
  },
  {
    name: 'a full conntrack table is nothing to a host without a rule that needs connections',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: (s) => ({ ...s, conntrackTable: known({ count: 65536, max: 65536 }) }) } },
    outcome: 'reachable',
  },
  {
    name: 'a conntrack table with room for one',
    flow: flow(A1, '10.244.2.2:80'),
    with: { edit: { [HOST1]: (s) => ({ ...MASQ(s), conntrackTable: known({ count: 65535, max: 65536 }) }) } },
    outcome: 'reachable',
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
                  target: {
                    kind: 'ct',
                    zone: 5,
                    zoneOf: 'both',
                    helper: null,
                    notrack: false,
                    timeout: null,
                    events: [],
                  },
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
]);

/** As conntrack has it of an earlier packet: a-1 asked 10.96.0.10:53 from port 40000, and b-1 answered. */
const OLD_ENTRY = (more: Partial<ConntrackEntry> = {}): ConntrackEntry => ({
  protocol: 17,
  original: { source: ip('10.244.1.2'), destination: ip('10.96.0.10'), sport: 40000, dport: 53 },
  reply: { source: ip('10.244.1.3'), destination: ip('10.244.1.2'), sport: 53, dport: 40000 },
  state: null,
  assured: true,
  unreplied: false,
  expected: false,
  mark: 5,
  zone: 0,
  line: 1,
  text: 'udp 17 …',
  ...more,
});
const echo = (type: number) => ({ sport: null, dport: null, icmp: { type, code: 0, id: 4711 } });
const OLD_ECHO = OLD_ENTRY({
  protocol: 1,
  original: { source: ip('10.244.1.2'), destination: ip('10.244.1.3'), ...echo(8) },
  reply: { source: ip('10.244.1.3'), destination: ip('10.244.1.2'), ...echo(0) },
});
const entries =
  (...list: readonly ConntrackEntry[]) =>
  (s: NetnsState): NetnsState => ({ ...s, conntrack: known(list) });
/** The Service has another endpoint now: a-2. */
const MOVED = nft({ nat: { PREROUTING: [{ matches: [to('10.96.0.10')], target: dnat('10.244.2.2', 54) }] } });
const DNS = flow(A1, '10.96.0.10:53', { protocol: 'udp' });
const NEW_ONLY = nft({
  nat: { PREROUTING: [{ matches: [to('10.96.0.10')], target: dnat('10.244.1.3', 53) }] },
  filter: {
    'FORWARD:DROP': [
      { matches: [{ kind: 'ctstate', negate: false, states: ['ESTABLISHED'] }], target: { kind: 'accept' } },
    ],
  },
});
/** So that packets between pods of one node meet the rules. */
const BRIDGED = sysctls({ 'net/bridge/bridge-nf-call-iptables': '1' });

const onHost = (...edits: readonly ((s: NetnsState) => NetnsState)[]) => ({
  edit: { [HOST1]: both(BRIDGED, ...edits) },
});
rows('a connection that conntrack knows already', [
  {
    name: 'follows the translation that it has, not the rules',
    flow: DNS,
    with: onHost(MOVED, entries(OLD_ENTRY())),
    outcome: 'reachable',
  },
  {
    name: 'from another port it is a new one, and the rules decide',
    flow: { ...DNS, sourcePort: 40001 },
    with: onHost(MOVED, entries(OLD_ENTRY())),
    outcome: 'unreachable',
    disposition: 'refused',
  },
  {
    name: 'which it is as well where no port was asked about, and the entry has the port by chance',
    flow: { ...DNS, anySourcePort: true },
    with: onHost(MOVED, entries(OLD_ENTRY())),
    outcome: 'unreachable',
    disposition: 'refused',
  },
  {
    name: 'and so does an echo request that no identifier was asked for',
    flow: { ...flow(A1, '10.244.1.3'), anySourcePort: true },
    with: onHost(
      nft({
        filter: {
          FORWARD: [{ matches: [{ kind: 'ctstate', negate: false, states: ['NEW'] }], target: { kind: 'drop' } }],
        },
      }),
      entries(OLD_ECHO),
    ),
    outcome: 'unreachable',
    disposition: 'dropped',
  },
  {
    name: 'in another zone it is not known',
    flow: DNS,
    with: onHost(MOVED, entries(OLD_ENTRY({ zone: 9 }))),
    outcome: 'unreachable',
    disposition: 'refused',
  },
  {
    name: 'is ESTABLISHED to the rules',
    flow: DNS,
    with: onHost(NEW_ONLY, entries(OLD_ENTRY())),
    outcome: 'reachable',
  },
  {
    name: 'and NEW as long as nobody has answered',
    flow: DNS,
    with: onHost(NEW_ONLY, entries(OLD_ENTRY({ unreplied: true }))),
    outcome: 'unreachable',
    disposition: 'dropped',
  },
]);
