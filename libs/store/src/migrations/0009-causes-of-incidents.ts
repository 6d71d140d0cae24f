/**
 * An incident has one cause. What the kernel tells (`key`) is counted into one row at a time, the current one; a row whose cause was another
 * stays as it was, with its own first and last seen.
 */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const statements = [
  sql`alter table incidents
    add current boolean not null default true,
    add cause text,
    add cause_found_at timestamptz,
    add cause_ended_at timestamptz,
    add confirmed integer not null default 0`,
  // A NUL, which json may hold, is none that text can.
  sql`update incidents set cause = verdict ->> 'cause', cause_found_at = asked_at
    where case when diagnosis_state = 'explained' and verdict::text not like '%\\u0000%' then verdict ->> 'cause' is not null else false end`,
  sql`drop index incidents_key`,
  sql`create unique index incidents_key on incidents (cluster, key) where current`,
  // Causes hold raw lines, which may be longer than an index takes.
  sql`create unique index incidents_cause on incidents (cluster, key, md5(cause)) where cause is not null`,
  // Who shares an end with whom (ClaimRules.checkMs).
  sql`create index incidents_open_peer on incidents (cluster, peer) where state = 'open'`,
  sql`create index incidents_ended on incidents (cluster, md5(cause)) where cause_ended_at is not null`,
  // When was asked: an incident that is asked about again, merged or removed would be counted once or never.
  sql`create table incident_questions (cluster text not null, asked_at timestamptz not null default now())`,
];

const back = [
  sql`drop table incident_questions`,
  sql`drop index incidents_ended, incidents_open_peer, incidents_cause, incidents_key`,
  sql`delete from incidents where not current`,
  sql`create unique index incidents_key on incidents (cluster, key)`,
  sql`alter table incidents drop current, drop cause, drop cause_found_at, drop cause_ended_at, drop confirmed`,
];

export const causesOfIncidents: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
  async down(db: Kysely<unknown>): Promise<void> {
    for (const statement of back) await statement.execute(db);
  },
};
