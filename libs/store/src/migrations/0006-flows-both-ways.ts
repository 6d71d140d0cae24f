/** Flows tell what went each way, and what was sent again. */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const flowsBothWays: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table flows add bytes_back bigint not null default 0, add packets_back bigint not null default 0,
      add retransmitted bigint not null default 0`.execute(db);
  },
  async down(db: Kysely<unknown>): Promise<void> {
    await sql`alter table flows drop bytes_back, drop packets_back, drop retransmitted`.execute(db);
  },
};
