/** One attempt of a webhook delivery, claimed before and written into its row; says when the next one is due. */
import type { Claimed, Store } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import { sign } from '../domain/signature.ts';
import { type Attempted, afterAttempt, type RetrySettings } from '../domain/webhooks/after-attempt.ts';
import { messageOf } from '../domain/webhooks/message.ts';
import type { Sealing } from '../domain/webhooks/secrets.ts';
import { type Posted, type PostSettings, postCallback } from './post-callback.ts';

export interface Delivered {
  /** Whose deliveries may go on now. */
  readonly endpoint: string;
  /** null: none will follow. */
  readonly next: { readonly attempt: number; readonly delayMs: number } | null;
}

/** @returns null when it was not this attempt's time, or somebody else's. */
export type Deliver = (deliveryId: string, attempt: number) => Promise<Delivered | null>;

export interface DeliverSettings extends PostSettings, RetrySettings {
  /** Keys that sign to callbackUrls, the newest first. */
  readonly secrets: readonly Buffer[];
  readonly sealing: Sealing;
}

/** Written down by then, or its maker is dead. */
const LEASE_SLACK_MS = 5_000;

const unsent = (error: string): Posted => ({ status: null, error, refused: true, retryAfterMs: null, durationMs: 0 });

/** The newest first; empty: none can be read. */
function keysOf(webhook: NonNullable<Claimed['webhook']>, sealing: Sealing, now: Date): Buffer[] {
  const former = webhook.previous_until !== null && webhook.previous_until > now ? webhook.previous_secret : null;
  return [webhook.secret, ...(former === null ? [] : [former])].flatMap(
    (sealed) => sealing.open(sealed, webhook.id) ?? [],
  );
}

export function createDeliver(
  store: Pick<Store, 'diagnoses' | 'deliveries' | 'batches'>,
  settings: DeliverSettings,
  log: Log,
): Deliver {
  async function post({ delivery, webhook }: Claimed): Promise<Posted> {
    if (delivery.webhook_id !== null && webhook === null) return unsent('its webhook was removed');
    if (webhook?.enabled === false && delivery.event_type !== 'webhook.ping')
      return unsent(`not sent: ${webhook.disabled_reason ?? 'the webhook is switched off'}`);
    const now = new Date();
    const keys = webhook === null ? settings.secrets : keysOf(webhook, settings.sealing, now);
    if (keys.length === 0) return unsent("its secret cannot be read: the server's own has changed. Rotate it.");
    const message = await messageOf(delivery, store);
    if (message === null) return unsent('what it would tell of was removed');
    const body = JSON.stringify(message);
    const headers = { ...sign(keys, delivery.id, now, body) };
    return postCallback(webhook?.url ?? delivery.url, body, headers, settings);
  }

  return async (deliveryId, attempt) => {
    const claimed = await store.deliveries.claim(deliveryId, attempt, {
      leaseMs: settings.timeoutMs + LEASE_SLACK_MS,
      trustedBelow: settings.trustedBelow,
    });
    if (claimed === null) return null;
    const { delivery } = claimed;
    const { durationMs, ...posted } = await post(claimed);
    const attempted: Attempted = { ...posted, error: posted.error?.slice(0, 500) ?? null };
    const failedBefore = attempt - delivery.attempts_before;
    const after = afterAttempt(attempted, failedBefore, settings, Math.random());
    // Of a ping somebody sees the outcome.
    const retryInMs = delivery.event_type === 'webhook.ping' ? null : after.retryInMs;
    await store.deliveries.record({ ...after, id: deliveryId, attempt, durationMs, ...attempted, retryInMs });
    const { status, error } = attempted;
    log.info(
      {
        deliveryId,
        webhookId: delivery.webhook_id,
        diagnosisId: delivery.diagnosis_id,
        incidentId: delivery.incident_id,
        attempt: attempt + 1,
        status,
        error,
        durationMs,
        retryInMs,
      },
      'webhook attempted',
    );
    return {
      endpoint: delivery.endpoint,
      next: retryInMs === null ? null : { attempt: attempt + 1, delayMs: retryInMs },
    };
  };
}
