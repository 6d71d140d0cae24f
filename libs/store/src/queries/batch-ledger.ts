/** Which batches of each start of an agent have come, and what it told of itself. Written and read by eventproc, under the row's lock. */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

export interface AgentStart {
  readonly cluster: string;
  readonly node: string;
  readonly epoch: string;
}

export interface LedgerRow<T> extends AgentStart {
  /** null: nothing has been written down yet. */
  readonly told: T | null;
  readonly firstAt: string;
  readonly lastAt: string;
}

export interface LedgerEntry<T> extends AgentStart {
  readonly told: T;
  /** Inclusive ranges of the batches that have come. */
  readonly seqs: readonly { readonly from: number; readonly to: number }[];
  /** Of an epoch that is over: the last batch that was known of. */
  readonly judgedSeq: number;
}

/** `T` is what eventproc writes down; the store looks only at the ranges. */
export interface BatchLedgerQueries {
  /** Within a transaction: the rows are there and locked, in the order of their keys. */
  lock<T>(starts: readonly AgentStart[]): Promise<readonly LedgerRow<T>[]>;
  write<T>(entries: readonly LedgerEntry<T>[]): Promise<void>;
  /** Starts with a hole between their batches, and those that another start of their node has followed `endedMs` ago. */
  suspects(endedMs: number, limit: number): Promise<readonly (AgentStart & { readonly over: boolean })[]>;
  forget(before: string): Promise<number>;
}

interface Row<T> {
  readonly cluster: string;
  readonly node: string;
  readonly epoch: string;
  readonly told: T | null;
  readonly first_at: Date;
  readonly last_at: Date;
}

const placeOf = ({ cluster, node, epoch }: AgentStart): string => [cluster, node, epoch].join('\0');
const multirange = (seqs: LedgerEntry<unknown>['seqs']): string =>
  `{${seqs.map(({ from, to }) => `[${from},${to + 1})`).join(',')}}`;

export function batchLedgerQueries(db: Kysely<Database>): BatchLedgerQueries {
  return {
    async lock<T>(starts: readonly AgentStart[]) {
      const sorted = [...new Map(starts.map((start) => [placeOf(start), start]))]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, start]) => start);
      const keys = sql`select * from unnest(${sorted.map((s) => s.cluster)}::text[], ${sorted.map((s) => s.node)}::text[],
        ${sorted.map((s) => s.epoch)}::text[]) as k (cluster, node, epoch)`;
      const locked = () =>
        sql<Row<T>>`select l.cluster, l.node, l.epoch, told, first_at, last_at from batch_ledger l
        join (${keys}) k using (cluster, node, epoch)
        order by l.cluster collate "C", l.node collate "C", l.epoch collate "C" for update of l`.execute(db);
      let { rows } = await locked();
      if (rows.length < sorted.length) {
        await sql`insert into batch_ledger (cluster, node, epoch, seqs) select cluster, node, epoch, '{}' from (${keys}) k
          on conflict do nothing`.execute(db);
        ({ rows } = await locked());
      }
      if (rows.length < sorted.length) throw new Error('a row of the ledger went away while it was locked');
      return rows.map(({ first_at, last_at, ...row }) => ({
        ...row,
        firstAt: first_at.toISOString(),
        lastAt: last_at.toISOString(),
      }));
    },

    async write(entries) {
      const rows = entries.map(({ cluster, node, epoch, told, seqs, judgedSeq }) => ({
        cluster,
        node,
        epoch,
        told,
        seqs: multirange(seqs),
        judged_seq: judgedSeq,
      }));
      if (rows.length === 0) return;
      await sql`update batch_ledger l set told = r.told, seqs = r.seqs, judged_seq = r.judged_seq, last_at = now()
        from json_populate_recordset(null::batch_ledger, ${JSON.stringify(rows)}::json) r
        where l.cluster = r.cluster and l.node = r.node and l.epoch = r.epoch`.execute(db);
    },

    async suspects(endedMs, limit) {
      const { rows } = await sql<AgentStart & { readonly over: boolean }>`select * from (
          select cluster, node, epoch, last_at, lower(seqs) > 1 or seqs <> range_merge(seqs)::int8multirange as holes,
            judged_seq = 0 and exists (select from batch_ledger n where n.cluster = l.cluster and n.node = l.node
              and n.first_at > l.first_at and greatest(n.first_at, l.last_at) < now() - make_interval(secs => ${endedMs / 1000}::double precision)) as over
          from batch_ledger l
        ) suspects where holes or over order by last_at limit ${limit}`.execute(db);
      return rows.map(({ cluster, node, epoch, over }) => ({ cluster, node, epoch, over }));
    },

    async forget(before) {
      const result = await db.deleteFrom('batch_ledger').where('last_at', '<', new Date(before)).executeTakeFirst();
      return Number(result.numDeletedRows);
    },
  };
}
