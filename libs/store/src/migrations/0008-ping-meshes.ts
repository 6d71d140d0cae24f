/** Ping meshes: between which ends, how often, and what each round found. */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const statements = [
  sql`create table ping_meshes (
    id text primary key,
    cluster text not null,
    request json not null,
    every_ms bigint,
    token_id text not null,
    created_at timestamptz not null default now()
  )`,
  sql`create index ping_meshes_scheduled on ping_meshes (id) where every_ms is not null`,
  sql`create table ping_rounds (
    seq bigint generated always as identity primary key,
    mesh_id text not null references ping_meshes (id) on delete cascade,
    started_at timestamptz not null default now(),
    ended_at timestamptz,
    result json,
    problem text
  )`,
  sql`create index ping_rounds_mesh on ping_rounds (mesh_id, seq desc)`,
  sql`create index ping_rounds_started on ping_rounds (started_at)`,
];

export const pingMeshes: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
  async down(db: Kysely<unknown>): Promise<void> {
    for (const table of ['ping_rounds', 'ping_meshes']) await db.schema.dropTable(table).execute();
  },
};
