/** What a remedy's command says, where it is run, and that it is proven by its own effect. */
import { type IfIndex, ip, type Neighbour, type NetnsState, prefix } from '@netverdict/linux-net';
import type { FindingCode } from '@netverdict/verdict';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../diagnose.ts';
import { cluster, DEFAULT_RULES, known, mac, policyRule, type RuleSpec, route, ruleset } from '../testing/cluster.ts';
import { A1, flow, HOST1, HOST2 } from '../testing/flows.ts';

type Edit = (state: NetnsState) => NetnsState;

interface Row {
  readonly name: string;
  readonly edit: Readonly<Record<string, Edit>>;
  readonly to?: string;
  /** Of each blocker: its code, where its command is run, the command. All with a command are proven. */
  readonly expect: readonly (readonly [FindingCode, string | null, string | null])[];
}

const drops = (...rules: readonly Partial<RuleSpec>[]): Edit => {
  const FORWARD = rules.map((rule): RuleSpec => ({ target: { kind: 'drop' }, ...rule }));
  return (s) => ({ ...s, iptablesNft: known(ruleset('nft', { filter: { FORWARD } })) });
};

const entry = (address: string, dev: number): Neighbour => ({
  address: ip(address),
  dev: dev as IfIndex,
  mac: mac('02:00:00:00:00:99'),
  state: 'permanent',
  proxy: false,
  router: false,
  evidence: { line: 1, text: `${address} lladdr 02:00:00:00:00:99 PERMANENT` },
});
const neighbours =
  (...entries: readonly Neighbour[]): Edit =>
  (s) => ({ ...s, neighbours: known(entries) });

const routed =
  (...more: readonly ReturnType<typeof route>[]): Edit =>
  (s) => ({
    ...s,
    rules4: known([policyRule(100, 77, { from: prefix('10.244.1.2/32') }), ...DEFAULT_RULES]),
    routes4: s.routes4.known
      ? known([...s.routes4.value, ...more.map((r, i) => ({ ...r, evidence: { line: 90 + i, text: `more ${i}` } }))])
      : s.routes4,
  });

const ROWS: readonly Row[] = [
  {
    name: 'two rules of one chain: each by its text, in any order',
    edit: { [HOST2]: drops({}, {}) },
    expect: [
      ['NV-FILTER-DROP', 'node-2', "iptables-nft -t filter -D FORWARD -m comment --comment 'rule 1' -j DROP"],
      ['NV-FILTER-DROP', 'node-2', "iptables-nft -t filter -D FORWARD -m comment --comment 'rule 2' -j DROP"],
    ],
  },
  {
    name: 'an unused address of the pod’s own subnet blames no route',
    edit: {},
    to: '10.244.1.200:80',
    expect: [['NV-ADDRESS-UNUSED', null, null]],
  },
  {
    name: 'a wrong entry in the pod is deleted in the pod',
    edit: { [A1]: neighbours(entry('10.244.1.1', 2)) },
    expect: [['NV-NEIGHBOUR-WRONG', 'shop/a-1', 'ip neigh del 10.244.1.1 dev eth0']],
  },
  {
    name: 'a wrong entry of a tunnel end is replaced, since nobody would answer',
    edit: { [HOST1]: neighbours(entry('10.244.2.0', 4)) },
    expect: [
      [
        'NV-NEIGHBOUR-WRONG',
        'node-1',
        'ip neigh replace 10.244.2.0 lladdr 0a:00:00:00:00:02 dev flannel.1 nud permanent',
      ],
    ],
  },
  {
    name: 'a pod’s veth in no bridge',
    edit: {
      [HOST2]: (s) => ({
        ...s,
        links: s.links.known
          ? known(s.links.value.map((l) => (l.name === 'veth2' ? { ...l, master: null, bridgePort: null } : l)))
          : s.links,
      }),
    },
    expect: [
      ['NV-BRIDGE-PORT-BLOCKED', 'node-2', 'ip link set veth2 master cni0 && bridge link set dev veth2 hairpin on'],
    ],
  },
  {
    name: 'a node without the address of its Node object: nothing is deleted elsewhere',
    edit: {
      [HOST2]: (s) => ({
        ...s,
        addresses: s.addresses.known
          ? known(s.addresses.value.filter((a) => a.address !== ip('172.18.0.12')))
          : s.addresses,
        routes4: s.routes4.known
          ? known(s.routes4.value.filter((r) => r.type !== 'local' || r.destination.address !== ip('172.18.0.12')))
          : s.routes4,
      }),
    },
    to: '172.18.0.12:80',
    expect: [['NV-NEIGHBOUR-UNRESOLVED', 'node-2', null]],
  },
  {
    name: 'a node without the gateway address of its pods: no pod is asked for it',
    edit: {
      [HOST1]: (s) => ({
        ...s,
        addresses: s.addresses.known
          ? known(s.addresses.value.filter((a) => a.address !== ip('10.244.1.1')))
          : s.addresses,
        routes4: s.routes4.known
          ? known(s.routes4.value.filter((r) => r.type !== 'local' || r.destination.address !== ip('10.244.1.1')))
          : s.routes4,
      }),
    },
    expect: [['NV-NEIGHBOUR-UNRESOLVED', 'node-1', null]],
  },
  {
    name: 'a narrower refusing route, with the right one behind it',
    edit: { [HOST1]: routed(route('10.244.2.2/32', 0, { type: 'prohibit' })) },
    expect: [['NV-ROUTE-REFUSES', 'node-1', 'ip route del prohibit 10.244.2.2/32']],
  },
  {
    name: 'a refusing route of another table, with its metric',
    edit: { [HOST1]: routed(route('10.244.2.0/24', 0, { type: 'unreachable', table: 77, metric: 9 })) },
    expect: [['NV-ROUTE-REFUSES', 'node-1', 'ip route del unreachable 10.244.2.0/24 table 77 metric 9']],
  },
  {
    name: 'a route of another table that leads astray',
    edit: { [HOST1]: routed(route('10.244.2.0/24', 2, { via: '172.18.0.1', table: 77 })) },
    expect: [['NV-ROUTE-WRONG-DEVICE', 'node-1', 'ip route del 10.244.2.0/24 via 172.18.0.1 dev eth0 table 77']],
  },
  {
    name: 'a policy rule that refuses is deleted with all that tells it from others',
    edit: {
      [HOST1]: (s) => ({
        ...s,
        rules4: known([policyRule(10, 0, { action: { kind: 'prohibit' } }), ...DEFAULT_RULES]),
      }),
    },
    expect: [['NV-POLICY-RULE-REFUSES', 'node-1', 'ip rule del priority 10 prohibit']],
  },
];

describe('remedies', () => {
  it.each(ROWS.map((row) => [row.name, row] as const))('%s', (_name, row) => {
    const { diagnosis } = diagnose(cluster({ edit: row.edit }), flow(A1, row.to ?? '10.244.2.2:80'), {
      source: 'a',
      destination: 'b',
    });
    const blocking = diagnosis.findings.filter((f) => f.severity === 'blocking');
    expect(blocking.map((f) => [f.code, f.remedy?.on ?? null, f.remedy?.command ?? null])).toEqual(row.expect);
    for (const { remedy } of blocking) expect(remedy?.proven).toBe(remedy?.command != null);
  });
});
