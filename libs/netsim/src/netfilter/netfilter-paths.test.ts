/** Packets that rules decide about. */
import { known } from '../testing/cluster.ts';
import { dport, FWD_DROP, legacy, nft, SERVICE, SVC, to } from '../testing/edits.ts';
import { A1, A2, B1, flow, HOST1, HOST2 } from '../testing/flows.ts';
import { rows } from '../testing/rows.ts';

rows('broken', [
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
]);

rows("what was wrong once, or would go unnoticed if the kernel's rule were turned round", [
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
]);
