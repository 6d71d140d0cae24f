/**
 * Schedules and their runs. A run is begun under the lock of its schedule's row, which says when the next one is due: jobs may come twice,
 * late or at two replicas. The end of a run is written by a trigger (migration 0016).
 */
import type { DiagnosisRequest } from '@netverdict/contracts';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../schema.ts';
import type { ScheduleRunsTable, SchedulesTable } from '../schema-schedules.ts';
import { roomInBackground } from './background.ts';
import { type DiagnosisRow, diagnosisQueries, type NewDiagnosis } from './diagnoses.ts';

export type ScheduleRow = Selectable<SchedulesTable>;
export type ScheduleRunRow = Selectable<ScheduleRunsTable>;

export interface NewSchedule {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  readonly namespaces: readonly string[];
  readonly request: DiagnosisRequest;
  readonly source: string;
  readonly destination: string;
  readonly everyMs: number | null;
  readonly cron: string | null;
  readonly timeZone: string | null;
  readonly callbackUrl: string | null;
  readonly tokenId: string;
  readonly visibleNamespaces: readonly string[] | null;
  readonly idempotencyKey: string | null;
  readonly requestHash: string;
  readonly nextDueAt: Date;
  readonly paused: boolean;
}

export type ScheduleChange = Partial<
  Pick<
    ScheduleRow,
    'name' | 'every_ms' | 'cron' | 'time_zone' | 'callback_url' | 'next_due_at' | 'paused_at' | 'paused_reason'
  >
>;

/** What the time says of a schedule. */
export interface DueRuns {
  /** The run to begin; null: none is due. */
  readonly due: Date | null;
  /** Those before it that were not begun. */
  readonly missed: { readonly count: number; readonly first: Date; readonly last: Date } | null;
  readonly next: Date;
}

export type Begun =
  | { readonly kind: 'begun'; readonly row: DiagnosisRow }
  /** The one before is still under way. */
  | { readonly kind: 'running'; readonly diagnosisId: string }
  | { readonly kind: 'not-due' }
  | { readonly kind: 'no-room' }
  | { readonly kind: 'gone' };

export interface ScheduleQueries {
  /** created false: the idempotency key was known. null: there are as many as there may be. */
  add(schedule: NewSchedule, most: number): Promise<{ readonly row: ScheduleRow; readonly created: boolean } | null>;
  get(id: string): Promise<ScheduleRow | null>;
  /** Newest first. */
  list(filter: {
    readonly tokenId?: string;
    readonly before?: string;
    readonly limit: number;
  }): Promise<readonly ScheduleRow[]>;
  /** Those that are not paused. */
  active(): Promise<readonly ScheduleRow[]>;
  change(id: string, change: ScheduleChange): Promise<ScheduleRow | null>;
  remove(id: string): Promise<boolean>;
  /** Newest first. */
  runs(
    id: string,
    of: { readonly before?: number; readonly limit: number; readonly changed?: boolean },
  ): Promise<readonly ScheduleRunRow[]>;
  /** Due for so long, and not begun: whoever should have done it was away. */
  overdue(graceMs: number, limit: number): Promise<readonly string[]>;
  /** The run that is due, if there is one and room for it. */
  beginDue(
    id: string,
    of: {
      readonly limit: number;
      readonly plan: (row: ScheduleRow, now: Date) => DueRuns;
      readonly make: (row: ScheduleRow) => NewDiagnosis;
    },
  ): Promise<Begun>;
  /** A run that somebody asks for, whatever the time and the limit. */
  beginNow(id: string, make: (row: ScheduleRow) => NewDiagnosis): Promise<Begun>;
  deleteRunsBefore(instant: Date): Promise<void>;
}

/** Of adding one. */
const LOCK = 0x6e76_7363;
const MISSED = {
  running: 'the run before it had not ended',
  late: 'it was not begun in time: no server was there, or too many others were due',
} as const;

