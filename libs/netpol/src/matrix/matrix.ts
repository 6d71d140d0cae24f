/** Who may reach whom, on which ports. */
import type { Cluster } from '../cluster.ts';
import { type Connections, connections } from './connections.ts';
import { difference, isEmpty, type PortSet } from './port-set.ts';
import { type Workload, workloadsOf } from './workloads.ts';

export interface Matrix {
  readonly workloads: readonly Workload[];
  /** `cells[from][to]`, in the order of the workloads. */
  readonly cells: readonly (readonly Connections[])[];
}

export interface MatrixLimits {
  /** Every pair is computed. */
  readonly mostWorkloads?: number;
  /** Ends that this cluster's policies tell apart are told apart too: for a comparison with it. */
  readonly comparedWith?: Cluster;
}

/** @throws RangeError where there are more workloads than allowed */
export function matrixOf(cluster: Cluster, { mostWorkloads = Infinity, comparedWith }: MatrixLimits = {}): Matrix {
  const workloads = workloadsOf(cluster, comparedWith ? [cluster, comparedWith] : [cluster]);
  if (workloads.length > mostWorkloads)
    throw new RangeError(`${workloads.length} workloads that policies tell apart: more than ${mostWorkloads}`);
  return {
    workloads,
    cells: workloads.map((from) => workloads.map((to) => connections(cluster, from.end, to.end))),
  };
}

export interface Change {
  readonly from: string;
  readonly to: string;
  readonly opened: PortSet;
  readonly closed: PortSet;
}

export interface Difference {
  readonly changes: readonly Change[];
  /** Workloads that only one side has. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** What is allowed after and was not before, and the other way round, between workloads that both have. */
export function compare(before: Matrix, after: Matrix): Difference {
  const index = (matrix: Matrix): Map<string, number> => new Map(matrix.workloads.map(({ name }, i) => [name, i]));
  const old = index(before);
  const now = index(after);
  const shared = [...old.keys()].filter((name) => now.has(name));
  const changes = shared.flatMap((from) =>
    shared.flatMap((to) => {
      const a = before.cells[old.get(from) as number]?.[old.get(to) as number] as Connections;
      const b = after.cells[now.get(from) as number]?.[now.get(to) as number] as Connections;
      const opened = difference(b.allowed, a.allowed);
      const closed = difference(a.allowed, b.allowed);
      return isEmpty(opened) && isEmpty(closed) ? [] : [{ from, to, opened, closed }];
    }),
  );
  return {
    changes,
    added: [...now.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !now.has(name)),
  };
}
