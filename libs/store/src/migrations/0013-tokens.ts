/** API tokens, and the log of every write. */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const statements = [
  sql`create table api_tokens (
    id text primary key,
    name text not null,
    hash text not null unique,
    role text not null check (role in ('viewer','operator','admin')),
    clusters text[],
    namespaces text[],
    created_at timestamptz not null default now(),
    created_by text not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    last_used_at timestamptz
  )`,
  sql`create table audit_log (
    seq bigint generated always as identity primary key,
    at timestamptz not null default now(),
    token_id text not null,
    token_name text,
    method text not null,
    path text not null,
    status integer,
    created text,
    remote_address text not null,
    request_id text not null
  )`,
  sql`create index audit_log_token on audit_log (token_id, seq)`,
  sql`create index audit_log_at on audit_log (at)`,
];

export const tokens: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
  async down(db: Kysely<unknown>): Promise<void> {
    for (const table of ['audit_log', 'api_tokens']) await db.schema.dropTable(table).execute();
  },
};
