/**
 * Schedules: a question asked again and again. When the next run is due stands here, so that whoever wakes (a job of any replica, twice or
 * late) begins it once. The end of a run is compared with the answer before it in the transaction that ends it.
 */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const statements = [
  sql`create table schedules (
    id text primary key,
    name text not null,
    cluster text not null,
    namespaces text[] not null,
    request json not null,
    source text not null,
    destination text not null,
    every_ms integer,
    cron text,
    time_zone text,
    callback_url text,
    token_id text not null,
    visible_namespaces text[],
    idempotency_key text,
    request_hash text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    paused_at timestamptz,
    paused_reason text,
    next_due_at timestamptz not null,
    running text,
    runs integer not null default 0,
    missed integer not null default 0,
    changes integer not null default 0,
    failures integer not null default 0,
    answer_key text,
    answer json,
    check ((every_ms is null) <> (cron is null))
  )`,
  sql`create unique index schedules_idempotency on schedules (token_id, idempotency_key) where idempotency_key is not null`,
  sql`create index schedules_due on schedules (next_due_at) where paused_at is null`,
  sql`create table schedule_runs (
    seq bigint generated always as identity primary key,
    schedule_id text not null references schedules (id) on delete cascade,
    state text not null check (state in ('running','completed','failed','missed')),
    due_at timestamptz,
    until timestamptz,
    missed integer not null default 0,
    reason text,
    diagnosis_id text,
    started_at timestamptz not null default now(),
    ended_at timestamptz,
    outcome text,
    deciding json,
    problem json,
    changed boolean not null default false
  )`,
  sql`create index schedule_runs_schedule on schedule_runs (schedule_id, seq)`,
  sql`create index schedule_runs_changed on schedule_runs (schedule_id, seq) where changed`,
  sql`create index schedule_runs_started on schedule_runs (started_at)`,
  sql`create unique index schedule_runs_diagnosis on schedule_runs (diagnosis_id) where diagnosis_id is not null`,

  // An answer is a verdict, or a failure that says something of the question (then deciding names it). What failed for want of
  // an answer is kept as a run and changes nothing.
  sql`create function netverdict_scheduled_ended() returns trigger language plpgsql as $$
    declare
      s schedules;
      new_key text := coalesce(new.outcome, 'failed') || ' ' || coalesce(new.deciding::text, '');
      answered boolean := new.outcome is not null or new.deciding is not null;
      is_change boolean;
      now_answered json;
      told json;
    begin
      select * into s from schedules where id = new.schedule_id for update;
      if not found then return null; end if;
      is_change := answered and s.answer_key is not null and s.answer_key <> new_key;
      update schedule_runs r set state = new.status, ended_at = now(), outcome = new.outcome, deciding = new.deciding,
        problem = new.problem, changed = is_change where r.diagnosis_id = new.id;
      now_answered := json_build_object('outcome', coalesce(new.outcome, 'failed'), 'deciding',
        coalesce(new.deciding, '[]'::json), 'diagnosisId', new.id, 'since', now());
      update schedules set
        running = case when running = new.id then null else running end,
        failures = case when answered then 0 else failures + 1 end,
        changes = changes + is_change::int,
        answer = case when answered and answer_key is distinct from new_key then now_answered else answer end,
        answer_key = case when answered then new_key else answer_key end
        where id = s.id;
      perform pg_notify('netverdict_background', s.id);
      if not is_change then return null; end if;
      told := json_build_object('schedule', s.id, 'name', s.name, 'cluster', s.cluster, 'request', s.request,
        'before', s.answer, 'after', now_answered);
      perform netverdict_tell_webhooks('verdict.changed', s.cluster, s.namespaces, new.outcome, null, null, null, null, told);
      if s.callback_url is not null then
        insert into webhook_deliveries (id, event_type, cluster, data, url, state, created_at, next_attempt_at)
        values ('msg_' || gen_random_uuid(), 'verdict.changed', s.cluster,
          (told::jsonb || jsonb_build_object('visibleNamespaces', s.visible_namespaces))::json, s.callback_url, 'pending', now(), now());
      end if;
      return null;
    end $$`,
  sql`create trigger diagnoses_scheduled_ended after update on diagnoses for each row
    when (new.schedule_id is not null and new.rank = 4 and old.rank < 4) execute function netverdict_scheduled_ended()`,
];

const back = [
  sql`drop trigger diagnoses_scheduled_ended on diagnoses`,
  sql`drop function netverdict_scheduled_ended`,
  sql`drop table schedule_runs`,
  sql`drop table schedules`,
  sql`delete from webhook_deliveries where event_type = 'verdict.changed'`,
];

export const schedules: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
  async down(db: Kysely<unknown>): Promise<void> {
    for (const statement of back) await statement.execute(db);
  },
};
