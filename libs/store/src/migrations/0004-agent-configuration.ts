/** What the agents' probes are configured to, as the list of its changes: the newest of each node counts, the others are the record. */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const agentConfiguration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table agent_configuration (
      cluster text not null,
      version bigint not null check (version > 0),
      node text not null,
      probes json not null,
      changed_at timestamptz not null default now(),
      changed_by text not null,
      reason text,
      primary key (cluster, version, node)
    )`.execute(db);
    await sql`create index agent_configuration_newest on agent_configuration (cluster, node, version desc)`.execute(db);
  },
  async down(db: Kysely<unknown>): Promise<void> {
    await sql`drop table agent_configuration`.execute(db);
  },
};
