/**
 * Kubernetes' policies for one flow. In each direction: the admin tier by priority, then the NetworkPolicies of the pod's namespace
 * (isolated by any of them, only their union of rules passes), then the baseline tier, then it passes.
 *
 *   source pod ── egress: admin tier → NetworkPolicies → baseline ──▶ ingress: admin tier → NetworkPolicies → baseline ── destination pod
 */
import type { Cluster, End, Pod } from '../cluster.ts';
import type { NetworkPolicy, TieredPolicy } from '../policy.ts';
import { selects } from '../selector.ts';
import type { Answer, Decision, Direction, Miss, PolicyFlow, RuleRef } from './answer.ts';
import { anyOf, both, type Match, matchesPeer, matchesPort } from './match.ts';

export function evaluate(cluster: Cluster, flow: PolicyFlow): Answer {
  const egress = decide(cluster, flow, 'egress');
  const ingress = decide(cluster, flow, 'ingress');
  const allowed =
    egress.allowed === false || ingress.allowed === false
      ? false
      : egress.allowed === null || ingress.allowed === null
        ? null
        : true;
  return { allowed, egress, ingress };
}

function decide(cluster: Cluster, flow: PolicyFlow, direction: Direction): Decision {
  const own = direction === 'egress' ? flow.source : flow.destination;
  const other = direction === 'egress' ? flow.destination : flow.source;
  if (own.kind !== 'pod') return { kind: 'exempt', allowed: true, why: 'not-a-pod' };
  const { pod } = own;
  if (other.kind === 'pod' && other.pod === pod) return { kind: 'exempt', allowed: true, why: 'self' };
  // The kubelet's probes must get through: what the pod's own node sends is always let in.
  if (direction === 'ingress' && other.kind === 'node' && other.node === pod.node)
    return { kind: 'exempt', allowed: true, why: 'own-node' };

  const unknown: string[] = [];
  const admin = inTier(cluster, flow, direction, pod, other, 'admin', unknown);
  if (admin && unknown.length === 0) return admin;
  const namespaced = ofNamespace(cluster, flow, direction, pod, other);
  const settled = namespaced ?? inTier(cluster, flow, direction, pod, other, 'baseline', unknown);
  if (unknown.length > 0) return { kind: 'unknown', allowed: null, what: unknown };
  return settled ?? { kind: 'not-isolated', allowed: true };
}

/** The first rule that matches, of the policies in the tier by priority; null: none, or one that passes on. */
function inTier(
  cluster: Cluster,
  flow: PolicyFlow,
  direction: Direction,
  pod: Pod,
  other: End,
  tier: TieredPolicy['tier'],
  unknown: string[],
): Decision | null {
  for (const policy of tieredPolicies(cluster, tier)) {
    const { namespaces, pods } = policy.subject;
    if (!selects(namespaces, namespaceLabels(cluster, pod)) || !selects(pods, pod.labels)) continue;
    for (const [index, rule] of policy[direction].entries()) {
      const matched = matchesRule(cluster, flow, rule, null, other);
      if (matched === null)
        for (const peer of rule.peers ?? []) if (peer.kind === 'unknown') unknown.push(`${policy.name}: ${peer.what}`);
      if (matched !== true) continue;
      return rule.action === 'pass'
        ? null
        : { kind: 'tier', allowed: rule.action === 'allow', by: { policy, rule, index } };
    }
  }
  return null;
}

/** null: the pod is not isolated. */
function ofNamespace(cluster: Cluster, flow: PolicyFlow, direction: Direction, pod: Pod, other: End): Decision | null {
  const isolating = policiesOn(cluster, pod, direction);
  if (isolating.length === 0) return null;
  const allowing: RuleRef[] = [];
  const misses: Miss[] = [];
  for (const policy of isolating)
    for (const [index, rule] of (policy[direction] ?? []).entries()) {
      const peer = rule.peers === null || anyOf(rule.peers, (p) => matchesPeer(cluster, p, policy.namespace, other));
      const port = matchesPorts(flow, rule.ports);
      if (peer === true && port) allowing.push({ policy, rule, index });
      else misses.push({ policy, rule, index, because: peer === true ? 'port' : port ? 'peer' : 'peer and port' });
    }
  return allowing.length > 0
    ? { kind: 'allowed-by-rules', allowed: true, rules: allowing }
    : { kind: 'denied-by-isolation', allowed: false, policies: isolating, misses };
}

const matchesPorts = ({ destination, protocol, port }: PolicyFlow, ports: RuleRef['rule']['ports']): boolean =>
  ports === null || ports.some((match) => matchesPort(match, destination, protocol, port));

const matchesRule = (
  cluster: Cluster,
  flow: PolicyFlow,
  rule: RuleRef['rule'],
  own: string | null,
  other: End,
): Match =>
  both(
    rule.peers === null || anyOf(rule.peers, (peer) => matchesPeer(cluster, peer, own, other)),
    matchesPorts(flow, rule.ports),
  );

const namespaceLabels = (cluster: Cluster, pod: Pod): ReadonlyMap<string, string> =>
  cluster.namespaces.get(pod.namespace)?.labels ?? new Map();

/** The NetworkPolicies that isolate the pod in the direction. */
export const policiesOn = (cluster: Cluster, pod: Pod, direction: Direction): readonly NetworkPolicy[] =>
  (byNamespace(cluster).get(pod.namespace) ?? []).filter(
    (policy) => policy[direction] !== null && selects(policy.pods, pod.labels),
  );

const namespaced = new WeakMap<Cluster, ReadonlyMap<string, readonly NetworkPolicy[]>>();
function byNamespace(cluster: Cluster): ReadonlyMap<string, readonly NetworkPolicy[]> {
  let found = namespaced.get(cluster);
  if (!found) {
    found = Map.groupBy(cluster.policies, (policy) => policy.namespace);
    namespaced.set(cluster, found);
  }
  return found;
}

const tiers = new WeakMap<Cluster, Readonly<Record<TieredPolicy['tier'], readonly TieredPolicy[]>>>();
/** By priority; of equal ones, which the API does not order, by name. */
export function tieredPolicies(cluster: Cluster, tier: TieredPolicy['tier']): readonly TieredPolicy[] {
  let found = tiers.get(cluster);
  if (!found) {
    const sorted = [...cluster.tiered].sort((a, b) => a.priority - b.priority || (a.name < b.name ? -1 : 1));
    found = {
      admin: sorted.filter((policy) => policy.tier === 'admin'),
      baseline: sorted.filter((policy) => policy.tier === 'baseline'),
    };
    tiers.set(cluster, found);
  }
  return found[tier];
}
