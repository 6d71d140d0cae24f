/** The tables of webhooks as Kysely sees them. Deliveries are also made by triggers (migration 0012). */
import type { WebhookEventType } from '@netverdict/contracts';
import type { Generated } from 'kysely';
import type { Instant, NullableInstant, NullableJson } from './columns.ts';

/** Who asked to be told. Of a null condition everything is told. */
export interface WebhooksTable {
  id: string;
  url: string;
  description: string;
  event_types: WebhookEventType[];
  clusters: string[] | null;
  namespaces: string[] | null;
  outcomes: string[] | null;
  severities: string[] | null;
  kinds: string[] | null;
  enabled: boolean;
  /** Why it is switched off, when nobody asked for that. */
  disabled_reason: string | null;
  /** Sealed: whoever reads the table cannot sign. */
  secret: string;
  /** Signs too until then. */
  previous_secret: string | null;
  previous_until: NullableInstant;
  token_id: string;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

/** `failed` is a dead letter: nothing further happens by itself. */
export type DeliveryState = 'pending' | 'delivered' | 'failed';

export interface WebhookDeliveriesTable {
  id: string;
  /** Order in which they were recorded. */
  seq: Generated<number>;
  /** null: to the callbackUrl of a diagnosis. */
  webhook_id: string | null;
  /** Key of webhook_endpoints: the webhook, or the origin of a callbackUrl. */
  endpoint: Generated<string>;
  /** null: recorded by a previous version for a callbackUrl. */
  event_type: WebhookEventType | null;
  cluster: string | null;
  diagnosis_id: string | null;
  incident_id: string | null;
  /** What is told, as it was then; null where it cannot change any more: an ended diagnosis. */
  data: NullableJson<unknown>;
  url: string;
  state: DeliveryState;
  attempts: Generated<number>;
  /** Attempts before it was last asked for by hand: the waits begin anew there. */
  attempts_before: Generated<number>;
  last_status: number | null;
  last_error: string | null;
  created_at: Instant;
  next_attempt_at: Instant;
  give_up_at: Generated<Date>;
  /** Somebody makes an attempt, and is dead if it goes on for longer. */
  claimed_until: NullableInstant;
  finished_at: NullableInstant;
}

export interface WebhookAttemptsTable {
  seq: Generated<number>;
  delivery_id: string;
  attempt: number;
  at: Generated<Date>;
  duration_ms: number;
  status: number | null;
  error: string | null;
}

/** How it goes with a receiver, over all its deliveries and our replicas. */
export interface WebhookEndpointsTable {
  key: string;
  /** Attempts at the same time. */
  concurrency: Generated<number>;
  /** One after the other without an answer that shows a working receiver. */
  failures: Generated<number>;
  /** No attempts until then. */
  open_until: NullableInstant;
}
