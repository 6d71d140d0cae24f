/** One prediction against what happened: does the kernel do what a branch says, and each branch as often as it says? */
import { isRouteError } from '../kernel/route-errors.ts';
import type { PredictedBranch, PredictedReception, Prediction } from '../model/predict.ts';
import type { HeardForReal, Observation, Received, RuleSeen } from '../world/observation.ts';
import { deviation } from './chi-squared.ts';

export type Difference =
  /** The model itself failed. */
  | { readonly kind: 'threw'; readonly message: string }
  /** Not each packet that was asked about was seen: what nobody saw agrees with nothing. */
  | { readonly kind: 'not-observed'; readonly attempts: number; readonly seen: number }
  /** No branch says what happened. `nearest`: how the closest one differs. */
  | { readonly kind: 'outcome'; readonly observation: Observation; readonly nearest: readonly string[] }
  /** A branch that should have been seen among so many repetitions never was. */
  | { readonly kind: 'never-seen'; readonly branch: PredictedBranch; readonly attempts: number }
  | {
      readonly kind: 'shares';
      readonly counts: readonly number[];
      readonly shares: readonly number[];
      readonly deviations: number;
    };

export type Comparison =
  | { readonly kind: 'agrees' }
  | { readonly kind: 'undetermined'; readonly unknowns: readonly string[] }
  | { readonly kind: 'disagrees'; readonly differences: readonly Difference[] };

/** Beyond six standard deviations chance is one in a thousand million. */
const MOST_DEVIATIONS = 6;
/** A branch expected this often that never shows: e⁻²⁰. */
const SURELY_SEEN = 20;

/** `predictions[n]` is that of attempt n: each has a source port of its own, which a rule may ask for. */
export function compare(predictions: readonly Prediction[], observations: readonly Observation[]): Comparison {
  const [attempts, seenOf] = [predictions.length, new Set(observations.map((o) => o.attempt)).size];
  if (seenOf !== attempts || observations.length !== attempts)
    return { kind: 'disagrees', differences: [{ kind: 'not-observed', attempts, seen: observations.length }] };
  const unknowns = [...new Set(predictions.flatMap((p) => p.unknowns))];
  if (unknowns.length > 0 || predictions.some((p) => p.branches.some((b) => b.share === null)))
    return { kind: 'undetermined', unknowns };
  const differences: Difference[] = [];
  const seen = new Map<string, number>();
  // From where errors may be held back on, what is heard says nothing of how often a branch is taken.
  const maySend = predictions.some((p) => p.branches.some((b) => b.told !== null && isRouteError(b.told)));
  const heldBack = maySend ? observations.find((o) => o.mayBeHeldBack) : undefined;
  const heldBackFrom = heldBack?.attempt ?? predictions.length;
  for (const observation of observations) {
    const { branches } = predictions[observation.attempt] ?? { branches: [] };
    const found = branches.find((branch) => differencesOf(branch, observation).length === 0);
    if (found) {
      if (observation.attempt < heldBackFrom) seen.set(lookOf(found), (seen.get(lookOf(found)) ?? 0) + 1);
      continue;
    }
    const [nearest = ['nothing was predicted']] = branches
      .map((branch) => differencesOf(branch, observation))
      .sort((x, y) => x.length - y.length);
    differences.push({ kind: 'outcome', observation, nearest });
  }
  if (differences.length === 0 && observations.length > 1)
    differences.push(...shares(predictions.slice(0, heldBackFrom), seen));
  return differences.length === 0 ? { kind: 'agrees' } : { kind: 'disagrees', differences };
}

/** What tells branches apart from outside, whatever the attempt's source port. */
const lookOf = (branch: PredictedBranch): string =>
  JSON.stringify([branch.heard, branch.received && { ...branch.received, sport: null }]);

