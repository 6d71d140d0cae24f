/** What the sender's socket learns: each row was seen on Linux 6.18, with IP_RECVERR set, through a router of the same rules. */
import { type Flow, formatIp, ip, type XtMatch } from '@netverdict/linux-net';
import { expect, it } from 'vitest';
import { evaluate } from '../evaluate.ts';
import {
  type ClusterOptions,
  cluster,
  DEFAULT_RULES,
  known,
  policyRule,
  route,
  type Tables,
} from '../testing/cluster.ts';
import { dnat, dport, legacy, MASQUERADE, nft, routes, sysctls, tcp, to } from '../testing/edits.ts';
import { A1, flow, HOST1, traceText } from '../testing/flows.ts';

const udp: XtMatch = { kind: 'protocol', negate: false, number: 17 };
const UDP: Partial<Flow> = { protocol: 'udp' };
const reject = (name: 'icmp-port-unreachable' | 'icmp-admin-prohibited' | 'tcp-reset') =>
  ({ kind: 'reject', with: name }) as const;
const forward = (target: ReturnType<typeof reject>): Tables => ({
  filter: { FORWARD: [{ target }] },
});
const noRoutes = routes((r) =>
  r.filter((x) => x.nexthops.length === 0 || x.destination.length > 24 || x.table === 255),
);
const typed = (type: 'unreachable' | 'prohibit' | 'blackhole') =>
  routes((r) => [...r, route('10.9.0.0/24', 2, { type })]);
const VIP = { PREROUTING: [{ matches: [to('10.96.0.1')], target: dnat('10.244.2.2', 99) }] };
const edit = (key: string, change: NonNullable<ClusterOptions['edit']>[string]): ClusterOptions => ({
  edit: { [key]: change },
});

const rows: readonly (readonly [string, Flow, ClusterOptions, string])[] = [
  ['TCP to a port of nobody is reset', flow(A1, '10.244.2.2:99'), {}, 'RST from 10.244.2.2'],
  ['UDP to a port of nobody', flow(A1, '10.244.2.2:99', UDP), {}, 'ICMP 3/3 from 10.244.2.2'],
  [
    'REJECT on the way is told by the address towards the sender',
    flow(A1, '10.244.2.2:53', UDP),
    edit(HOST1, nft(forward(reject('icmp-port-unreachable')))),
    'ICMP 3/3 from 10.244.1.1',
  ],
  [
    'REJECT with tcp-reset comes from the address that was asked',
    flow(A1, '10.244.2.2:80'),
    edit(HOST1, nft(forward(reject('tcp-reset')))),
    'RST from 10.244.2.2',
  ],
  [
    'REJECT of a translated packet comes from the address before the translation',
    flow(A1, '10.96.0.1:99', UDP),
    edit(HOST1, nft({ nat: VIP, ...forward(reject('icmp-admin-prohibited')) })),
    'ICMP 3/13 from 10.96.0.1',
  ],
  [
    'a translated packet to a port of nobody',
    flow(A1, '10.96.0.1:99', UDP),
    edit(HOST1, nft({ nat: VIP })),
    'ICMP 3/3 from 10.96.0.1',
  ],
  [
    'a masqueraded packet to a port of nobody',
    flow(A1, '10.244.2.2:99', UDP),
    edit(HOST1, nft({ nat: { POSTROUTING: [{ target: MASQUERADE }] } })),
    'ICMP 3/3 from 10.244.2.2',
  ],
  [
    'no route on the way',
    flow(A1, '10.9.0.1:99', UDP),
    edit(
      HOST1,
      routes((r) => r.filter((x) => x.destination.length > 0)),
    ),
    'ICMP 3/0 from 10.244.1.1',
  ],
  ['an unreachable route', flow(A1, '10.9.0.1:99', UDP), edit(HOST1, typed('unreachable')), 'ICMP 3/1 from 10.244.1.1'],
  ['a prohibited route', flow(A1, '10.9.0.1:99', UDP), edit(HOST1, typed('prohibit')), 'ICMP 3/13 from 10.244.1.1'],
  [
    'an error whose own way is not known',
    flow(A1, '10.9.0.1:99', UDP),
    edit(HOST1, (s) => ({
      ...routes((r) => [
        ...r.filter((x) => x.destination.length > 0),
        ...[route('10.244.1.0/24', 3, { table: 100 })].map((x) => ({
          ...x,
          nexthops: x.nexthops.map((hop) => ({ ...hop, encap: 'mpls' })),
        })),
      ])(s),
      rules4: known([...DEFAULT_RULES, policyRule(100, 100, { ipproto: 1 })]),
    })),
    'unknown: where the route leads is not known: encap mpls',
  ],
  ['a blackhole says nothing', flow(A1, '10.9.0.1:99', UDP), edit(HOST1, typed('blackhole')), 'silence'],
  [
    'forwarding switched off says nothing',
    flow(A1, '10.244.2.2:99', UDP),
    edit(HOST1, sysctls({ 'net/ipv4/ip_forward': '0' })),
    'silence',
  ],
  ['a TTL that runs out', flow(A1, '10.244.2.2:80', { ttl: 1 }), {}, 'ICMP 11/0 from 10.244.1.1'],
  [
    'a packet that is too big for a route behind the router, with DF',
    flow(A1, '10.244.2.2:53', { ...UDP, sizeBytes: 1400, dontFragment: true }),
    edit(
      HOST1,
      routes((r) => r.map((x) => (x.nexthops[0]?.dev === 4 ? { ...x, mtuBytes: 1300 } : x))),
    ),
    'ICMP 3/4 from 10.244.1.1 mtu 1300',
  ],
  [
    'the own rules lose UDP: the call fails',
    flow(A1, '10.244.2.2:53', UDP),
    edit(A1, nft({ filter: { OUTPUT: [{ matches: [udp], target: { kind: 'drop' } }] } })),
    'EPERM',
  ],
  [
    'the own rules lose a SYN: it is sent again and again',
    flow(A1, '10.244.2.2:80'),
    edit(A1, nft({ filter: { OUTPUT: [{ matches: [tcp], target: { kind: 'drop' } }] } })),
    'silence',
  ],
  [
    'the own rules reject UDP: the error says more than the failed call',
    flow(A1, '10.244.2.2:53', UDP),
    edit(A1, nft({ filter: { OUTPUT: [{ matches: [udp], target: reject('icmp-port-unreachable') }] } })),
    'ICMP 3/3 from 10.244.1.2',
  ],
  ['no route of its own', flow(A1, '10.9.0.1:99', UDP), edit(A1, noRoutes), 'ENETUNREACH'],
  ['an unreachable route of its own', flow(A1, '10.9.0.1:99', UDP), edit(A1, typed('unreachable')), 'EHOSTUNREACH'],
  ['a prohibited route of its own', flow(A1, '10.9.0.1:99'), edit(A1, typed('prohibit')), 'EACCES'],
  ['a blackhole of its own', flow(A1, '10.9.0.1:99'), edit(A1, typed('blackhole')), 'EINVAL'],
  [
    'a packet of its own that is too big, with DF',
    flow(A1, '10.244.2.2:53', { ...UDP, sizeBytes: 1600, dontFragment: true }),
    {},
    'EMSGSIZE',
  ],
  [
    'such a packet is none yet when its own rules would drop it',
    flow(A1, '10.244.2.2:53', { ...UDP, sizeBytes: 1600, dontFragment: true }),
    edit(A1, nft({ filter: { OUTPUT: [{ matches: [udp], target: { kind: 'drop' } }] } })),
    'EMSGSIZE',
  ],
  [
    'the error about an untracked packet is INVALID where it is made',
    flow(A1, '10.244.2.2:53', UDP),
    edit(
      HOST1,
      nft({
        raw: { PREROUTING: [{ matches: [udp, dport(53)], target: { kind: 'notrack' } }] },
        filter: {
          FORWARD: [{ target: reject('icmp-port-unreachable') }],
          OUTPUT: [{ matches: [{ kind: 'ctstate', negate: false, states: ['INVALID'] }], target: { kind: 'drop' } }],
        },
      }),
    ),
    'silence',
  ],
  [
    'the error of a host behind the router is RELATED to the connection',
    flow(A1, '10.244.2.2:99', UDP),
    edit(
      HOST1,
      nft({
        filter: {
          'FORWARD:DROP': [
            { matches: [{ kind: 'ctstate', negate: false, states: ['NEW', 'RELATED'] }], target: { kind: 'accept' } },
          ],
        },
      }),
    ),
    'ICMP 3/3 from 10.244.2.2',
  ],
  [
    'and lost where nothing but NEW and ESTABLISHED may pass',
    flow(A1, '10.244.2.2:99', UDP),
    edit(
      HOST1,
      legacy({
        filter: {
          'FORWARD:DROP': [
            {
              matches: [{ kind: 'ctstate', negate: false, states: ['NEW', 'ESTABLISHED'] }],
              target: { kind: 'accept' },
            },
          ],
        },
      }),
    ),
    'silence',
  ],
  ['an answer', flow(A1, '10.244.2.2:80'), {}, 'answer from 10.244.2.2'],
  ['a raw ACK to a listener is reset', flow(A1, '10.244.2.2:80', { tcpFlags: 16 }), {}, 'RST from 10.244.2.2'],
];

