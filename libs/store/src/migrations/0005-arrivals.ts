/**
 * For those who follow events and incidents as they arrive: an index in the order in which they may be read (queries/arrivals.ts),
 * and a word to whoever listens, sent by the database itself, so that no writer can forget it.
 */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

const statements = [
  sql`drop index events_position`,
  sql`create index events_arrival on events (xact, position)`,
  sql`drop index incidents_position`,
  sql`create index incidents_arrival on incidents (xact, position)`,
  // Within a transaction the same notification is sent once, with its commit.
  sql`create function netverdict_tell_arrival() returns trigger language plpgsql as $$
    begin
      perform pg_notify('netverdict_arrival', tg_table_name);
      return null;
    end $$`,
  sql`create trigger events_tell after insert on events for each statement execute function netverdict_tell_arrival()`,
  sql`create trigger incidents_tell after insert or update on incidents
    for each statement execute function netverdict_tell_arrival()`,
];

const back = [
  sql`drop trigger incidents_tell on incidents`,
  sql`drop trigger events_tell on events`,
  sql`drop function netverdict_tell_arrival`,
  sql`drop index incidents_arrival`,
  sql`create index incidents_position on incidents (position)`,
  sql`drop index events_arrival`,
  sql`create index events_position on events (position)`,
];

export const arrivals: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await statement.execute(db);
  },
  async down(db: Kysely<unknown>): Promise<void> {
    for (const statement of back) await statement.execute(db);
  },
};
