/** What the runs say together: shares of the outcomes, and which unknowns decide. */
import { type Disposition, outcomeOf, type Shares } from '@netverdict/verdict';
import type { ChoicePoint, Missing } from './choices.ts';
import type { Run } from './explore.ts';

export interface Leaf {
  readonly run: Run;
  readonly disposition: Disposition;
  /** Of new connections; null below an unknown that decides. */
  readonly share: number | null;
  /** Unknowns on its way that decide the outcome. */
  readonly deciding: readonly Missing[];
}

export interface Summary {
  readonly shares: Shares;
  readonly unexamined: number;
  readonly leaves: readonly Leaf[];
}

const NOTHING: Shares = { reachable: 0, unreachable: 0, undetermined: 0 };

export function dispositionOf(run: Run): Disposition {
  if (run.stop) return run.stop.disposition;
  return run.walk.exited ? 'exits-network' : 'delivered';
}

export function summarize(runs: readonly Run[]): Summary {
  return below(runs, 0);
}

function below(runs: readonly Run[], depth: number): Summary {
  const first = runs[0];
  if (!first) return { shares: NOTHING, unexamined: 1, leaves: [] };
  const point = first.points[depth];
  if (!point) {
    const disposition = dispositionOf(first);
    return {
      shares: { ...NOTHING, [outcomeOf(disposition)]: 1 },
      unexamined: 0,
      leaves: [{ run: first, disposition, share: 1, deciding: [] }],
    };
  }
  const children = point.options.map((_, option) =>
    below(
      runs.filter((run) => run.points[depth]?.taken === option),
      depth + 1,
    ),
  );
  const shares = point.options.map((option) => option.share);
  return shares.every((share) => share !== null) && point.what !== 'unknown'
    ? weighted(children, shares)
    : unweighted(point, children);
}

function weighted(children: readonly Summary[], shares: readonly number[]): Summary {
  const sum = (of: (s: Summary) => number): number =>
    children.reduce((total, child, i) => total + (shares[i] ?? 0) * of(child), 0);
  return {
    shares: {
      reachable: sum((s) => s.shares.reachable),
      unreachable: sum((s) => s.shares.unreachable),
      undetermined: sum((s) => s.shares.undetermined),
    },
    unexamined: sum((s) => s.unexamined),
    leaves: children.flatMap((child, i) =>
      child.leaves.map((leaf) => ({ ...leaf, share: times(leaf.share, shares[i] ?? 0) })),
    ),
  };
}

/** Nothing says how likely each way is: what holds in all of them holds; the rest is not determined. */
function unweighted(point: ChoicePoint, children: readonly Summary[]): Summary {
  if (children.every((child) => agrees(child, children[0] as Summary))) {
    // It does not matter. One way is told: the one that does not rest on the unknown itself.
    const told = [...children]
      .reverse()
      .find((child) => child.leaves.every((leaf) => leaf.run.stop?.cause.kind !== 'unknown'));
    return told ?? (children[0] as Summary);
  }
  const least = (of: (s: Summary) => number): number => Math.min(...children.map(of));
  const reachable = least((s) => s.shares.reachable);
  const unreachable = least((s) => s.shares.unreachable);
  const unexamined = Math.max(0, ...children.map((s) => s.unexamined));
  return {
    shares: { reachable, unreachable, undetermined: Math.max(0, 1 - reachable - unreachable - unexamined) },
    unexamined,
    leaves: children.flatMap((child) =>
      child.leaves.map((leaf) => ({
        ...leaf,
        share: null,
        deciding: point.missing ? [point.missing, ...leaf.deciding] : leaf.deciding,
      })),
    ),
  };
}

const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-9;
const agrees = (a: Summary, b: Summary): boolean =>
  near(a.shares.reachable, b.shares.reachable) &&
  near(a.shares.unreachable, b.shares.unreachable) &&
  near(a.shares.undetermined, b.shares.undetermined) &&
  near(a.unexamined, 0) &&
  near(b.unexamined, 0);

const times = (a: number | null, b: number): number | null => (a === null ? null : a * b);
