/** Packet captures: what was asked for, and how far the agent said it is. The packets are in the object store. */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const statements = [
  sql`create table captures (
    id text primary key,
    cluster text not null,
    node text not null,
    target text not null,
    pod_namespace text,
    pod_name text,
    interface text,
    filter text not null,
    snap_length integer not null,
    duration_ms integer not null,
    most_bytes bigint not null,
    files integer not null,
    token_id text not null,
    state text not null check (state in ('starting','running','completed','failed')),
    reason text,
    status json,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    ended_at timestamptz
  )`,
  // The sweeper looks at what runs: few rows, whatever the table's size.
  sql`create index captures_open on captures (updated_at) where state in ('starting','running')`,
  sql`create index captures_ended on captures (ended_at)`,
  sql`create index captures_cluster on captures (cluster, id desc)`,
];

export const captures: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
  async down(db: Kysely<unknown>): Promise<void> {
    await db.schema.dropTable('captures').execute();
  },
};