export function scheduleQueries(db: Kysely<Database>): ScheduleQueries {
  const get = async (id: string): Promise<ScheduleRow | null> =>
    (await db.selectFrom('schedules').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
  /** With the database's clock: replicas' clocks differ. */
  const locked = async (tx: Kysely<Database>, id: string): Promise<(ScheduleRow & { now: Date }) | null> =>
    (await tx
      .selectFrom('schedules')
      .selectAll()
      .select(sql<Date>`clock_timestamp()`.as('now'))
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst()) ?? null;

  async function missed(
    tx: Kysely<Database>,
    id: string,
    { count, first, last }: NonNullable<DueRuns['missed']>,
    reason: string,
  ): Promise<void> {
    await tx
      .insertInto('schedule_runs')
      .values({
        schedule_id: id,
        state: 'missed',
        due_at: first,
        until: last,
        missed: count,
        reason,
        ended_at: new Date(),
      })
      .execute();
    await sql`update schedules set missed = missed + ${count} where id = ${id}`.execute(tx);
  }

  async function begun(
    tx: Kysely<Database>,
    diagnosis: NewDiagnosis,
    row: ScheduleRow,
    due: Date | null,
  ): Promise<Begun> {
    const { row: started } = await diagnosisQueries(tx).accept(diagnosis);
    await tx
      .insertInto('schedule_runs')
      .values({ schedule_id: row.id, state: 'running', due_at: due, diagnosis_id: started.id, reason: null })
      .execute();
    await sql`update schedules set running = ${started.id}, runs = runs + 1 where id = ${row.id}`.execute(tx);
    return { kind: 'begun', row: started };
  }

  return {
    get,
    async add(s, most) {
      return await db.transaction().execute(async (tx) => {
        const known = async (): Promise<ScheduleRow | undefined> =>
          s.idempotencyKey === null
            ? undefined
            : await tx
                .selectFrom('schedules')
                .selectAll()
                .where('token_id', '=', s.tokenId)
                .where('idempotency_key', '=', s.idempotencyKey)
                .executeTakeFirst();
        // Adding is rare: one after the other, so that the most is never passed and a key makes one.
        await sql`select pg_advisory_xact_lock(${sql.raw(String(LOCK))})`.execute(tx);
        const before = await known();
        if (before !== undefined) return { row: before, created: false };
        const { rows } = await sql<{ n: number }>`select count(*)::int as n from schedules`.execute(tx);
        if ((rows[0]?.n ?? 0) >= most) return null;
        const row = await tx
          .insertInto('schedules')
          .values({
            ...{ id: s.id, name: s.name, cluster: s.cluster, namespaces: [...s.namespaces] },
            ...{ request: JSON.stringify(s.request), source: s.source, destination: s.destination },
            ...{ every_ms: s.everyMs, cron: s.cron, time_zone: s.timeZone, callback_url: s.callbackUrl },
            ...{ visible_namespaces: s.visibleNamespaces && [...s.visibleNamespaces] },
            ...{ token_id: s.tokenId, idempotency_key: s.idempotencyKey, request_hash: s.requestHash },
            ...{ next_due_at: s.nextDueAt, paused_at: s.paused ? new Date() : null },
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        return { row, created: true };
      });
    },

    async list({ tokenId, before, limit }) {
      let query = db.selectFrom('schedules').selectAll();
      if (tokenId !== undefined) query = query.where('token_id', '=', tokenId);
      if (before !== undefined) query = query.where('id', '<', before);
      return await query.orderBy('id', 'desc').limit(limit).execute();
    },

    async active() {
      return await db.selectFrom('schedules').selectAll().where('paused_at', 'is', null).execute();
    },

    async change(id, change) {
      const query = db
        .updateTable('schedules')
        .set({ ...change, updated_at: new Date() })
        .where('id', '=', id);
      return (await query.returningAll().executeTakeFirst()) ?? null;
    },

    async remove(id) {
      const { numDeletedRows } = await db.deleteFrom('schedules').where('id', '=', id).executeTakeFirst();
      return numDeletedRows > 0n;
    },

    async runs(id, { before, limit, changed }) {
      let query = db.selectFrom('schedule_runs').selectAll().where('schedule_id', '=', id);
      if (before !== undefined) query = query.where('seq', '<', before);
      if (changed !== undefined) query = query.where('changed', '=', changed);
      return await query.orderBy('seq', 'desc').limit(limit).execute();
    },

    async overdue(graceMs, limit) {
      const { rows } = await sql<{ id: string }>`select id from schedules where paused_at is null
        and next_due_at <= clock_timestamp() - make_interval(secs => ${graceMs / 1000}::double precision)
        order by next_due_at limit ${limit}`.execute(db);
      return rows.map(({ id }) => id);
    },

    async beginDue(id, { limit, plan, make }) {
      return await db.transaction().execute(async (tx): Promise<Begun> => {
        const row = await locked(tx, id);
        if (row === null) return { kind: 'gone' };
        if (row.paused_at !== null) return { kind: 'not-due' };
        const { rows: revoked } = await sql`select from api_tokens where id = ${row.token_id}
          and revoked_at is not null`.execute(tx);
        if (revoked.length > 0) {
          await sql`update schedules set paused_at = now(), paused_reason = 'the token that made it was revoked'
            where id = ${id}`.execute(tx);
          return { kind: 'not-due' };
        }
        const { due, missed: before, next } = plan(row, row.now);
        if (due === null) return { kind: 'not-due' };
        if (row.running === null && (await roomInBackground(tx, limit)) === 0) return { kind: 'no-room' };
        await sql`update schedules set next_due_at = ${next} where id = ${id}`.execute(tx);
        if (row.running !== null) {
          const all =
            before === null ? { count: 1, first: due, last: due } : { ...before, count: before.count + 1, last: due };
          await missed(tx, id, all, MISSED.running);
          return { kind: 'running', diagnosisId: row.running };
        }
        if (before !== null) await missed(tx, id, before, MISSED.late);
        return await begun(tx, make(row), row, due);
      });
    },

    async beginNow(id, make) {
      return await db.transaction().execute(async (tx): Promise<Begun> => {
        const row = await locked(tx, id);
        if (row === null) return { kind: 'gone' };
        if (row.running !== null) return { kind: 'running', diagnosisId: row.running };
        return await begun(tx, make(row), row, null);
      });
    },

    async deleteRunsBefore(instant) {
      await db.deleteFrom('schedule_runs').where('started_at', '<', instant).where('state', '<>', 'running').execute();
    },
  };
}