it.each(rows)('%s', (_, asked, options, expected) => {
  const evaluation = evaluate(cluster(options), asked);
  const [branch] = evaluation.branches;
  expect(heardText(branch?.heard), traceText(evaluation.trace)).toBe(expected);
});

type Heard = ReturnType<typeof evaluate>['branches'][number]['heard'];

function heardText(heard: Heard | undefined): string {
  if (!heard || heard.kind === 'silence') return 'silence';
  if (heard.kind === 'error') return heard.errno;
  if (heard.kind === 'unknown') return `unknown: ${heard.missing?.text}`;
  const { icmp, source, tcpFlags } = heard.packet;
  const from = formatIp(source);
  if (icmp?.about)
    return `ICMP ${icmp.type}/${icmp.code} from ${from}${icmp.mtuBytes === undefined ? '' : ` mtu ${icmp.mtuBytes}`}`;
  return tcpFlags & 4 ? `RST from ${from}` : `answer from ${from}`;
}

it('the verdict is that of the packet, and the trace shows the way of the error', () => {
  const { branches, trace } = evaluate(
    cluster(edit(HOST1, nft(forward(reject('icmp-admin-prohibited'))))),
    flow(A1, '10.244.2.2:80'),
  );
  expect(branches[0]?.branch).toMatchObject({ disposition: 'rejected', ended: 'forward' });
  expect(trace.branches[0]?.hops.filter((hop) => hop.direction === 'reply').map((hop) => hop.place)).toContain(A1);
});

it('an error inside carries the packet as its sender knows it', () => {
  const { branches } = evaluate(
    cluster(edit(HOST1, nft({ nat: { ...VIP, POSTROUTING: [{ target: MASQUERADE }] } }))),
    flow(A1, '10.96.0.1:99', UDP),
  );
  const heard = branches[0]?.heard;
  expect(heard?.kind === 'packet' && heard.packet.icmp?.about).toMatchObject({
    source: ip('10.244.1.2'),
    destination: ip('10.96.0.1'),
    sport: 40000,
    dport: 99,
  });
});
