/** All that policies let pass between two ends, as a set of ports: the same order of questions as for one flow (evaluate/evaluate.ts). */
import type { Cluster, End, Pod } from '../cluster.ts';
import type { Direction } from '../evaluate/answer.ts';
import { policiesOn, tieredPolicies } from '../evaluate/evaluate.ts';
import { anyOf, matchesPeer } from '../evaluate/match.ts';
import type { PortMatch, Rule, TieredPolicy } from '../policy.ts';
import { selects } from '../selector.ts';
import { ALL_PORTS, difference, intersection, NO_PORTS, type PortSet, rangeOf, union } from './port-set.ts';

export interface Connections {
  readonly allowed: PortSet;
  /** Of which it is not known whether they are. */
  readonly unknown: PortSet;
}

export function connections(cluster: Cluster, source: End, destination: End): Connections {
  const out = inDirection(cluster, source, destination, 'egress');
  const into = inDirection(cluster, source, destination, 'ingress');
  const allowed = intersection(out.allowed, into.allowed);
  const possible = intersection(union(out.allowed, out.unknown), union(into.allowed, into.unknown));
  return { allowed, unknown: difference(possible, allowed) };
}

function inDirection(cluster: Cluster, source: End, destination: End, direction: Direction): Connections {
  const own = direction === 'egress' ? source : destination;
  const other = direction === 'egress' ? destination : source;
  if (own.kind !== 'pod') return EVERYTHING;
  const { pod } = own;
  if (other.kind === 'pod' && other.pod === pod) return EVERYTHING;
  if (direction === 'ingress' && other.kind === 'node' && other.node === pod.node) return EVERYTHING;

  const ports = (rule: Rule): PortSet => portsOf(rule.ports, destination);
  const admin = tier(cluster, pod, other, direction, 'admin', ports);
  const isolating = policiesOn(cluster, pod, direction);
  let rest: Decided;
  if (isolating.length > 0) {
    let open = NO_PORTS;
    for (const policy of isolating)
      for (const rule of policy[direction] ?? [])
        if (rule.peers === null || anyOf(rule.peers, (p) => matchesPeer(cluster, p, policy.namespace, other)) === true)
          open = union(open, ports(rule));
    rest = { allowed: open, unknown: NO_PORTS, left: NO_PORTS };
  } else rest = tier(cluster, pod, other, direction, 'baseline', ports);
  return {
    allowed: union(admin.allowed, intersection(admin.left, union(rest.allowed, rest.left))),
    unknown: union(admin.unknown, intersection(admin.left, rest.unknown)),
  };
}

const EVERYTHING: Connections = { allowed: ALL_PORTS, unknown: NO_PORTS };

interface Decided {
  readonly allowed: PortSet;
  readonly unknown: PortSet;
  /** What the tier leaves to those behind it. */
  readonly left: PortSet;
}

function tier(
  cluster: Cluster,
  pod: Pod,
  other: End,
  direction: Direction,
  which: TieredPolicy['tier'],
  ports: (rule: Rule) => PortSet,
): Decided {
  let allowed = NO_PORTS;
  let unknown = NO_PORTS;
  let passed = NO_PORTS;
  let open = ALL_PORTS;
  const labels = cluster.namespaces.get(pod.namespace)?.labels ?? new Map<string, string>();
  for (const policy of tieredPolicies(cluster, which)) {
    if (!selects(policy.subject.namespaces, labels) || !selects(policy.subject.pods, pod.labels)) continue;
    for (const rule of policy[direction]) {
      const peer = rule.peers === null || anyOf(rule.peers, (p) => matchesPeer(cluster, p, null, other));
      if (peer === false) continue;
      const here = intersection(open, ports(rule));
      // Whether it is this rule that decides is not known: nor is then what follows from it.
      if (peer === null) unknown = union(unknown, here);
      else if (rule.action === 'allow') allowed = union(allowed, here);
      else if (rule.action === 'pass') passed = union(passed, here);
      open = difference(open, here);
    }
  }
  return { allowed, unknown, left: union(open, passed) };
}

export function portsOf(matches: readonly PortMatch[] | null, destination: End): PortSet {
  if (matches === null) return ALL_PORTS;
  return matches.reduce((set, match) => {
    if (match.kind === 'range') return union(set, rangeOf(match.protocol, match.from, match.to));
    if (destination.kind !== 'pod') return set;
    return destination.pod.ports
      .filter((named) => named.name === match.name && (match.protocol === null || match.protocol === named.protocol))
      .reduce((all, named) => union(all, rangeOf(named.protocol, named.port, named.port)), set);
  }, NO_PORTS);
}
