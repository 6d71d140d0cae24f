/**
 * Batches: many questions in one request, begun at the pace that the limit of background diagnoses allows. Each flow becomes an ordinary
 * diagnosis; its end is counted in the transaction that ends it, so that no writer can forget it and the last one tells `batch.completed`.
 */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const statements = [
  sql`alter table diagnoses add column batch_id text, add column schedule_id text, add column deciding json`,
  // What is open without somebody waiting for it: always few rows.
  sql`create index diagnoses_background on diagnoses (id)
    where rank < 4 and (batch_id is not null or schedule_id is not null)`,
  sql`create index diagnoses_batch on diagnoses (batch_id, id desc) where batch_id is not null`,
  sql`create index diagnoses_schedule on diagnoses (schedule_id, id desc) where schedule_id is not null`,
  sql`create table diagnosis_batches (
    id text primary key,
    cluster text not null,
    namespaces text[] not null,
    description text not null,
    token_id text not null,
    visible_namespaces text[],
    idempotency_key text,
    request_hash text not null,
    callback_url text,
    flows integer not null,
    waiting integer not null,
    running integer not null default 0,
    reachable integer not null default 0,
    unreachable integer not null default 0,
    partially_reachable integer not null default 0,
    undetermined integer not null default 0,
    failed integer not null default 0,
    cancelled integer not null default 0,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    cancelled_at timestamptz,
    finished_at timestamptz
  )`,
  sql`create unique index diagnosis_batches_idempotency on diagnosis_batches (token_id, idempotency_key)
    where idempotency_key is not null`,
  sql`create index diagnosis_batches_waiting on diagnosis_batches (id) where waiting > 0`,
  sql`create index diagnosis_batches_finished on diagnosis_batches (finished_at)`,
  sql`create table diagnosis_batch_flows (
    batch_id text not null references diagnosis_batches (id) on delete cascade,
    n integer not null,
    state text not null check (state in ('waiting','running','completed','failed','cancelled')),
    request json not null,
    source text not null,
    destination text not null,
    diagnosis_id text,
    outcome text,
    primary key (batch_id, n)
  )`,
  sql`create index diagnosis_batch_flows_waiting on diagnosis_batch_flows (batch_id, n) where state = 'waiting'`,
  sql`create unique index diagnosis_batch_flows_diagnosis on diagnosis_batch_flows (diagnosis_id)
    where diagnosis_id is not null`,

  sql`create function netverdict_batch_flow_ended() returns trigger language plpgsql as $$
    begin
      update diagnosis_batch_flows set state = new.status, outcome = new.outcome
        where diagnosis_id = new.id and state = 'running';
      if not found then return null; end if;
      update diagnosis_batches set
        running = running - 1,
        reachable = reachable + (new.outcome is not distinct from 'reachable')::int,
        unreachable = unreachable + (new.outcome is not distinct from 'unreachable')::int,
        partially_reachable = partially_reachable + (new.outcome is not distinct from 'partially-reachable')::int,
        undetermined = undetermined + (new.outcome is not distinct from 'undetermined')::int,
        failed = failed + (new.status = 'failed')::int,
        version = version + 1,
        finished_at = case when waiting = 0 and running = 1 then now() end
        where id = new.batch_id;
      return null;
    end $$`,
  sql`create trigger diagnoses_of_batch_ended after update on diagnoses for each row
    when (new.batch_id is not null and new.rank = 4 and old.rank < 4) execute function netverdict_batch_flow_ended()`,

  // Whoever changed it: those who follow it look, those who begin flows see the room.
  sql`create function netverdict_batch_changed() returns trigger language plpgsql as $$
    begin
      perform pg_notify('netverdict_background', new.id);
      if new.finished_at is null or old.finished_at is not null then return null; end if;
      perform netverdict_tell_webhooks('batch.completed', new.cluster, new.namespaces, null, null, null, null, null,
        json_build_object('batch', new.id));
      if new.callback_url is not null then
        insert into webhook_deliveries (id, event_type, cluster, data, url, state, created_at, next_attempt_at)
        values ('msg_' || gen_random_uuid(), 'batch.completed', new.cluster, json_build_object('batch', new.id),
          new.callback_url, 'pending', now(), now());
      end if;
      return null;
    end $$`,
  sql`create trigger diagnosis_batches_changed after update on diagnosis_batches
    for each row execute function netverdict_batch_changed()`,
];

const back = [
  sql`drop trigger diagnoses_of_batch_ended on diagnoses`,
  sql`drop function netverdict_batch_flow_ended`,
  sql`drop table diagnosis_batch_flows`,
  sql`drop table diagnosis_batches`,
  sql`drop function netverdict_batch_changed`,
  sql`delete from webhook_deliveries where event_type = 'batch.completed'`,
  sql`alter table diagnoses drop column batch_id, drop column schedule_id, drop column deciding`,
];

export const batches: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
  async down(db: Kysely<unknown>): Promise<void> {
    for (const statement of back) await statement.execute(db);
  },
};
