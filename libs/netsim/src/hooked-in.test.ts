/** What is hooked into the path and not evaluated is an unknown there, and nowhere else. */
import type { AttachedProgram, NamespaceKey, NetnsState } from '@netverdict/linux-net';
import { describe, expect, it } from 'vitest';
import { diagnose } from './diagnose.ts';
import { cluster, known, type RuleSpec, ruleset } from './testing/cluster.ts';
import { A1, A2, flow, HOST1, HOST2, traceText } from './testing/flows.ts';
import { DROP, type NativeChain, nativeChain } from './testing/native-chain.ts';

const NAMES = { source: 'a', destination: 'b' };
const FLOW = flow(A1, '10.244.2.2:80');

const program =
  (dev: string | null, hook: string, name: string) =>
  (s: NetnsState): NetnsState => ({ ...s, programs: known<readonly AttachedProgram[]>([{ dev, hook, name }]) });
const rule =
  (spec: RuleSpec) =>
  (s: NetnsState): NetnsState => ({ ...s, iptablesNft: known(ruleset('nft', { mangle: { PREROUTING: [spec] } })) });
const unread = (name: string): RuleSpec => ({ target: { kind: 'unsupported', name, text: '' } });

const stale = (s: NetnsState): NetnsState => ({
  ...s,
  neighbours: s.neighbours.known
    ? known(s.neighbours.value.map((n) => ({ ...n, state: 'stale' as const })))
    : s.neighbours,
});
const both =
  (a: (s: NetnsState) => NetnsState, b: (s: NetnsState) => NetnsState) =>
  (s: NetnsState): NetnsState =>
    b(a(s));

const outcomeOf = (key: NamespaceKey, edit: (s: NetnsState) => NetnsState, asked = FLOW): string => {
  const { diagnosis } = diagnose(cluster({ edit: { [key]: edit } }), asked, NAMES);
  const codes = diagnosis.findings.map((f) => f.code);
  expect(diagnosis.verdict.outcome === 'reachable' ? [] : codes, traceText(diagnosis.trace)).not.toContain(
    'NV-NO-LISTENER',
  );
  return diagnosis.verdict.outcome;
};

describe('native nftables', () => {
  it.each<[string, NamespaceKey, Partial<NativeChain>]>([
    ['bridge output of the host that sends to its pod', HOST2, { family: 'bridge', hook: 'output' }],
    ['bridge prerouting of the host that the pod sends to', HOST1, { family: 'bridge', hook: 'prerouting' }],
    ['bridge input', HOST1, { family: 'bridge', hook: 'input' }],
    ['netdev ingress of the pod', A2, { family: 'netdev', hook: 'ingress', devices: ['eth0'] }],
    ['netdev egress', A1, { family: 'netdev', hook: 'egress', devices: ['eth0'] }],
    ['a chain of type route', A1, { hook: 'output', type: 'route' }],
  ])('%s is not known', (_, key, more) => expect(outcomeOf(key, nativeChain(more))).toBe('undetermined'));

  it.each<[string, NamespaceKey, Partial<NativeChain>]>([
    ['bridge forward where nothing is bridged on', HOST1, { family: 'bridge', hook: 'forward' }],
    ['netdev ingress of another device', A2, { family: 'netdev', hook: 'ingress', devices: ['net1'] }],
    ['an empty chain that accepts', HOST1, { rules: [] }],
  ])('%s does nothing', (_, key, more) => expect(outcomeOf(key, nativeChain(more))).toBe('reachable'));

  const refused = flow(A1, '10.244.2.2:81');
  it('that can translate may save what would be refused: it is no missing listener', () =>
    expect(outcomeOf(A2, nativeChain({ type: 'nat', hook: 'prerouting' }), refused)).toBe('undetermined'));
  it('that marks in a chain of type filter is as open', () =>
    expect(outcomeOf(HOST2, nativeChain({ hook: 'prerouting' }), refused)).toBe('undetermined'));
  it('that only filters cannot save it', () => {
    const { diagnosis } = diagnose(cluster({ edit: { [HOST2]: nativeChain({ rules: [[DROP]] }) } }), refused, NAMES);
    expect(diagnosis.verdict.outcome).toBe('unreachable');
  });
  it('of ARP matters where a neighbour has to be asked for', () =>
    expect(outcomeOf(HOST2, both(nativeChain({ family: 'arp', hook: 'input' }), stale))).toBe('undetermined'));
});

describe('rules that are not modelled', () => {
  it.each(['TEE', 'NFT-UNREAD'])('-j %s is not known', (name) =>
    expect(outcomeOf(HOST1, rule(unread(name)))).toBe('undetermined'),
  );
  it('may save what would be refused', () =>
    expect(outcomeOf(HOST1, rule(unread('NFT-UNREAD')), flow(A1, '10.244.2.2:81'))).toBe('undetermined'));
});

describe('queueing disciplines', () => {
  it.each([
    ['one that loses everything', 'pfifo without room', 'undetermined'],
    ['a rate at which nothing arrives in time', 'tbf rate 8 burst 2000 limit 3000', 'undetermined'],
    ['a bucket smaller than a packet', 'tbf rate 1000000 burst 40 limit 3000', 'undetermined'],
    ['netem', 'netem', 'undetermined'],
    ['a rate that a connection lives with', 'tbf rate 1000000 burst 32000 limit 64000', 'reachable'],
  ])('%s', (_, name, outcome) => expect(outcomeOf(A1, program('eth0', 'qdisc', name))).toBe(outcome));
  it('of another device', () => expect(outcomeOf(A1, program('eth1', 'qdisc', 'netem'))).toBe('reachable'));
});

describe('xfrm policies', () => {
  it.each<[string, NamespaceKey, string, string, string]>([
    ['that blocks what is forwarded', HOST1, 'fwd', 'src 0.0.0.0/0 dst 10.244.2.0/24 action block', 'undetermined'],
    ['that blocks what is sent', A1, 'out', 'src 0.0.0.0/0 dst 0.0.0.0/0 action block', 'undetermined'],
    ['that blocks what comes in', A2, 'in', 'src 0.0.0.0/0 dst 0.0.0.0/0 action block', 'undetermined'],
    ['with a transformation', A1, 'out', 'src 0.0.0.0/0 dst 0.0.0.0/0 action allow tmpl', 'undetermined'],
    ['for others', A1, 'out', 'src 0.0.0.0/0 dst 192.0.2.0/24 action block', 'reachable'],
    ['of the other family', A1, 'out', 'src ::/0 dst ::/0 action block', 'reachable'],
    ['that allows without a transformation', A1, 'out', 'src 0.0.0.0/0 dst 0.0.0.0/0 action allow', 'reachable'],
    ['of forwarding where nothing is forwarded', A1, 'fwd', 'src 0.0.0.0/0 dst 0.0.0.0/0 action block', 'reachable'],
  ])('%s', (_, key, dir, name, outcome) => expect(outcomeOf(key, program(null, `xfrm ${dir}`, name))).toBe(outcome));
});
