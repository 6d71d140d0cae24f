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
  /** Runs with another answer to an unknown that does not decide: the outcome is the same, the way there may be another. */
  readonly otherwise: readonly Run[];
}

export interface Summary {
  readonly shares: Shares;
  readonly unexamined: number;
  readonly leaves: readonly Leaf[];
}

/** Many unknowns that do not decide multiply; nobody needs them all. */
const MOST_OTHERWISE = 32;

const NOTHING: Shares = { reachable: 0, unreachable: 0, undetermined: 0 };

export function dispositionOf(run: Run): Disposition {
  if (run.stop) return run.stop.disposition;
  return run.walk.exited ? 'exits-network' : 'delivered';
}

/** `observed`: ways are the same only if neither who sends nor who receives the packet could tell them apart. */
export function summarize(runs: readonly Run[], observed = false): Summary {
  const summary = below(runs, 0, observed);
  for (const leaf of summary.leaves) leaf.deciding.reverse();
  return summary;
}

/** A leaf on its way up: it is written to instead of copied at every level, of which there can be hundreds. */
interface DraftLeaf extends Leaf {
  share: number | null;
  /** The last choice first. */
  readonly deciding: Missing[];
  otherwise: readonly Run[];
}

interface DraftSummary extends Summary {
  readonly leaves: readonly DraftLeaf[];
}

function below(runs: readonly Run[], depth: number, observed: boolean): DraftSummary {
  const first = runs[0];
  if (!first) return { shares: NOTHING, unexamined: 1, leaves: [] };
  const point = first.points[depth];
  if (!point) {
    const disposition = dispositionOf(first);
    return {
      shares: { ...NOTHING, [outcomeOf(disposition)]: 1 },
      unexamined: 0,
      leaves: [{ run: first, disposition, share: 1, deciding: [], otherwise: [] }],
    };
  }
  const children = point.options.map((_, option) =>
    below(
      runs.filter((run) => run.points[depth]?.taken === option),
      depth + 1,
      observed,
    ),
  );
  const shares = point.options.map((option) => option.share);
  return shares.every((share) => share !== null) && point.what !== 'unknown'
    ? weighted(children, shares)
    : unweighted(point, children, observed);
}

function weighted(children: readonly DraftSummary[], shares: readonly number[]): DraftSummary {
  children.forEach((child, i) => {
    for (const leaf of child.leaves) leaf.share = leaf.share === null ? null : leaf.share * (shares[i] ?? 0);
  });
  const sum = (of: (s: Summary) => number): number =>
    children.reduce((total, child, i) => total + (shares[i] ?? 0) * of(child), 0);
  return {
    shares: {
      reachable: sum((s) => s.shares.reachable),
      unreachable: sum((s) => s.shares.unreachable),
      undetermined: sum((s) => s.shares.undetermined),
    },
    unexamined: sum((s) => s.unexamined),
    leaves: children.flatMap((child) => child.leaves),
  };
}

/** Nothing says how likely each way is: what holds in all of them holds; the rest is not determined. */
function unweighted(point: ChoicePoint, children: readonly DraftSummary[], observed: boolean): DraftSummary {
  const alike = (a: Summary, b: Summary): boolean => agrees(a, b) && (!observed || looksOf(a) === looksOf(b));
  if (children.every((child) => alike(child, children[0] as DraftSummary))) {
    // It does not matter, unless for who answers.
    if (new Set(children.map(answeredBy)).size > 1)
      return {
        ...(children[0] as DraftSummary),
        leaves: children.flatMap((child) => child.leaves.map((leaf) => Object.assign(leaf, { share: null }))),
      };
    const usual = point.usual === null ? undefined : children[point.usual];
    // One way is told: the usual one, or the one that does not rest on the unknown itself.
    const told =
      usual ??
      [...children].reverse().find((child) => child.leaves.every((leaf) => leaf.run.stop?.cause.kind !== 'unknown')) ??
      (children[0] as DraftSummary);
    for (const child of children) if (child !== told) addOtherwise(told, child);
    return told;
  }
  const least = (of: (s: Summary) => number): number => Math.min(...children.map(of));
  const reachable = least((s) => s.shares.reachable);
  const unreachable = least((s) => s.shares.unreachable);
  const unexamined = Math.max(0, ...children.map((s) => s.unexamined));
  for (const child of children)
    for (const leaf of child.leaves) {
      leaf.share = null;
      if (point.missing) leaf.deciding.push(point.missing);
    }
  return {
    shares: { reachable, unreachable, undetermined: Math.max(0, 1 - reachable - unreachable - unexamined) },
    unexamined,
    leaves: children.flatMap((child) => child.leaves),
  };
}

/** Where lots are drawn as well, each draw of the one way is held beside the same draw of the other. */
function addOtherwise(told: DraftSummary, other: DraftSummary): void {
  const paired = told.leaves.length === other.leaves.length;
  told.leaves.forEach((leaf, i) => {
    const beside = paired
      ? other.leaves.slice(i, i + 1)
      : other.leaves.filter((l) => l.disposition === leaf.disposition);
    const runs = beside.flatMap(({ run, otherwise }) => [run, ...otherwise]);
    leaf.otherwise = [...leaf.otherwise, ...runs].slice(0, MOST_OTHERWISE);
  });
}

const answeredBy = (s: Summary): string =>
  s.leaves
    .map((leaf) => (leaf.run.stop ? '' : (leaf.run.walk.answeredBy ?? '')))
    .filter((key, i, all) => key !== '' && all.indexOf(key) === i)
    .sort()
    .join(' ');
/**
 * All that the ends can see of a summary's ways, each with its share. Which rules are met on the way is none of it: where an
 * unknown decides that alone, the fate is known, and every way's rules are kept (`otherwise`) for who compares them.
 */
const looksOf = (s: Summary): string =>
  s.leaves
    .map(({ run: { walk }, share }) =>
      JSON.stringify([share, walk.heard, walk.arrived], (key, value: unknown) =>
        key === 'ct' || key === 'assigned' ? undefined : typeof value === 'bigint' ? value.toString() : value,
      ),
    )
    .sort()
    .join(' ');
const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-9;
const agrees = (a: Summary, b: Summary): boolean =>
  near(a.shares.reachable, b.shares.reachable) &&
  near(a.shares.unreachable, b.shares.unreachable) &&
  near(a.shares.undetermined, b.shares.undetermined) &&
  near(a.unexamined, 0) &&
  near(b.unexamined, 0);