function shares(predictions: readonly Prediction[], seen: ReadonlyMap<string, number>): Difference[] {
  const expected = new Map<string, number>();
  const examples = new Map<string, PredictedBranch>();
  for (const { branches } of predictions)
    for (const branch of branches) {
      const look = lookOf(branch);
      expected.set(look, (expected.get(look) ?? 0) + (branch.share ?? 0));
      examples.set(look, branch);
    }
  if (expected.size < 2) return [];
  const looks = [...expected.keys()];
  const found = looks.flatMap((look): Difference[] => {
    const branch = examples.get(look);
    return branch && !seen.has(look) && (expected.get(look) ?? 0) >= SURELY_SEEN
      ? [{ kind: 'never-seen', branch, attempts: predictions.length }]
      : [];
  });
  const counts = looks.map((look) => seen.get(look) ?? 0);
  const wanted = looks.map((look) => (expected.get(look) ?? 0) / predictions.length);
  const deviations = deviation(counts, wanted);
  if (deviations > MOST_DEVIATIONS) found.push({ kind: 'shares', counts, shares: wanted, deviations });
  return found;
}

/** In words; empty: the branch is what happened. */
export function differencesOf(branch: PredictedBranch, seen: Observation): string[] {
  const found: string[] = [];
  // The kernel sends few errors of routes in a row: silence in place of one more says nothing, nor do the rules it did not meet.
  const heldBack = seen.mayBeHeldBack === true && branch.told !== null && isRouteError(branch.told);
  if (!heldBack && heardText(branch.heard) !== heardText(seen.heard))
    found.push(`the sender hears ${heardText(seen.heard)}, the model says ${heardText(branch.heard)}`);
  found.push(...receivedDifferences(branch.received, seen.received));
  const { rules } = seen;
  if (rules === null) return found;
  const wayOf = (way: readonly RuleSeen[]): readonly RuleSeen[] =>
    heldBack && rules.every((rule) => rule.direction === 'forward') ? forwardOf(way) : way;
  // Where something is not known that decides nothing else, each way on is as good.
  const otherwise = (branch.otherRules ?? []).some((way) => ruleDifferences(wayOf(way), rules).length === 0);
  if (!otherwise) found.push(...ruleDifferences(wayOf(branch.rules), rules));
  return found;
}

const forwardOf = (rules: readonly RuleSeen[]): readonly RuleSeen[] => rules.filter((r) => r.direction === 'forward');

export function heardText(heard: HeardForReal): string {
  switch (heard.kind) {
    case 'icmp':
      return `ICMP ${heard.type}/${heard.code} from ${heard.from}${heard.mtu === null ? '' : `, mtu ${heard.mtu}`}`;
    case 'error':
      return heard.errno;
    default:
      return heard.kind;
  }
}

const FIELDS = [
  'namespace',
  'source',
  'sport',
  'destination',
  'dport',
  'iif',
  'mark',
  'tos',
  'ttl',
  'sizeBytes',
] as const satisfies readonly (keyof Received)[];

function receivedDifferences(model: PredictedReception | null, seen: Received | null): string[] {
  if (model === null && seen === null) return [];
  if (seen === null) return [`nobody received it; the model says ${model?.namespace}`];
  if (model === null) return [`${seen.namespace} received it; the model says nobody`];
  // What the socket does not tell cannot be compared.
  const drawn = model.sportAmong;
  const fits = drawn !== undefined && seen.sport >= drawn.from && seen.sport <= drawn.to;
  return FIELDS.filter(
    (field) => seen[field] !== null && seen[field] !== model[field] && !(field === 'sport' && fits),
  ).map((field) => `${field} at the receiver is ${seen[field]}, the model says ${model[field]}`);
}

const ruleText = (r: RuleSeen): string =>
  `${r.direction} ${r.namespace} ${r.tool} ${r.table} ${r.chain} ${r.rule === 'policy' ? 'policy' : `rule ${r.rule}`}`;

function ruleDifferences(model: readonly RuleSeen[], seen: readonly RuleSeen[]): string[] {
  let m = 0;
  for (let i = 0; i < seen.length || m < model.length; ) {
    const [said, was] = [model[m], seen[i]];
    if (said && was && ruleText(said) === ruleText(was)) {
      m++;
      i++;
    } else if (said?.maybe) m++;
    else
      return [`rule ${i + 1} met is ${was ? ruleText(was) : 'none'}, the model says ${said ? ruleText(said) : 'none'}`];
  }
  return [];
}
