/** From rows to the documents that REST and webhooks show. */
import type { BatchFlowDocument, DiagnosisBatchDocument } from '@netverdict/contracts';
import type { BatchFlowRow, BatchRow } from '@netverdict/store';

function statusOf({ cancelled_at, finished_at }: BatchRow): DiagnosisBatchDocument['status'] {
  if (cancelled_at === null) return finished_at === null ? 'running' : 'completed';
  return finished_at === null ? 'cancelling' : 'cancelled';
}

export const batchDocument = (row: BatchRow): DiagnosisBatchDocument => ({
  id: row.id,
  cluster: row.cluster,
  description: row.description,
  status: statusOf(row),
  flows: row.flows,
  counts: {
    waiting: row.waiting,
    running: row.running,
    reachable: row.reachable,
    unreachable: row.unreachable,
    'partially-reachable': row.partially_reachable,
    undetermined: row.undetermined,
    failed: row.failed,
    cancelled: row.cancelled,
  },
  createdAt: row.created_at.toISOString(),
  cancelledAt: row.cancelled_at?.toISOString() ?? null,
  finishedAt: row.finished_at?.toISOString() ?? null,
});

export const batchFlowDocument = (row: BatchFlowRow): BatchFlowDocument => ({
  flow: row.n,
  state: row.state,
  request: row.request,
  diagnosisId: row.diagnosis_id,
  outcome: row.outcome as BatchFlowDocument['outcome'],
  deciding: [...(row.deciding ?? [])],
  message: row.message,
});
