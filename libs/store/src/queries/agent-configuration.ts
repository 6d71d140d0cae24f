/** What agents' probes are to do. Written and read by api; rows are only ever added. */
import type { ProbeSettingsByName } from '@netverdict/contracts';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

/** The newest change of one node, or of all (null). */
export interface ConfiguredNode {
  readonly node: string | null;
  readonly version: number;
  readonly probes: ProbeSettingsByName;
}

export interface ConfigurationChange {
  readonly version: number;
  /** null: all. */
  readonly nodes: readonly string[] | null;
  readonly probes: ProbeSettingsByName;
  readonly changedAt: string;
  readonly changedBy: string;
  readonly reason: string | null;
}

export interface AgentConfigurationQueries {
  current(cluster: string): Promise<readonly ConfiguredNode[]>;
  /** @returns the new version, or the one in force where it is not `ifVersion`, and whether it was changed */
  change(
    change: Omit<ConfigurationChange, 'version' | 'changedAt'> & {
      readonly cluster: string;
      readonly ifVersion: number | null;
    },
  ): Promise<{ readonly version: number; readonly changed: boolean }>;
  /** Newest first. */
  history(filter: {
    readonly cluster: string;
    readonly before: number | null;
    readonly limit: number;
  }): Promise<readonly ConfigurationChange[]>;
}

/** The node of a change for all: no node has it as a name. */
const ALL = '';

export function agentConfigurationQueries(db: Kysely<Database>): AgentConfigurationQueries {
  return {
    async current(cluster) {
      const rows = await db
        .selectFrom('agent_configuration')
        .distinctOn('node')
        .select(['node', 'version', 'probes'])
        .where('cluster', '=', cluster)
        .orderBy('node')
        .orderBy('version', 'desc')
        .execute();
      return rows.map(({ node, version, probes }) => ({ node: node === ALL ? null : node, version, probes }));
    },

    change({ cluster, nodes, probes, changedBy, reason, ifVersion }) {
      return db.transaction().execute(async (tx) => {
        // One change of a cluster at a time, so that versions have no holes and none is given twice.
        await sql`select pg_advisory_xact_lock(hashtextextended(${`agent-configuration/${cluster}`}, 0))`.execute(tx);
        const newest = await tx
          .selectFrom('agent_configuration')
          .select(({ fn }) => fn.max('version').as('version'))
          .where('cluster', '=', cluster)
          .executeTakeFirst();
        const before = Number(newest?.version ?? 0);
        if (ifVersion !== null && ifVersion !== before) return { version: before, changed: false };
        const version = before + 1;
        await tx
          .insertInto('agent_configuration')
          .values(
            (nodes ?? [ALL]).map((node) => ({
              cluster,
              version,
              node,
              probes: JSON.stringify(probes),
              changed_by: changedBy,
              reason,
            })),
          )
          .execute();
        return { version, changed: true };
      });
    },

    async history({ cluster, before, limit }) {
      let query = db
        .selectFrom('agent_configuration')
        .select(({ fn }) => [
          'version',
          'changed_at',
          'changed_by',
          'reason',
          fn.agg<string[]>('array_agg', ['node']).as('nodes'),
          sql<ProbeSettingsByName>`(array_agg(probes))[1]`.as('probes'),
        ])
        .where('cluster', '=', cluster)
        .groupBy(['version', 'changed_at', 'changed_by', 'reason']);
      if (before !== null) query = query.where('version', '<', before);
      const rows = await query.orderBy('version', 'desc').limit(limit).execute();
      return rows.map((row) => ({
        version: row.version,
        nodes: row.nodes.includes(ALL) ? null : [...row.nodes].sort(),
        probes: row.probes,
        changedAt: row.changed_at.toISOString(),
        changedBy: row.changed_by,
        reason: row.reason,
      }));
    },
  };
}
