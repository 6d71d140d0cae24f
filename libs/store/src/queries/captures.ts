/** Packet captures. Written and read by api; an end is final, whoever tells it. */
import type { CaptureStatus } from '@netverdict/contracts';
import { type Insertable, type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../schema.ts';
import type { CaptureState, CapturesTable } from '../schema-captures.ts';

export type CaptureRow = Selectable<CapturesTable>;
export type NewCapture = Omit<
  Insertable<CapturesTable>,
  'state' | 'reason' | 'status' | 'created_at' | 'updated_at' | 'ended_at'
>;

export interface CaptureFilter {
  readonly cluster?: string;
  readonly state?: CaptureState;
  /** Below this id, newest first. */
  readonly before?: string;
  readonly limit: number;
}

export interface CaptureQueries {
  add(capture: NewCapture): Promise<void>;
  get(id: string): Promise<CaptureRow | null>;
  list(filter: CaptureFilter): Promise<readonly CaptureRow[]>;
  /** The agent's word; of one that has ended it changes nothing. */
  report(status: CaptureStatus): Promise<void>;
  fail(id: string, reason: string): Promise<void>;
  /** Those that have not ended, and for how long nothing new was heard of them. */
  open(limit: number): Promise<readonly (CaptureRow & { readonly silent_ms: number })[]>;
  endedBefore(instant: Date, limit: number): Promise<readonly CaptureRow[]>;
  remove(id: string): Promise<void>;
}

const OPEN: readonly CaptureState[] = ['starting', 'running'];

export function captureQueries(db: Kysely<Database>): CaptureQueries {
  return {
    async add(capture) {
      await db
        .insertInto('captures')
        .values({ ...capture, state: 'starting' })
        .execute();
    },
    async get(id) {
      return (await db.selectFrom('captures').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
    },
    async list({ cluster, state, before, limit }) {
      let query = db.selectFrom('captures').selectAll();
      if (cluster !== undefined) query = query.where('cluster', '=', cluster);
      if (state !== undefined) query = query.where('state', '=', state);
      if (before !== undefined) query = query.where('id', '<', before);
      return await query.orderBy('id', 'desc').limit(limit).execute();
    },
    async report(status) {
      const text = JSON.stringify(status);
      await sql`update captures set state = ${status.state}, reason = ${status.reason}, status = ${text},
        updated_at = now(), ended_at = case when ${status.state} = 'running' then null else now() end
        where id = ${status.captureId} and state in ('starting','running')
          and status::text is distinct from ${text}`.execute(db);
    },
    async fail(id, reason) {
      await db
        .updateTable('captures')
        .set({ state: 'failed', reason, ended_at: new Date() })
        .where('id', '=', id)
        .where('state', 'in', OPEN)
        .execute();
    },
    async open(limit) {
      return await db
        .selectFrom('captures')
        .selectAll()
        .select(sql<number>`extract(epoch from now() - updated_at)::double precision * 1000`.as('silent_ms'))
        .where('state', 'in', OPEN)
        .orderBy('updated_at')
        .limit(limit)
        .execute();
    },
    async endedBefore(instant, limit) {
      return await db.selectFrom('captures').selectAll().where('ended_at', '<', instant).limit(limit).execute();
    },
    async remove(id) {
      await db.deleteFrom('captures').where('id', '=', id).execute();
    },
  };
}
