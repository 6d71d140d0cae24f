/** Batches: accepted whole or not at all, shown, followed, cancelled. The pump begins their flows. */
import { createHash } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { once } from 'node:events';
import type { DiagnosisBatchDocument, DiagnosisBatchRequested } from '@netverdict/contracts';
import { type BatchRow, isUnavailable, type Store } from '@netverdict/store';
import { v7 as uuidv7 } from 'uuid';
import { ProblemError } from '../../http/problems.ts';
import { canonical, requireCluster } from '../accept.ts';
import { type Asker, namespacesNamed } from '../background.ts';
import { nameOf } from '../check-request.ts';
import { batchDocument } from './documents.ts';

export const BATCH_ID = /^db_[0-9a-f-]{36}$/;

export interface Batches {
  /** @throws ProblemError 422 when the key was another request's, or nobody knows the cluster */
  accept(
    asked: DiagnosisBatchRequested,
    of: Asker,
  ): Promise<{ readonly document: DiagnosisBatchDocument; readonly created: boolean }>;
  /** @throws ProblemError 404 */
  row(id: string): Promise<BatchRow>;
  cancel(id: string): Promise<DiagnosisBatchDocument>;
  /** As it is, and each time it has changed, to its end or the abort. A null stands for a while in which nothing happened. */
  follow(
    id: string,
    signal: AbortSignal,
    quietMs?: number,
  ): AsyncGenerator<DiagnosisBatchDocument | null, void, undefined>;
}

export const unknownBatch = (id: string): ProblemError =>
  new ProblemError({
    type: 'unknown-batch',
    status: 404,
    title: 'No such batch',
    detail: `There is no batch ${id}. Finished ones are removed after some time.`,
  });

/** Looked at this often although nobody told: notifications may be lost while their connection is re-made. */
const LOOK_MS = 2000;

/** @param changed emits the id of a batch that has changed */
export function createBatches(
  { batches, agents }: Pick<Store, 'batches' | 'agents'>,
  changed: EventEmitter,
  wake: () => void,
  defaultCluster: string,
): Batches {
  async function row(id: string): Promise<BatchRow> {
    const found = BATCH_ID.test(id) ? await batches.get(id) : null;
    if (found === null) throw unknownBatch(id);
    return found;
  }

  /** 'away': the database restarts; following goes on. */
  async function getUnlessAway(id: string): Promise<BatchRow | null | 'away'> {
    try {
      return await batches.get(id);
    } catch (error) {
      if (isUnavailable(error)) return 'away';
      throw error;
    }
  }

  return {
    row,
    async accept(asked, { tokenId, visibleNamespaces, idempotencyKey }) {
      await requireCluster(agents, asked.cluster, defaultCluster);
      const cluster = asked.cluster ?? defaultCluster;
      const hash = createHash('sha256').update(canonical(asked)).digest('hex');
      const flows = asked.flows.map((flow) => ({
        request: { cluster, ...flow },
        source: nameOf(flow.source),
        destination: nameOf(flow.destination),
      }));
      const added = await batches.add({
        ...{ id: `db_${uuidv7()}`, cluster, flows, namespaces: namespacesNamed(asked.flows) },
        ...{ description: asked.description ?? '', callbackUrl: asked.callbackUrl ?? null },
        ...{ tokenId, visibleNamespaces, idempotencyKey, requestHash: hash },
      });
      if (!added.created && added.row.request_hash !== hash)
        throw new ProblemError({
          type: 'idempotency-key-reused',
          status: 422,
          title: 'This Idempotency-Key was used for another request',
          detail: `The key belongs to batch ${added.row.id}, whose request was different. Use a new key.`,
        });
      wake();
      return { document: batchDocument(added.row), created: added.created };
    },
    async cancel(id) {
      await row(id);
      const cancelled = await batches.cancel(id);
      if (cancelled === null) throw unknownBatch(id);
      return batchDocument(cancelled);
    },
    async *follow(id, signal, quietMs = 10_000) {
      let shown = 0;
      let saidAt = performance.now();
      while (!signal.aborted) {
        const look = new AbortController();
        const told = once(changed, id, { signal: AbortSignal.any([signal, look.signal]) }).catch(() => undefined);
        let timer: NodeJS.Timeout | undefined;
        try {
          const now = await getUnlessAway(id);
          if (now === null) return;
          if (now !== 'away' && now.version !== shown) {
            shown = now.version;
            saidAt = performance.now();
            yield batchDocument(now);
          }
          if (now !== 'away' && now.finished_at !== null) return;
          timer = setTimeout(() => look.abort(), LOOK_MS);
          await told;
        } finally {
          clearTimeout(timer);
          // Also where nobody follows any more: the listener would stay.
          look.abort();
        }
        if (performance.now() - saidAt > quietMs) {
          saidAt = performance.now();
          yield null;
        }
      }
    },
  };
}
