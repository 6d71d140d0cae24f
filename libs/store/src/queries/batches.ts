/** Batches and their flows: accepted whole, begun by and by, cancelled. What ended is counted by triggers (migration 0015). */
import type { Deciding, DiagnosisRequest } from '@netverdict/contracts';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../schema.ts';
import type { BatchFlowState, DiagnosisBatchesTable } from '../schema-batches.ts';
import { roomInBackground } from './background.ts';
import { type DiagnosisRow, diagnosisQueries, type NewDiagnosis } from './diagnoses.ts';

export type BatchRow = Selectable<DiagnosisBatchesTable>;

export interface BatchFlowRow {
  readonly n: number;
  readonly state: BatchFlowState;
  readonly request: DiagnosisRequest;
  readonly source: string;
  readonly destination: string;
  readonly diagnosis_id: string | null;
  readonly outcome: string | null;
  /** Of its diagnosis, where that is there. */
  readonly message: string | null;
  readonly deciding: readonly Deciding[] | null;
}

export interface NewBatch {
  readonly id: string;
  readonly cluster: string;
  readonly namespaces: readonly string[];
  readonly description: string;
  readonly tokenId: string;
  readonly visibleNamespaces: readonly string[] | null;
  readonly idempotencyKey: string | null;
  readonly requestHash: string;
  readonly callbackUrl: string | null;
  readonly flows: readonly {
    readonly request: DiagnosisRequest;
    readonly source: string;
    readonly destination: string;
  }[];
}

/** A flow whose turn has come. */
export interface FlowInTurn {
  readonly batch_id: string;
  readonly n: number;
  readonly token_id: string;
  readonly visible_namespaces: readonly string[] | null;
  readonly cluster: string;
  readonly request: DiagnosisRequest;
  readonly source: string;
  readonly destination: string;
}

export interface BatchQueries {
  /** created false: the idempotency key was known, and `row` is the batch that it made. */
  add(batch: NewBatch): Promise<{ readonly row: BatchRow; readonly created: boolean }>;
  get(id: string): Promise<BatchRow | null>;
  /** Newest first. */
  list(filter: {
    readonly tokenId?: string;
    readonly before?: string;
    readonly limit: number;
  }): Promise<readonly BatchRow[]>;
  /** In their order, after the n-th. */
  flows(
    id: string,
    of: {
      readonly after: number;
      readonly limit: number;
      readonly state?: BatchFlowState;
      readonly outcome?: string;
    },
  ): Promise<readonly BatchFlowRow[]>;
  /** What waits is not begun any more. null: there is no such batch. */
  cancel(id: string): Promise<BatchRow | null>;
  /**
   * Begins what the limit leaves room for, over all replicas: one flow of each token in turn, and of a token's batches the oldest first.
   * The rows are to be published; who dies before is followed by the sweeper.
   */
  begin(limit: number, make: (flow: FlowInTurn) => NewDiagnosis): Promise<readonly DiagnosisRow[]>;
  deleteFinishedBefore(instant: Date): Promise<void>;
}

