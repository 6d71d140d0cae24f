/**
 * Independent faults planted on one path, each of which blocks alone: exactly these are reported, whichever they are, each with a
 * remedy that is proven, and when all remedies are applied the packet arrives and is answered.
 */
import { type IfIndex, ip, type Neighbour, type NetnsState, prefix, type Rule } from '@netverdict/linux-net';
import type { FindingCode } from '@netverdict/verdict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../diagnose.ts';
import { cluster, DEFAULT_RULES, known, mac, policyRule, route } from '../testing/cluster.ts';
import { legacy, nft, routes, sysctls, to } from '../testing/edits.ts';
import { A1, A2, flow, HOST1, HOST2, traceText } from '../testing/flows.ts';
import { net, set } from '../testing/ipsets.ts';
import { nativeChain } from '../testing/native-chain.ts';
import { NAMES } from '../testing/rows.ts';

interface Fault {
  readonly name: string;
  readonly at: string;
  /** Each touches a part of the namespace that no other of that namespace replaces. */
  readonly edit: (state: NetnsState) => NetnsState;
  readonly code: FindingCode;
  /** Where it is reported, when not where it was planted. */
  readonly hop?: string;
}

const drop = { kind: 'drop' } as const;
const answers = {
  kind: 'source',
  negate: false,
  value: { address: ip('10.244.2.2'), mask: ip('255.255.255.255') },
} as const;
const without = (cidr: string) =>
  routes((r) =>
    r.filter((x) => x.destination.address !== prefix(cidr).address || x.destination.length !== prefix(cidr).length),
  );
const wrongGateway: Neighbour = {
  address: ip('10.244.1.1'),
  dev: 2 as IfIndex,
  mac: mac('02:00:00:00:00:99'),
  state: 'permanent',
  proxy: false,
  router: false,
  evidence: { line: 1, text: '10.244.1.1 lladdr 02:00:00:00:00:99 PERMANENT' },
};

