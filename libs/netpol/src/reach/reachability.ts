/**
 * Who reaches whom, over very many pods. Everything is computed on classes of pods and on rows: what a set of policies lets in or out
 * is computed once for all pods that the set is about, as pieces of constant ports over ranges of classes.
 *
 *   pods → classes;  policies on a class → row;  row → [classes from…to: ports];  pairs = Σ over rows, pieces and classes
 *
 * NetworkPolicies only: tiers (policy.networking.k8s.io) are the matrix's (matrix/), pair by pair.
 */
import type { Cluster } from '../cluster.ts';
import { intersection, type PortSet } from '../matrix/port-set.ts';
import { type Classes, classesOf, relevantOf } from './classes.ts';
import { internedPorts } from './interned-ports.ts';
import { countPairs, type PairCounts } from './pairs.ts';
import { portsAt, rowsOf } from './rows.ts';

export interface Reachability {
  readonly classes: Classes;
  count(): PairCounts;
  /** What the first class may send to the second. */
  between(source: number, destination: number): PortSet;
}

/** @throws RangeError where there are tiered policies */
export function reachabilityOf(cluster: Cluster): Reachability {
  if (cluster.tiered.length > 0) throw new RangeError('tiered policies are computed pair by pair');
  const classes = classesOf(cluster, relevantOf(cluster.policies));
  const ports = internedPorts();
  const rows = rowsOf(cluster, classes, ports);
  return {
    classes,
    count: () => countPairs(classes, rows, ports),
    between: (source, destination) =>
      intersection(
        ports.set(portsAt(rows.egress, rows.egress.of[source] as number, destination)),
        ports.set(portsAt(rows.ingress, rows.ingress.of[destination] as number, source)),
      ),
  };
}
