/**
 * From a flow to a diagnosis. All blockers, not the first: simulate, take each blocker away as its remedy would,
 * simulate again, until nothing new stands in the way. The same loop proves the remedies.
 */
import type { Flow, NamespaceKey, Need, SectionKind } from '@netverdict/linux-net';
import {
  type Diagnosis,
  FINDING_CODES,
  type Finding,
  type Outcome,
  type Remarks,
  type Shares,
  summarize,
  type VerdictContext,
} from '@netverdict/verdict';
import { asNewConnection } from './conntrack/free-port.ts';
import { type EvaluatedBranch, type EvaluateOptions, type Evaluation, evaluateWithin } from './evaluate.ts';
import { answeredByOther, remarksOn } from './findings/answered.ts';
import type { Derived, Patched } from './findings/finding.ts';
import { derive } from './findings/index.ts';
import { errorsLost } from './findings/too-big.ts';
import { undecided } from './findings/undecided.ts';
import { type SizeLimit, sized, sizeLimit } from './largest-size.ts';
import { Budget, DEFAULT_MAX_WORK } from './walk/budget.ts';
import type { World } from './world/world.ts';

export interface DiagnoseOptions extends EvaluateOptions {
  /** Most rounds of simulate, patch, simulate again. Default 16. */
  readonly maxRounds?: number;
}

export interface DiagnoseResult {
  /** Always there: with unmet needs it is what can be said without them (branches that met one are undetermined). */
  readonly diagnosis: Diagnosis;
  /** Not empty: collect these and diagnose again, or settle for `diagnosis` when the rounds are used up. */
  readonly needs: readonly Need[];
  /** Sections that a negative or undetermined verdict rests on: read them again before publishing it. */
  readonly deciding: readonly { readonly namespace: NamespaceKey; readonly kinds: readonly SectionKind[] }[];
  /** What becomes of the flow once everything is changed that the findings know how to change. */
  readonly mended: Outcome;
  /** Units of work that it took (see `maxWork`). */
  readonly work: number;
}

interface Blocker {
  readonly derived: Derived;
  readonly finding: Finding;
  readonly key: string;
}

export function diagnose(
  world: World,
  asked: Flow,
  names: VerdictContext,
  options: DiagnoseOptions = {},
): DiagnoseResult {
  const budget = new Budget(options.maxWork ?? DEFAULT_MAX_WORK);
  const flow = asNewConnection(world, asked);
  const first = evaluateWithin(budget, world, flow, options);
  const firstBranches = byChoices(first);
  const found = new Map<string, Blocker>();
  const needs = new Map<string, Need>();
  const proven = new Set<string>();
  let at: Patched = { world, flow };
  let evaluation = first;
  for (let round = 0; ; round++) {
    for (const need of evaluation.needs) needs.set(JSON.stringify(need), need);
    const fresh = blockersOf(at, evaluation, firstBranches, budget).filter((b) => !found.has(b.key));
    for (const blocker of fresh) found.set(blocker.key, blocker);
    const patches = fresh.filter((b) => b.derived.patch !== null);
    if (patches.length === 0 || round >= (options.maxRounds ?? 16)) break;
    const before: Round = { at, evaluation };
    at = patches.reduce((now, b) => b.derived.patch?.(now) ?? now, at);
    if (budget.exhausted) break;
    evaluation = evaluateWithin(budget, at.world, at.flow, options);
    if (patches.length === 1) {
      for (const { key } of patches) if (helps(key, before, { at, evaluation }, budget)) proven.add(key);
      continue;
    }
    // Several at once would vouch for each other: each is tried alone.
    for (const { key, derived } of patches) {
      if (budget.exhausted) break;
      const alone = derived.patch?.(before.at) ?? before.at;
      const after = { at: alone, evaluation: evaluateWithin(budget, alone.world, alone.flow, options) };
      if (helps(key, before, after, budget)) proven.add(key);
    }
  }
  const findings = [...found.values()].map(({ finding, key }) => withProof(finding, proven.has(key)));
  const { shares, unexamined } = first;
  const outcome = outcomeFor(shares, unexamined);
  const others = answeredByOther(world, flow.destination.address, first);
  const limit = outcome === 'reachable' ? sizeLimit(budget, world, flow) : null;
  const all = [
    ...findings,
    ...others,
    ...errorsLost(world, flow, first),
    ...(limit ? lostWhenBigger({ world, flow }, first, limit, budget) : []),
    ...undecided({ world, flow }, first, findings, budget),
  ];
  const unknown = all.find((f) => f.severity === 'suspicious') ?? all.find((f) => f.code === 'NV-UNEXAMINED');
  const missing = unknown ? clause(unknown) : null;
  return {
    diagnosis: {
      context: names,
      verdict: {
        outcome,
        share: shares,
        summary: summarize(outcome, shares, names, missing, {
          ...remarksOn(first, others),
          ...onlyTooBig(budget, { world, flow }, findings),
        }),
        ...(limit ? { largestSizeBytes: limit.bytes } : {}),
      },
      findings: all,
      trace: first.trace,
      unexamined,
    },
    needs: [...needs.values()],
    deciding: decidingSections(findings),
    mended: outcomeFor(evaluation.shares, evaluation.unexamined),
    work: budget.spent,
  };
}

