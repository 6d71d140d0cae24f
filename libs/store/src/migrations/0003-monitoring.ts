/**
 * Events with all that a probe tells, incidents made of them, who has an address when, flows between pods, and the
 * accounting of everything that was seen. What grows with time is partitioned by day (UTC), so that retention drops
 * tables instead of deleting rows; partitions.ts makes the days to come.
 */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { ensurePartitions } from '../partitions.ts';

const statements = [
  sql`alter table events rename to events_before`,
  sql`alter index events_time rename to events_before_time`,
  sql`alter index events_node rename to events_before_node`,
  sql`alter index events_pod rename to events_before_pod`,
  sql`alter index events_pkey rename to events_before_pkey`,

  // A sequence and no identity column: on a partitioned table that needs PostgreSQL 17.
  sql`create sequence event_positions`,
  sql`create table events (
    id text not null,
    cluster text not null,
    node text not null,
    netns bigint not null,
    pod_namespace text,
    pod_name text,
    workload text,
    kind text not null,
    count bigint not null,
    one_in integer,
    window_start timestamptz not null,
    window_end timestamptz not null,
    received_at timestamptz not null default now(),
    probe text,
    reason text,
    function text,
    hook text,
    direction text,
    protocol smallint,
    source text,
    source_port integer,
    destination text,
    destination_port integer,
    peer text,
    peer_address text,
    bytes bigint,
    details json,
    samples json,
    incident_id text,
    position bigint not null default nextval('event_positions'),
    xact xid8 not null default pg_current_xact_id(),
    primary key (window_end, id)
  ) partition by range (window_end)`,
  sql`alter sequence event_positions owned by events.position`,
  // What came too late or from a wrong clock.
  sql`create table events_default partition of events default`,
  sql`create index events_position on events (position)`,
  sql`create index events_node on events (cluster, node, window_end desc)`,
  sql`create index events_pod on events (cluster, pod_namespace, pod_name, window_end desc)`,
  sql`create index events_incident on events (incident_id, window_end desc)`,

  sql`create sequence incident_positions`,
  sql`create table incidents (
    id text primary key,
    cluster text not null,
    key text not null,
    kind text not null,
    workload text not null,
    peer text not null,
    direction text,
    reason text,
    function text,
    hook text,
    probe text,
    severity text not null check (severity in ('info','warning','critical')),
    state text not null check (state in ('open','quiet','resolved')),
    state_since timestamptz not null,
    opened_at timestamptz not null,
    resolved_at timestamptz,
    reopened integer not null default 0,
    count bigint not null,
    estimated bigint not null,
    events bigint not null,
    bytes bigint not null default 0,
    first_seen timestamptz not null,
    last_seen timestamptz not null,
    nodes json not null,
    pods json not null,
    samples json not null,
    peers bigint not null default 1,
    peers_sketch bytea,
    diagnosis_id text,
    diagnosis_state text,
    verdict json,
    asked_at timestamptz,
    position bigint not null default nextval('incident_positions'),
    xact xid8 not null default pg_current_xact_id()
  )`,
  sql`alter sequence incident_positions owned by incidents.position`,
  sql`create unique index incidents_key on incidents (cluster, key)`,
  sql`create index incidents_last_seen on incidents (last_seen desc, id desc)`,
  sql`create index incidents_position on incidents (position)`,
  // The sweeper looks at what is not resolved: few rows, whatever the table's size.
  sql`create index incidents_open on incidents (last_seen) where state <> 'resolved'`,
  sql`create index incidents_workload on incidents (cluster, workload, last_seen desc)`,
  // How many peers of a workload, kind and cause have an incident of their own: the others share one.
  sql`create table incident_groups (
    cluster text not null,
    key text not null,
    peers integer not null,
    primary key (cluster, key)
  )`,

  sql`create table addresses (
    cluster text not null,
    address text not null,
    since timestamptz not null,
    until timestamptz,
    kind text not null,
    namespace text,
    name text not null,
    workload text,
    node text,
    primary key (cluster, address, since, kind, name)
  )`,
  sql`create index addresses_object on addresses (cluster, namespace, name)`,
  sql`create index addresses_until on addresses (until) where until is not null`,

  sql`create table flows (
    bucket timestamptz not null,
    cluster text not null,
    node text not null,
    reporter text not null,
    source text not null,
    source_workload text,
    destination text not null,
    destination_workload text,
    protocol smallint not null,
    port integer not null,
    bytes bigint not null,
    packets bigint not null,
    connections bigint not null,
    primary key (bucket, cluster, node, reporter, source, destination, protocol, port)
  ) partition by range (bucket)`,
  sql`create table flows_default partition of flows default`,

  sql`create table accounting (
    minute timestamptz not null,
    cluster text not null,
    node text not null,
    probe text not null,
    seen bigint not null default 0,
    filtered bigint not null default 0,
    sampled_away bigint not null default 0,
    aggregated bigint not null default 0,
    lost_kernel bigint not null default 0,
    missed bigint not null default 0,
    lost_sidecar bigint not null default 0,
    elsewhere bigint not null default 0,
    reported bigint not null default 0,
    lost_spool bigint not null default 0,
    lost_bus bigint not null default 0,
    dead_letter bigint not null default 0,
    duplicate bigint not null default 0,
    stored bigint not null default 0,
    rows bigint not null default 0,
    batches bigint not null default 0,
    primary key (minute, cluster, node, probe)
  ) partition by range (minute)`,
  sql`create table accounting_default partition of accounting default`,
  // Of each start of an agent: which batches have come, and its newest counters.
  sql`create table batch_ledger (
    cluster text not null,
    node text not null,
    epoch text not null,
    seqs int8multirange not null,
    told_seq bigint not null default 0,
    told json,
    judged_seq bigint not null default 0,
    first_at timestamptz not null default now(),
    last_at timestamptz not null default now(),
    primary key (cluster, node, epoch)
  ) with (fillfactor = 70)`,

  sql`alter table agents
    add probes json,
    add watch text,
    add details json,
    add last_batch_at timestamptz`,
];

const moveRows = [
  sql`insert into events (id, cluster, node, netns, pod_namespace, pod_name, kind, count, window_start, window_end, received_at)
    select id, cluster, node, netns, pod_namespace, pod_name, kind, count, window_start, window_end, received_at
    from events_before order by received_at, id`,
  sql`drop table events_before`,
];

export const monitoring: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
    await ensurePartitions(db, new Date());
    for (const statement of moveRows) await statement.execute(db);
  },
  async down(db: Kysely<unknown>): Promise<void> {
    const back = [
      sql`alter table agents drop probes, drop watch, drop details, drop last_batch_at`,
      sql`drop table batch_ledger, accounting, flows, addresses, incident_groups, incidents`,
      sql`create table events_before (
        id text primary key, cluster text not null, node text not null, netns bigint not null, pod_namespace text,
        pod_name text, kind text not null, count bigint not null, window_start timestamptz not null,
        window_end timestamptz not null, received_at timestamptz not null default now())`,
      sql`insert into events_before
        select id, cluster, node, netns, pod_namespace, pod_name, kind, count, window_start, window_end, received_at
        from events on conflict do nothing`,
      sql`drop table events`,
      sql`alter table events_before rename to events`,
      sql`alter index events_before_pkey rename to events_pkey`,
      sql`create index events_time on events (window_end desc, id desc)`,
      sql`create index events_node on events (cluster, node, window_end desc)`,
      sql`create index events_pod on events (cluster, pod_namespace, pod_name, window_end desc)`,
    ];
    for (const statement of back) await statement.execute(db);
  },
};
