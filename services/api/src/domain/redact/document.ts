/** A diagnosis for who may not see every namespace: outcome, shares, codes and what is in sight stand, names of others do not. Pure. */
import type {
  Collection,
  DiagnosisDocument,
  DiagnosisProblem,
  DiagnosisRequest,
  DiagnosisSummary,
  ProgressEvent,
} from '@netverdict/contracts';
import { summarize, type Verdict, type VerdictContext } from '@netverdict/verdict';
import type { Sight } from './sight.ts';
import { placeInSight, redactAll, redactText } from './text.ts';
import { redactFinding, redactTrace } from './trace.ts';

/** They have the forms that a request's fields have. */
const REDACTED_NAMES = {
  pod: 'redacted/redacted',
  service: 'redacted/redacted',
  workload: 'redacted/redacted/redacted',
  node: 'redacted',
  ip: 'redacted',
  name: 'redacted',
} as const;

function redactEnd<E extends DiagnosisRequest['source'] | DiagnosisRequest['destination']>(end: E, sight: Sight): E {
  const shown = Object.entries<unknown>({ ...end }).map(([key, value]) => [
    key,
    key in REDACTED_NAMES && typeof value === 'string' && redactText(value, sight) !== value
      ? REDACTED_NAMES[key as keyof typeof REDACTED_NAMES]
      : value,
  ]);
  // The same fields, each of its own form.
  return Object.fromEntries(shown) as E;
}

export function redactRequest(request: DiagnosisRequest, sight: Sight): DiagnosisRequest {
  // It may hold a secret, and is for who asked.
  const { callbackUrl, ...rest } = request;
  return {
    ...rest,
    source: redactEnd(request.source, sight),
    destination: redactEnd(request.destination, sight),
    ...(callbackUrl === undefined || sight.asked.size === 0 ? {} : { callbackUrl }),
  };
}

/** Of what exists nearby only what the reader may know of. */
export const redactProblem = (problem: DiagnosisProblem, sight: Sight): DiagnosisProblem => ({
  type: problem.type,
  title: redactText(problem.title, sight),
  detail: redactText(problem.detail, sight),
  suggestions: problem.suggestions.filter((text) => redactText(text, sight) === text),
});

/** Our stages and outcomes are in the vocabulary: of these only a failure's title can name somebody. */
export const redactSummary = (summary: DiagnosisSummary, sight: Sight): DiagnosisSummary => ({
  ...summary,
  message: redactText(summary.message, sight),
  request: redactRequest(summary.request, sight),
  problem: summary.problem === null ? null : redactProblem(summary.problem, sight),
  visibleNamespaces: [...sight.namespaces],
});

export const redactProgress = <P extends Pick<ProgressEvent, 'message'>>(progress: P, sight: Sight): P => ({
  ...progress,
  message: redactText(progress.message, sight),
});

const redactCollection = (collection: Collection, sight: Sight): Collection => ({
  ...collection,
  nodes: collection.nodes.map((node) => ({
    ...node,
    unavailable: node.unavailable === null ? null : redactText(node.unavailable, sight),
    missing: node.missing
      .filter(({ namespace }) => placeInSight(namespace, sight))
      .map(({ namespace, kind, reason }) => ({ namespace, kind, reason: redactText(reason, sight) })),
  })),
});

/** The first sentence anew: names of others may be in the middle of it, in two languages. */
function redactVerdict(verdict: Verdict, context: VerdictContext, sight: Sight): Verdict {
  if (redactText(verdict.summary.en, sight) === verdict.summary.en) return verdict;
  return { ...verdict, summary: summarize(verdict.outcome, verdict.share, context, null) };
}

export function redactDiagnosis(document: DiagnosisDocument, sight: Sight): DiagnosisDocument {
  const { verdict, trace, flow, intendedPath, collection, probe } = document;
  const context = document.context === null ? null : redactAll(document.context, sight);
  return {
    ...document,
    ...redactSummary(document, sight),
    context,
    verdict: verdict === null || context === null ? null : redactVerdict(verdict, context, sight),
    findings: document.findings.map((finding) => redactFinding(finding, sight)),
    trace: trace === null ? null : redactTrace(trace, sight),
    flow: flow === null ? null : redactAll(flow, sight),
    intendedPath: intendedPath === null ? null : redactAll(intendedPath, sight),
    collection: collection === null ? null : redactCollection(collection, sight),
    probe: probe === null ? null : redactAll(probe, sight),
  };
}