/**
 * Small packets get through and the first bigger one is lost without its sender being told: connections that hang. Where it is the
 * receiver's own device that is smaller TCP never sends one: its answer told the largest segment (RFC 9293, 3.7.1).
 */
function lostWhenBigger(
  { world, flow }: Patched,
  first: Evaluation,
  { bytes, beyond }: SizeLimit,
  budget: Budget,
): Finding[] {
  if (beyond === null) return [];
  const bigger: Patched = { world, flow: sized(flow, bytes + 1) };
  const receivers = new Set(first.branches.map((b) => b.answeredBy));
  const before: Round = { at: bigger, evaluation: beyond };
  const silent = blockersOf(bigger, beyond, new Map(), budget)
    .filter(
      ({ finding: { code, hop } }) => code === 'NV-MTU-FAR-END' && !(flow.protocol === 'tcp' && receivers.has(hop)),
    )
    .map(({ finding, derived, key }): Finding => {
      const at = derived.patch?.(bigger) ?? null;
      const after = at === null ? null : evaluateWithin(budget, at.world, at.flow, {});
      const proven = at !== null && after !== null && helps(key, before, { at, evaluation: after }, budget);
      return withProof({ ...finding, severity: 'degrading' }, proven);
    });
  return [...errorsLost(world, bigger.flow, beyond), ...silent];
}

const SIZE_CODES: ReadonlySet<string> = new Set(['NV-MTU-EXCEEDED', 'NV-MTU-FAR-END', 'NV-ROUTE-MTU']);

/** Whether smaller packets would pass, and how small they have to be: the first line says it. */
function onlyTooBig(budget: Budget, { world, flow }: Patched, findings: readonly Finding[]): Pick<Remarks, 'tooBig'> {
  if (findings.length === 0 || !findings.every(({ code }) => SIZE_CODES.has(code))) return {};
  return { tooBig: { sizeBytes: flow.sizeBytes, fits: sizeLimit(budget, world, flow)?.bytes ?? null } };
}

interface Round {
  readonly at: Patched;
  readonly evaluation: Evaluation;
}

/** Is the blocker gone, with nothing that worked before broken? What was not examined may hold it still. */
function helps(key: string, before: Round, after: Round, budget: Budget): boolean {
  const was = before.evaluation;
  const is = after.evaluation;
  if (is.unexamined > was.unexamined + 1e-9) return false;
  if (is.shares.reachable < was.shares.reachable - 1e-9) return false;
  return !blockersOf(after.at, is, new Map(), budget).some((blocker) => blocker.key === key);
}