const FAULTS: readonly Fault[] = [
  {
    name: 'the client’s own OUTPUT drops',
    at: A1,
    edit: nft({ filter: { OUTPUT: [{ matches: [to('10.244.2.2')], target: drop }] } }),
    code: 'NV-FILTER-DROP',
  },
  {
    name: 'the client has a wrong entry for its gateway',
    at: A1,
    edit: (s) => ({ ...s, neighbours: known([wrongGateway]) }),
    code: 'NV-NEIGHBOUR-WRONG',
  },
  {
    name: 'FORWARD of the first node drops',
    at: HOST1,
    edit: nft({ filter: { FORWARD: [{ matches: [to('10.244.2.0', 24)], target: drop }] } }),
    code: 'NV-FILTER-DROP',
  },
  {
    name: 'a legacy policy of the first node drops',
    at: HOST1,
    edit: legacy({ mangle: { 'FORWARD:DROP': [] } }),
    code: 'NV-FILTER-POLICY-DROP',
  },
  { name: 'the route there is missing', at: HOST1, edit: without('10.244.2.0/24'), code: 'NV-ROUTE-MISSING' },
  {
    name: 'the tunnel of the first node does not know the second',
    at: HOST1,
    edit: (s) => ({ ...s, fdb: known([]) }),
    code: 'NV-FDB-MISSING',
  },
  {
    name: 'a policy rule of the first node refuses',
    at: HOST1,
    edit: (s) => ({
      ...s,
      rules4: known([
        policyRule(10, 0, { from: prefix('10.244.1.2/32'), action: { kind: 'prohibit' } } as Partial<Rule>),
        ...DEFAULT_RULES,
      ]),
    }),
    code: 'NV-POLICY-RULE-REFUSES',
  },
  {
    name: 'the second node does not forward',
    at: HOST2,
    edit: sysctls({ 'net/ipv4/ip_forward': '0' }),
    code: 'NV-IP-FORWARD-OFF',
  },
  {
    name: 'a native chain of the second node drops',
    at: HOST2,
    edit: nativeChain({ policy: 'drop', rules: [] }),
    code: 'NV-FILTER-POLICY-DROP',
  },
  {
    name: 'FORWARD of the second node rejects the answers',
    at: HOST2,
    edit: nft({
      filter: {
        FORWARD: [{ matches: [answers], target: { kind: 'reject', with: 'icmp-port-unreachable' } as never }],
      },
    }),
    code: 'NV-FILTER-REJECT',
  },
  { name: 'the route back is missing', at: HOST2, edit: without('10.244.1.0/24'), code: 'NV-ROUTE-MISSING' },
  {
    name: 'a narrow blackhole on the second node',
    at: HOST2,
    edit: routes((r) => [...r, route('10.244.2.2/32', 0, { type: 'blackhole' })]),
    code: 'NV-ROUTE-REFUSES',
  },
  {
    name: 'the second node has no entry for the first one’s tunnel end',
    at: HOST2,
    edit: (s) => ({ ...s, neighbours: known([]) }),
    code: 'NV-NEIGHBOUR-UNRESOLVED',
  },
  {
    name: 'the server’s bridge port is disabled',
    at: HOST2,
    edit: (s) => ({
      ...s,
      links: s.links.known
        ? known(
            s.links.value.map((l) =>
              l.name === 'veth2' && l.bridgePort ? { ...l, bridgePort: { ...l.bridgePort, state: 'disabled' } } : l,
            ),
          )
        : s.links,
    }),
    code: 'NV-BRIDGE-PORT-BLOCKED',
  },
  {
    name: 'the server keeps silent about its address',
    at: A2,
    edit: sysctls({ 'net/ipv4/conf/eth0/arp_ignore': '8' }),
    code: 'NV-ARP-IGNORED',
  },
  {
    name: 'the server’s INPUT drops whom a set lists',
    at: A2,
    edit: (s) =>
      nft({
        filter: {
          INPUT: [
            { matches: [{ kind: 'set', negate: false, set: 'ban', directions: ['src'], options: [] }], target: drop },
          ],
        },
      })({ ...s, ipsets: known([set('ban', 'hash:ip', [{ parts: [net('10.244.1.2/32')] }])]) }),
    code: 'NV-SET-LISTS',
  },
  {
    name: 'the server has no route back',
    at: A2,
    edit: routes((r) => r.filter((x) => x.destination.length !== 0)),
    code: 'NV-NO-ROUTE',
  },
];

/** All edits of a namespace, one after the other. */
function planted(faults: readonly Fault[]): Readonly<Record<string, Fault['edit']>> {
  const edits: Record<string, Fault['edit']> = {};
  for (const { at, edit } of faults) {
    const before = edits[at];
    edits[at] = before ? (s) => edit(before(s)) : edit;
  }
  return edits;
}

const told = (code: string, hop: string): string => `${code} at ${hop}`;

function expectExactly(faults: readonly Fault[]): void {
  const world = cluster({ edit: planted(faults) });
  const { diagnosis, mended } = diagnose(world, flow(A1, '10.244.2.2:80'), NAMES);
  const blocking = diagnosis.findings.filter((f) => f.severity === 'blocking');
  const text = `${faults.map((f) => f.name).join('; ')}\n${traceText(diagnosis.trace)}`;
  expect(blocking.map((f) => told(f.code, f.hop)).sort(), text).toEqual(
    faults.map((f) => told(f.code, f.hop ?? f.at)).sort(),
  );
  for (const { code, remedy } of blocking) {
    expect(remedy?.command, `${code}: ${text}`).not.toBeNull();
    expect(remedy?.proven, `${code}: ${remedy?.command} ${text}`).toBe(true);
  }
  expect(diagnosis.verdict.outcome, text).toBe('unreachable');
  expect(mended, text).toBe('reachable');
}

describe('planted faults', () => {
  it.each(FAULTS.map((fault) => [fault.name, fault] as const))('alone: %s', (_, fault) => {
    expectExactly([fault]);
  });

  it.each([2, 3, 4])('any %i at once: exactly these', (k) => {
    const some = fc.shuffledSubarray([...FAULTS], { minLength: k, maxLength: k });
    fc.assert(
      fc.property(some, (faults) => expectExactly(faults)),
      { numRuns: 100 },
    );
  });
});
