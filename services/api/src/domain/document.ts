/** From a row to the document that REST, webhooks and the SDK show. */
import {
  type Collection,
  type DiagnosisDocument,
  type DiagnosisSummary,
  PROBLEM_BASE,
  type VerdictReached,
} from '@netverdict/contracts';
import type { Snapshot } from '@netverdict/linux-net';
import type { DiagnosisRow, FullDiagnosisRow } from '@netverdict/store';

/** What is used of a verdict message. */
export type StoredResult = Pick<
  VerdictReached,
  'diagnosis' | 'flow' | 'intendedPath' | 'snapshot' | 'snapshotDigest' | 'timing' | 'probe'
>;

/** What is stored is the message as it came: the verdict is its body. */
export function resultOf({ result }: Pick<FullDiagnosisRow, 'result'>): StoredResult | null {
  const stored = result as StoredResult | { readonly body: StoredResult } | null;
  return stored !== null && 'body' in stored ? stored.body : stored;
}

export function summary(row: DiagnosisRow): DiagnosisSummary {
  return {
    id: row.id,
    cluster: row.cluster,
    status: row.status,
    message: row.message,
    request: row.request,
    outcome: row.outcome as DiagnosisSummary['outcome'],
    attempt: row.attempt,
    acceptedAt: row.accepted_at.toISOString(),
    deadlineAt: row.deadline_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    rerunOf: row.rerun_of,
    problem: row.problem
      ? { ...row.problem, type: `${PROBLEM_BASE}${row.problem.type}`, suggestions: [...row.problem.suggestions] }
      : null,
  };
}

function collection(snapshot: Snapshot, digest: string): Collection {
  return {
    snapshot: digest,
    at: snapshot.at,
    nodes: snapshot.nodes.map((node) => ({
      node: node.node,
      at: node.at,
      unavailable: node.unavailable,
      missing: node.namespaces.flatMap((namespace) =>
        namespace.sections.flatMap((section) =>
          'missing' in section ? [{ namespace: namespace.key, kind: section.kind, reason: section.missing }] : [],
        ),
      ),
    })),
  };
}

export function document(row: FullDiagnosisRow): DiagnosisDocument {
  const result = resultOf(row);
  const diagnosis = result?.diagnosis ?? null;
  return {
    ...summary(row),
    context: diagnosis?.context ?? null,
    verdict: diagnosis?.verdict ?? null,
    findings: [...(diagnosis?.findings ?? [])],
    trace: diagnosis?.trace ?? null,
    unexamined: diagnosis?.unexamined ?? null,
    flow: result?.flow ?? null,
    intendedPath: result?.intendedPath ?? null,
    collection: result ? collection(result.snapshot, result.snapshotDigest) : null,
    timing:
      row.timing && row.finished_at
        ? { totalMs: row.finished_at.getTime() - row.accepted_at.getTime(), ...row.timing }
        : null,
    probe: result?.probe ?? null,
  };
}