/** One finding for each blocker, whichever branches meet it; those under an unknown that decides are told as that unknown. */
function blockersOf(
  at: Patched,
  evaluation: Evaluation,
  firstBranches: ReadonlyMap<string, readonly string[]>,
  budget: Budget,
): Blocker[] {
  const byKey = new Map<string, Blocker>();
  for (const evaluated of evaluation.branches) {
    if (!evaluated.stop || evaluated.deciding.length > 0) continue;
    const derived = derive(at, evaluated, budget);
    if (!derived) continue;
    const finding = findingOf(derived, evaluated, firstBranches.get(choicesKey(evaluated)) ?? []);
    const { listed } = derived;
    const same = listed === undefined ? finding.params : { ...finding.params, [listed]: '' };
    const key = JSON.stringify([finding.code, finding.hop, same]);
    const before = byKey.get(key);
    byKey.set(
      key,
      before ? { ...before, finding: joined(before.finding, finding, listed) } : { derived, finding, key },
    );
  }
  return [...byKey.values()];
}

function joined(a: Finding, b: Finding, listed: string | undefined): Finding {
  const branches = [...new Set([...a.branches, ...b.branches])];
  if (listed === undefined) return { ...a, branches };
  const values = new Set([...String(a.params[listed]).split(', '), String(b.params[listed])]);
  const evidence = [...new Map([...a.evidence, ...b.evidence].map((e) => [JSON.stringify(e), e])).values()];
  return { ...a, branches, evidence, params: { ...a.params, [listed]: [...values].join(', ') } };
}

function findingOf(derived: Derived, { stop, branch }: EvaluatedBranch, branches: readonly string[]): Finding {
  const at = derived.at;
  return {
    code: derived.code,
    severity: FINDING_CODES[derived.code].severity,
    hop: at?.key ?? stop?.place ?? 'outside',
    node: at?.node ?? stop?.node ?? null,
    direction: stop?.direction ?? 'forward',
    branches: branches.length > 0 ? branches : [branch.id],
    params: derived.params,
    evidence: derived.evidence ?? stop?.evidence ?? [],
    remedy: derived.remedy ? { ...derived.remedy, proven: false } : null,
  };
}

/** The branches of the first evaluation that made the same choices: a later blocker stands behind an earlier one. */
const choicesKey = ({ branch }: EvaluatedBranch): string => JSON.stringify(branch.choices.map((c) => c.label));

function byChoices(evaluation: Evaluation): ReadonlyMap<string, readonly string[]> {
  const ids = new Map<string, string[]>();
  for (const evaluated of evaluation.branches) appendTo(ids, choicesKey(evaluated), evaluated.branch.id);
  return ids;
}

function appendTo(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

const withProof = (finding: Finding, proven: boolean): Finding =>
  finding.remedy
    ? { ...finding, remedy: { ...finding.remedy, proven: proven && finding.remedy.command !== null } }
    : finding;

function outcomeFor(shares: Shares, unexamined: number): Outcome {
  const none = (share: number): boolean => share < 1e-9;
  if (none(shares.unreachable) && none(shares.undetermined)) return none(unexamined) ? 'reachable' : 'undetermined';
  if (!none(shares.unreachable) && !none(shares.reachable)) return 'partially-reachable';
  if (none(shares.undetermined)) return none(unexamined) ? 'unreachable' : 'undetermined';
  return 'undetermined';
}

function clause(finding: Finding): { en: string; zh: string } {
  const { params } = finding;
  if (finding.code === 'NV-UNEXAMINED')
    return {
      en: `${params.percent} % of the ways that it can take were not examined`,
      zh: `可能的路径中有 ${params.percent} % 没有检查`,
    };
  const what = params.what ?? params.place ?? `${params.node}: ${params.reason}`;
  return { en: String(what), zh: String(params.whatZh ?? what) };
}

function decidingSections(findings: readonly Finding[]): DiagnoseResult['deciding'] {
  const kinds = new Map<NamespaceKey, Set<SectionKind>>();
  for (const finding of findings) {
    if (finding.severity !== 'blocking') continue;
    const set = kinds.get(finding.hop) ?? new Set<SectionKind>();
    for (const evidence of finding.evidence) set.add(evidence.kind as SectionKind);
    kinds.set(finding.hop, set);
  }
  return [...kinds].map(([namespace, set]) => ({ namespace, kinds: [...set] }));
}
