/** The agents that have been heard of. Written by eventproc from heartbeats, read by api. */
import type { ProbeReport } from '@netverdict/contracts';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

export interface AgentHeard {
  readonly cluster: string;
  readonly node: string;
  readonly epoch: string;
  readonly version: string;
  readonly kernel: string;
  readonly lastSeq: number;
  readonly capabilities: readonly string[];
  /** RFC 3339, our clock. */
  readonly lastSeen: string;
  readonly probes?: readonly ProbeReport[];
  /** Why there are no probes. */
  readonly watch?: string;
  /** Its budget and configuration, as it tells them, and how far its clock is ahead of ours. */
  readonly details?: unknown;
}

export interface StoredAgent extends AgentHeard {
  readonly firstSeen: string;
  /** When the last of its batches was stored; null: none has come. */
  readonly lastBatchAt: string | null;
}

export interface AgentFilter {
  readonly cluster?: string;
  readonly node?: string;
  /** Continue after this one. */
  readonly after?: { readonly cluster: string; readonly node: string };
  /** All when absent. */
  readonly limit?: number;
}

export interface AgentQueries {
  /** One statement for all of them; an older `lastSeen` than the stored one changes nothing. */
  upsert(agents: readonly AgentHeard[]): Promise<void>;
  /** A batch of it has been stored. An agent that is not known yet will be by its heartbeat. */
  batchStored(cluster: string, node: string): Promise<void>;
  /** Ordered by cluster and node. */
  list(filter: AgentFilter): Promise<readonly StoredAgent[]>;
}

export function agentQueries(db: Kysely<Database>): AgentQueries {
  return {
    async upsert(agents) {
      // One row a key: PostgreSQL refuses to update a row twice in one statement.
      const newest = new Map<string, AgentHeard>();
      for (const agent of agents) {
        const key = `${agent.cluster}\0${agent.node}`;
        const known = newest.get(key);
        if (!known || known.lastSeen <= agent.lastSeen) newest.set(key, agent);
      }
      if (newest.size === 0) return;
      await db
        .insertInto('agents')
        .values(
          // In one order, so that two replicas never wait for each other.
          [...newest]
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([, agent]) => ({
              cluster: agent.cluster,
              node: agent.node,
              epoch: agent.epoch,
              version: agent.version,
              kernel: agent.kernel,
              last_seq: agent.lastSeq,
              capabilities: JSON.stringify(agent.capabilities),
              first_seen: agent.lastSeen,
              last_seen: agent.lastSeen,
              probes: agent.probes ? JSON.stringify(agent.probes) : null,
              watch: agent.watch ?? null,
              details: agent.details === undefined ? null : JSON.stringify(agent.details),
            })),
        )
        .onConflict((conflict) =>
          conflict
            .columns(['cluster', 'node'])
            .doUpdateSet({
              epoch: sql`excluded.epoch`,
              version: sql`excluded.version`,
              kernel: sql`excluded.kernel`,
              last_seq: sql`excluded.last_seq`,
              capabilities: sql`excluded.capabilities`,
              last_seen: sql`excluded.last_seen`,
              probes: sql`excluded.probes`,
              watch: sql`excluded.watch`,
              details: sql`excluded.details`,
            })
            .where('agents.last_seen', '<=', sql<Date>`excluded.last_seen`),
        )
        .execute();
    },

    async batchStored(cluster, node) {
      // Once in five seconds is enough to know, and locks the row less.
      await sql`update agents set last_batch_at = now() where cluster = ${cluster} and node = ${node}
        and (last_batch_at is null or last_batch_at < now() - interval '5 seconds')`.execute(db);
    },

    async list(filter) {
      let query = db.selectFrom('agents').selectAll();
      if (filter.cluster !== undefined) query = query.where('cluster', '=', filter.cluster);
      if (filter.node !== undefined) query = query.where('node', '=', filter.node);
      if (filter.after !== undefined) {
        const { cluster, node } = filter.after;
        query = query.where(({ eb, refTuple, tuple }) => eb(refTuple('cluster', 'node'), '>', tuple(cluster, node)));
      }
      if (filter.limit !== undefined) query = query.limit(filter.limit);
      const rows = await query.orderBy('cluster').orderBy('node').execute();
      return rows.map((row) => ({
        cluster: row.cluster,
        node: row.node,
        epoch: row.epoch,
        version: row.version,
        kernel: row.kernel,
        lastSeq: row.last_seq,
        capabilities: row.capabilities,
        firstSeen: row.first_seen.toISOString(),
        lastSeen: row.last_seen.toISOString(),
        lastBatchAt: row.last_batch_at?.toISOString() ?? null,
        ...(row.probes === null ? {} : { probes: row.probes }),
        ...(row.watch === null ? {} : { watch: row.watch }),
        ...(row.details === null ? {} : { details: row.details }),
      }));
    },
  };
}
