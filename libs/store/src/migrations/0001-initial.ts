/** Diagnoses with their progress and webhook deliveries (written by api), events and agents (written by eventproc). */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const statements = [
  sql`create table diagnoses (
    id text primary key,
    cluster text not null,
    status text not null check (status in ('accepted','resolving','collecting','simulating','completed','failed')),
    rank smallint not null,
    message text not null,
    request json not null,
    request_hash text not null,
    token_id text not null,
    idempotency_key text,
    source text not null,
    destination text not null,
    attempt integer not null,
    accepted_at timestamptz not null,
    updated_at timestamptz not null,
    deadline_at timestamptz not null,
    last_published_at timestamptz,
    next_publish_at timestamptz not null,
    finished_at timestamptz,
    outcome text,
    snapshot_digest text,
    result json,
    problem json,
    timing json,
    callback_url text,
    traceparent text,
    rerun_of text
  )`,
  sql`create unique index diagnoses_idempotency on diagnoses (token_id, idempotency_key) where idempotency_key is not null`,
  // The sweeper looks at what is not finished: always few rows, whatever the table's size.
  sql`create index diagnoses_open on diagnoses (next_publish_at) where rank < 4`,
  sql`create index diagnoses_cluster on diagnoses (cluster, id desc)`,
  sql`create index diagnoses_outcome on diagnoses (outcome, id desc)`,
  sql`create index diagnoses_source on diagnoses (source text_pattern_ops)`,
  sql`create index diagnoses_destination on diagnoses (destination text_pattern_ops)`,
  sql`create index diagnoses_accepted on diagnoses (accepted_at)`,
  sql`create table progress (
    seq bigint generated always as identity primary key,
    diagnosis_id text not null references diagnoses (id) on delete cascade,
    key text not null,
    attempt integer not null,
    stage text not null,
    message text not null,
    at timestamptz not null
  )`,
  sql`create index progress_diagnosis on progress (diagnosis_id, seq)`,
  // Every replica hears every progress message: the first that stores it wins.
  sql`create unique index progress_once on progress (diagnosis_id, key)`,
  sql`create table webhook_deliveries (
    id text primary key,
    diagnosis_id text not null references diagnoses (id) on delete cascade,
    url text not null,
    state text not null check (state in ('pending','delivered','failed')),
    attempts integer not null default 0,
    last_status integer,
    last_error text,
    created_at timestamptz not null,
    next_attempt_at timestamptz not null,
    finished_at timestamptz
  )`,
  sql`create index webhook_deliveries_diagnosis on webhook_deliveries (diagnosis_id)`,
  sql`create index webhook_deliveries_pending on webhook_deliveries (next_attempt_at) where state = 'pending'`,
  sql`create table events (
    id text primary key,
    cluster text not null,
    node text not null,
    netns bigint not null,
    pod_namespace text,
    pod_name text,
    kind text not null,
    count bigint not null,
    window_start timestamptz not null,
    window_end timestamptz not null,
    received_at timestamptz not null default now()
  )`,
  sql`create index events_time on events (window_end desc, id desc)`,
  sql`create index events_node on events (cluster, node, window_end desc)`,
  sql`create index events_pod on events (cluster, pod_namespace, pod_name, window_end desc)`,
  sql`create table agents (
    cluster text not null,
    node text not null,
    epoch text not null,
    version text not null,
    kernel text not null,
    last_seq bigint not null,
    capabilities jsonb not null,
    first_seen timestamptz not null,
    last_seen timestamptz not null,
    primary key (cluster, node)
  )`,
];

export const initial: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
  async down(db: Kysely<unknown>): Promise<void> {
    for (const table of ['agents', 'events', 'webhook_deliveries', 'progress', 'diagnoses'])
      await db.schema.dropTable(table).execute();
  },
};