export function batchQueries(db: Kysely<Database>): BatchQueries {
  const get = async (id: string): Promise<BatchRow | null> =>
    (await db.selectFrom('diagnosis_batches').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;

  return {
    get,
    async add({ flows, ...b }) {
      return await db.transaction().execute(async (tx) => {
        const row = await tx
          .insertInto('diagnosis_batches')
          .values({
            ...{ id: b.id, cluster: b.cluster, namespaces: [...b.namespaces], description: b.description },
            ...{ visible_namespaces: b.visibleNamespaces && [...b.visibleNamespaces] },
            ...{ token_id: b.tokenId, idempotency_key: b.idempotencyKey, request_hash: b.requestHash },
            ...{ callback_url: b.callbackUrl, flows: flows.length, waiting: flows.length },
          })
          .onConflict((conflict) =>
            conflict.columns(['token_id', 'idempotency_key']).where('idempotency_key', 'is not', null).doNothing(),
          )
          .returningAll()
          .executeTakeFirst();
        if (row === undefined) {
          const known = tx.selectFrom('diagnosis_batches').selectAll().where('token_id', '=', b.tokenId);
          const of = known.where('idempotency_key', '=', b.idempotencyKey);
          return { row: await of.executeTakeFirstOrThrow(), created: false };
        }
        await sql`insert into diagnosis_batch_flows (batch_id, n, state, request, source, destination)
          select ${b.id}, place - 1, 'waiting', request::json, source, destination
          from unnest(${flows.map(({ request }) => JSON.stringify(request))}::text[],
            ${flows.map(({ source }) => source)}::text[], ${flows.map(({ destination }) => destination)}::text[])
            with ordinality as f (request, source, destination, place)`.execute(tx);
        return { row, created: true };
      });
    },

    async list({ tokenId, before, limit }) {
      let query = db.selectFrom('diagnosis_batches').selectAll();
      if (tokenId !== undefined) query = query.where('token_id', '=', tokenId);
      if (before !== undefined) query = query.where('id', '<', before);
      return await query.orderBy('id', 'desc').limit(limit).execute();
    },

    async flows(id, { after, limit, state, outcome }) {
      let query = db
        .selectFrom('diagnosis_batch_flows as f')
        .leftJoin('diagnoses as d', 'd.id', 'f.diagnosis_id')
        .select(['f.n', 'f.state', 'f.request', 'f.source', 'f.destination', 'f.diagnosis_id', 'f.outcome'])
        .select(['d.message', 'd.deciding'])
        .where('f.batch_id', '=', id)
        .where('f.n', '>', after);
      if (state !== undefined) query = query.where('f.state', '=', state);
      if (outcome !== undefined) query = query.where('f.outcome', '=', outcome);
      return await query.orderBy('f.n').limit(limit).execute();
    },

    async cancel(id) {
      await db.transaction().execute(async (tx) => {
        // The same lock as of begin: nothing is begun meanwhile.
        await roomInBackground(tx, 0);
        const { rows } = await sql<{ cancelled: number }>`with gone as (
            update diagnosis_batch_flows set state = 'cancelled' where batch_id = ${id} and state = 'waiting' returning n
          ) select count(*)::int as cancelled from gone`.execute(tx);
        await sql`update diagnosis_batches set waiting = 0, cancelled = cancelled + ${rows[0]?.cancelled ?? 0},
            cancelled_at = now(), version = version + 1, finished_at = case when running = 0 then now() end
          where id = ${id} and finished_at is null and cancelled_at is null`.execute(tx);
      });
      return await get(id);
    },

    async begin(limit, make) {
      return await db.transaction().execute(async (tx) => {
        const room = await roomInBackground(tx, limit);
        if (room === 0) return [];
        const { rows: chosen } = await sql<FlowInTurn>`
          select batch_id, n, token_id, visible_namespaces, cluster, request, source, destination from (
            select f.*, b.token_id, b.visible_namespaces, b.cluster, row_number() over (partition by b.token_id order by b.id, f.n) as turn
            from diagnosis_batches b cross join lateral (
              select * from diagnosis_batch_flows where batch_id = b.id and state = 'waiting' order by n limit ${room}
            ) f where b.waiting > 0
          ) waiting order by turn, batch_id limit ${room}`.execute(tx);
        const diagnoses = diagnosisQueries(tx);
        const begun: DiagnosisRow[] = [];
        for (const flow of chosen) {
          const { row } = await diagnoses.accept(make(flow));
          await sql`update diagnosis_batch_flows set state = 'running', diagnosis_id = ${row.id}
            where batch_id = ${flow.batch_id} and n = ${flow.n}`.execute(tx);
          begun.push(row);
        }
        const of = Map.groupBy(chosen, (flow) => flow.batch_id);
        for (const [id, { length }] of [...of].sort(([a], [b]) => (a < b ? -1 : 1)))
          await sql`update diagnosis_batches set waiting = waiting - ${length}, running = running + ${length},
            version = version + 1 where id = ${id}`.execute(tx);
        return begun;
      });
    },

    async deleteFinishedBefore(instant) {
      await db.deleteFrom('diagnosis_batches').where('finished_at', '<', instant).execute();
    },
  };
}
