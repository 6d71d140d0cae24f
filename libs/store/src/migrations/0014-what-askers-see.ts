/** What who asked may see of the answer: a callback says no more than that. */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const whatAskersSee: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table diagnoses add column visible_namespaces text[], add column names_given boolean not null default true`.execute(
      db,
    );
  },
  async down(db: Kysely<unknown>): Promise<void> {
    await sql`alter table diagnoses drop column visible_namespaces, drop column names_given`.execute(db);
  },
};
