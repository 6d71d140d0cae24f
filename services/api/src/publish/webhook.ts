/** One attempt of a webhook delivery, written into its row; says when the next one is due. */
import type { WebhookMessage } from '@netverdict/contracts';
import type { Store } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import type { CallbackPolicy } from '../domain/callback-policy.ts';
import { document } from '../domain/document.ts';
import { sign } from '../domain/signature.ts';
import { postCallback } from './post-callback.ts';

/** Waits after the first, second… failed attempt. */
export const RETRY_WAITS_MS: readonly number[] = [
  5_000, 30_000, 120_000, 600_000, 1_800_000, 7_200_000, 21_600_000, 43_200_000,
];

export interface NextAttempt {
  readonly attempt: number;
  readonly delayMs: number;
}

/** @returns the next attempt, or null when none will follow. */
export type Deliver = (deliveryId: string, attempt: number) => Promise<NextAttempt | null>;

export interface DeliverSettings {
  /** Key of the signature (signature.ts). */
  readonly secret: Buffer;
  readonly policy: CallbackPolicy;
  readonly retryWaitsMs: readonly number[];
}

export function createDeliver(
  store: Pick<Store, 'diagnoses' | 'webhooks'>,
  settings: DeliverSettings,
  log: Log,
): Deliver {
  return async (deliveryId, attempt) => {
    const delivery = await store.webhooks.get(deliveryId);
    // A job of another attempt, or one that came twice.
    if (delivery?.state !== 'pending' || delivery.attempts !== attempt) return null;
    const row = await store.diagnoses.get(delivery.diagnosis_id);
    if (!row) return null;
    const message: WebhookMessage = {
      type: row.status === 'completed' ? 'diagnosis.completed' : 'diagnosis.failed',
      timestamp: (row.finished_at ?? row.updated_at).toISOString(),
      data: document(row),
    };
    const body = JSON.stringify(message);
    const headers = { ...sign(settings.secret, deliveryId, new Date(), body) };
    const { status, error, final } = await postCallback(delivery.url, body, headers, settings.policy);
    const waitMs = error === null || final ? null : (settings.retryWaitsMs[attempt] ?? null);
    await store.webhooks.record({ id: deliveryId, status, error: error?.slice(0, 500) ?? null, retryInMs: waitMs });
    log.info({ deliveryId, diagnosisId: row.id, attempt: attempt + 1, status, error, waitMs }, 'webhook attempted');
    return waitMs === null ? null : { attempt: attempt + 1, delayMs: waitMs };
  };
}
