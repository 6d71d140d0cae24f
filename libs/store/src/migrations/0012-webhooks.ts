/**
 * Registered webhooks. What is to be told is recorded by the database itself, in the transaction that ends a diagnosis or changes an
 * incident, so that no writer can forget it and nothing is told that did not happen.
 */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const statements = [
  sql`create table webhooks (
    id text primary key,
    url text not null,
    description text not null,
    event_types text[] not null,
    clusters text[],
    namespaces text[],
    outcomes text[],
    severities text[],
    kinds text[],
    enabled boolean not null default true,
    disabled_reason text,
    secret text not null,
    previous_secret text,
    previous_until timestamptz,
    token_id text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  )`,
  sql`create table webhook_endpoints (
    key text primary key,
    concurrency integer not null default 4,
    failures integer not null default 0,
    open_until timestamptz
  )`,
  sql`alter table webhook_deliveries
    alter column diagnosis_id drop not null,
    add column seq bigint generated always as identity,
    add column webhook_id text,
    add column endpoint text not null default '',
    add column event_type text,
    add column cluster text,
    add column incident_id text,
    add column data json,
    add column attempts_before integer not null default 0,
    add column give_up_at timestamptz not null default now() + interval '2 days',
    add column claimed_until timestamptz`,
  sql`update webhook_deliveries w set event_type = 'diagnosis.' || d.status, cluster = d.cluster from diagnoses d
    where d.id = w.diagnosis_id`,
  sql`update webhook_deliveries set endpoint = coalesce(lower(substring(url from '^[A-Za-z]+://[^/?#]+')), url)`,
  sql`insert into webhook_endpoints (key) select distinct endpoint from webhook_deliveries`,
  sql`drop index webhook_deliveries_pending`,
  sql`create index webhook_deliveries_due on webhook_deliveries (endpoint, next_attempt_at) where state = 'pending'`,
  sql`create index webhook_deliveries_given_up on webhook_deliveries (give_up_at) where state = 'pending'`,
  sql`create index webhook_deliveries_claimed on webhook_deliveries (endpoint) where claimed_until is not null`,
  sql`create unique index webhook_deliveries_seq on webhook_deliveries (seq)`,
  sql`create index webhook_deliveries_webhook on webhook_deliveries (webhook_id, seq) where webhook_id is not null`,
  sql`create index webhook_deliveries_dead on webhook_deliveries (seq) where state = 'failed'`,
  sql`create index webhook_deliveries_finished on webhook_deliveries (finished_at)`,
  sql`create table webhook_attempts (
    seq bigint generated always as identity primary key,
    delivery_id text not null references webhook_deliveries (id) on delete cascade,
    attempt integer not null,
    at timestamptz not null default now(),
    duration_ms integer not null,
    status integer,
    error text
  )`,
  sql`create index webhook_attempts_delivery on webhook_attempts (delivery_id, seq)`,

  // Whoever adds a delivery (also a previous version of the api): it has its endpoint, and the replicas hear of it with the commit.
  sql`create function netverdict_delivery_added() returns trigger language plpgsql as $$
    begin
      if new.endpoint = '' then
        new.endpoint := coalesce(new.webhook_id, lower(substring(new.url from '^[A-Za-z]+://[^/?#]+')), new.url);
      end if;
      insert into webhook_endpoints (key) values (new.endpoint) on conflict do nothing;
      perform pg_notify('netverdict_webhooks', '');
      return new;
    end $$`,
  sql`create trigger webhook_deliveries_added before insert on webhook_deliveries
    for each row execute function netverdict_delivery_added()`,

  // One delivery for each webhook that wants it. A condition on what an event does not have (null) does not keep it back.
  sql`create function netverdict_tell_webhooks(event text, of_cluster text, of_namespaces text[], of_outcome text,
      of_severity text, of_kind text, of_diagnosis text, of_incident text, told json) returns void language sql as $$
    insert into webhook_deliveries (id, webhook_id, event_type, cluster, diagnosis_id, incident_id, data, url, state,
      created_at, next_attempt_at)
    select 'msg_' || gen_random_uuid(), w.id, event, of_cluster, of_diagnosis, of_incident, told, w.url, 'pending', now(), now()
    from webhooks w
    where w.enabled and event = any(w.event_types)
      and (w.clusters is null or of_cluster = any(w.clusters))
      and (w.namespaces is null or w.namespaces && of_namespaces)
      and (w.outcomes is null or of_outcome is null or of_outcome = any(w.outcomes))
      and (w.severities is null or of_severity is null or of_severity = any(w.severities))
      and (w.kinds is null or of_kind is null or of_kind = any(w.kinds))
  $$`,

  sql`create function netverdict_diagnosis_ended() returns trigger language plpgsql as $$
    begin
      if not exists (select from webhooks) then return null; end if;
      perform netverdict_tell_webhooks('diagnosis.' || new.status, new.cluster,
        array(select n from (values
          (split_part(new.request->'source'->>'pod', '/', 1)),
          (split_part(new.request->'source'->>'workload', '/', 2)),
          (split_part(new.request->'destination'->>'pod', '/', 1)),
          (split_part(new.request->'destination'->>'workload', '/', 2)),
          (split_part(new.request->'destination'->>'service', '/', 1))) as named (n) where n <> ''),
        new.outcome, null, null, new.id, null, null);
      return null;
    end $$`,
  sql`create trigger diagnoses_ended after update on diagnoses for each row
    when (new.rank = 4 and old.rank < 4) execute function netverdict_diagnosis_ended()`,

  sql`create function netverdict_incident_changed() returns trigger language plpgsql as $$
    declare
      shown incidents;
      event text;
    begin
      if not exists (select from webhooks) then return null; end if;
      event := case
        when tg_op = 'INSERT' or (old.state = 'resolved' and new.state <> 'resolved') then 'incident.opened'
        when new.state = 'resolved' and old.state <> 'resolved' then 'incident.resolved'
        else 'incident.changed' end;
      shown := new;
      shown.peers_sketch := null;
      perform netverdict_tell_webhooks(event, new.cluster,
        array(select split_part(pod, '/', 1) from json_array_elements_text(new.pods) as pod
          union select split_part(name, '/', 2) from unnest(array[new.workload, new.peer]) as name
            where name like '%/%/%' and name not like '% → %'),
        null, new.severity, new.kind, null, new.id, row_to_json(shown));
      return null;
    end $$`,
  sql`create trigger incidents_opened after insert on incidents
    for each row execute function netverdict_incident_changed()`,
  sql`create trigger incidents_changed after update on incidents for each row
    when (old.state is distinct from new.state or old.severity is distinct from new.severity
      or coalesce(old.verdict::text, 'null') <> coalesce(new.verdict::text, 'null'))
    execute function netverdict_incident_changed()`,
];

const back = [
  sql`drop trigger incidents_changed on incidents`,
  sql`drop trigger incidents_opened on incidents`,
  sql`drop function netverdict_incident_changed`,
  sql`drop trigger diagnoses_ended on diagnoses`,
  sql`drop function netverdict_diagnosis_ended`,
  sql`drop function netverdict_tell_webhooks`,
  sql`drop trigger webhook_deliveries_added on webhook_deliveries`,
  sql`drop function netverdict_delivery_added`,
  sql`drop table webhook_attempts`,
  sql`delete from webhook_deliveries where diagnosis_id is null`,
  sql`alter table webhook_deliveries alter column diagnosis_id set not null, drop column seq, drop column webhook_id,
    drop column endpoint, drop column event_type, drop column cluster, drop column incident_id, drop column data,
    drop column attempts_before, drop column give_up_at, drop column claimed_until`,
  sql`create index webhook_deliveries_pending on webhook_deliveries (next_attempt_at) where state = 'pending'`,
  sql`drop index webhook_deliveries_finished`,
  sql`drop table webhook_endpoints`,
  sql`drop table webhooks`,
];

export const webhooks: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
  async down(db: Kysely<unknown>): Promise<void> {
    for (const statement of back) await statement.execute(db);
  },
};
