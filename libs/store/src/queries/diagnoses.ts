/**
 * The diagnoses: accepted, moved forward, finished. Every update is conditional and monotone (STATUS_RANK), so that a
 * message that comes twice, late or at two replicas at once changes nothing the second time. Every change is told on
 * the channel NOTIFY_CHANNEL in the same statement.
 */
import type { Deciding, DiagnosisRequest, Stage, Timing } from '@netverdict/contracts';
import { type Kysely, type Selectable, sql } from 'kysely';
import { NOTIFY_CHANNEL } from '../notifications.ts';
import { type Database, type DiagnosesTable, FINAL_RANK, STATUS_RANK, type StoredProblem } from '../schema.ts';

import type { ProgressUpdate } from './progress.ts';
import { packed, unpackResult } from './result.ts';

export type DiagnosisRow = Omit<Selectable<DiagnosesTable>, 'result'>;
/** `result`: what was stored, parsed. */
export type FullDiagnosisRow = DiagnosisRow & { readonly result: unknown };

export interface NewDiagnosis {
  readonly id: string;
  readonly cluster: string;
  readonly request: DiagnosisRequest;
  /** Digest of the request, to tell an honest repetition of an idempotency key from a reuse. */
  readonly requestHash: string;
  /** Whose idempotency keys these are; never the token itself. */
  readonly tokenId: string;
  readonly idempotencyKey: string | null;
  /** What lists are filtered by: `shop/cart-6f9`, `node-1`, `10.0.0.1`. */
  readonly source: string;
  readonly destination: string;
  readonly deadlineMs: number;
  /** When the sweeper may publish again, from now. */
  readonly republishMs: number;
  readonly callbackUrl: string | null;
  readonly traceparent: string | null;
  readonly rerunOf: string | null;
  /** Who asks may see these; null: all. */
  readonly visibleNamespaces: readonly string[] | null;
  /** The names in the request are the asker's own. */
  readonly namesGiven: boolean;
  /** Of which batch or schedule it is a part. */
  readonly batchId?: string;
  readonly scheduleId?: string;
}

export interface Accepted {
  readonly row: DiagnosisRow;
  /** false: the idempotency key was known, and `row` is the diagnosis that it made. */
  readonly created: boolean;
}

export interface Completion {
  readonly id: string;
  readonly outcome: string;
  readonly snapshotDigest: string;
  /** JSON, in zstd or not (result.ts). */
  readonly result: Uint8Array;
  readonly timing: Timing;
  readonly deciding?: readonly Deciding[];
}

export interface Failure {
  readonly id: string;
  readonly problem: StoredProblem;
  /** Where the failure answers the question. */
  readonly deciding?: readonly Deciding[] | null;
}

export interface Ending {
  /** Id for the webhook delivery, used when the diagnosis has a callbackUrl. */
  readonly deliveryId: string;
  /** Progress that was heard and not stored yet: logged before the end. */
  readonly progress: readonly ProgressUpdate[];
}

export interface Finished {
  readonly row: DiagnosisRow;
  /** The delivery that was made with it, if any. */
  readonly deliveryId: string | null;
}

export interface DiagnosisFilter {
  readonly cluster?: string;
  readonly outcome?: string;
  readonly status?: Stage;
  /** Beginning of the source's name. */
  readonly source?: string;
  readonly destination?: string;
  /** With an end in one of these. */
  readonly namespaces?: readonly string[];
  readonly batch?: string;
  readonly schedule?: string;
  /** Accepted at or after (RFC 3339). */
  readonly since?: string;
  /** Continue below this id: newest first. */
  readonly before?: string;
  readonly limit: number;
}

export interface DiagnosisQueries {
  accept(diagnosis: NewDiagnosis): Promise<Accepted>;
  get(id: string): Promise<FullDiagnosisRow | null>;
  /** Without the result: for looking whether something moved. */
  getRow(id: string): Promise<DiagnosisRow | null>;
  list(filter: DiagnosisFilter): Promise<readonly DiagnosisRow[]>;
  /** null: unknown or finished already, nothing was changed. */
  complete(completion: Completion, ending: Ending): Promise<Finished | null>;
  fail(failure: Failure, ending: Ending): Promise<Finished | null>;
  /** Raises the attempt of what has not moved and gives it to this caller alone; at most `limit` rows. */
  claimStalled(options: { readonly limit: number; readonly baseMs: number }): Promise<readonly DiagnosisRow[]>;
  /** Publishing did not work: may be tried again after `afterMs`. */
  postponePublish(id: string, afterMs: number): Promise<void>;
  overdue(limit: number): Promise<readonly DiagnosisRow[]>;
  /** Of clusters for which `isAway` tells a time: what their topology services and agents have still to do something for. */
  waitingForClusters(limit: number, isAway: (cluster: string) => number | null): Promise<readonly DiagnosisRow[]>;
  /** How many each token has that are not finished. */
  openByToken(): Promise<ReadonlyMap<string, number>>;
  /** Removes finished diagnoses accepted before `instant` with their progress and deliveries. */
  deleteFinishedBefore(instant: string): Promise<number>;
}

const COLUMNS = [
  'id',
  'cluster',
  'status',
  'rank',
  'message',
  'request',
  'request_hash',
  'token_id',
  'idempotency_key',
  'source',
  'destination',
  'attempt',
  'accepted_at',
  'updated_at',
  'deadline_at',
  'last_published_at',
  'next_publish_at',
  'finished_at',
  'outcome',
  'snapshot_digest',
  'problem',
  'timing',
  'callback_url',
  'traceparent',
  'rerun_of',
  'visible_namespaces',
  'names_given',
  'batch_id',
  'schedule_id',
  'deciding',
] as const satisfies readonly (keyof DiagnosesTable)[];
/** Written out once: assembling the names each time took longer than the rest of a query. */
const ALL = { diagnoses: sql.raw(listed('diagnoses')), done: sql.raw(listed('done')) };
const columns = (table: keyof typeof ALL) => ALL[table];
function listed(table: string): string {
  return COLUMNS.map((name) => `"${table}"."${name}"`).join(', ');
}

const ms = (value: number) => sql`make_interval(secs => ${value / 1000}::double precision)`;
/** As a table `p`, in the order given. */
function progressRows(updates: readonly ProgressUpdate[]) {
  const column = <T>(pick: (update: ProgressUpdate) => T): T[] => updates.map(pick);
  return sql`unnest(${column((u) => u.key)}::text[], ${column((u) => u.attempt)}::int[], ${column((u) => u.stage)}::text[],
    ${column((u) => u.message)}::text[], ${column((u) => u.at)}::timestamptz[])
    with ordinality as p (key, attempt, stage, message, at, place)`;
}

const likePrefix = (text: string): string => `${text.replace(/[\\%_]/g, '\\$&')}%`;

/** An end that names its namespace, as the request does. */
const endIn = (namespaces: readonly string[]) =>
  sql<boolean>`array[split_part(request #>> '{source,pod}', '/', 1), split_part(request #>> '{source,workload}', '/', 2),
    split_part(request #>> '{destination,pod}', '/', 1), split_part(request #>> '{destination,workload}', '/', 2),
    split_part(request #>> '{destination,service}', '/', 1)] && ${[...namespaces]}::text[]`;

export function diagnosisQueries(db: Kysely<Database>): DiagnosisQueries {
  const finish = async (
    id: string,
    { deliveryId, progress }: Ending,
    set: { status: Stage; message: string; outcome: string | null; digest: string | null } & {
      result: Buffer | null;
      problem: string | null;
      timing: string | null;
      deciding: readonly Deciding[] | null;
    },
  ): Promise<Finished | null> => {
    const { rows } = await sql<DiagnosisRow & { delivery_id: string | null }>`
      with done as (
        update diagnoses set status = ${set.status}, rank = ${FINAL_RANK}, message = ${set.message},
          outcome = ${set.outcome}, snapshot_digest = ${set.digest}, result = ${set.result}::bytea,
          problem = ${set.problem}::json, timing = ${set.timing}::json,
          deciding = ${set.deciding === null ? null : JSON.stringify(set.deciding)}::json, updated_at = now(), finished_at = now()
        where id = ${id} and rank < ${FINAL_RANK}
        returning ${columns('diagnoses')}
      ), delivery as (
        insert into webhook_deliveries (id, event_type, cluster, diagnosis_id, url, state, created_at, next_attempt_at)
        select ${deliveryId}, 'diagnosis.' || status, cluster, id, callback_url, 'pending', now(), now() from done where callback_url is not null
        returning id
      ), logged as (
        insert into progress (diagnosis_id, key, attempt, stage, message, at)
        select id, key, attempt, stage, message, at from (
          select done.id, p.* from done, ${progressRows(progress)}
          union all select id, 'end', attempt, status, message, now(), ${progress.length + 1}::bigint from done
        ) entries order by place
        on conflict (diagnosis_id, key) do nothing
      )
      select done.*, (select id from delivery) as delivery_id,
        pg_notify(${NOTIFY_CHANNEL}, done.id || ' ' || done.rank) as notified
      from done`.execute(db);
    const row = rows[0];
    return row ? { row, deliveryId: row.delivery_id } : null;
  };

  return {
    async accept(d) {
      const { rows } = await sql<DiagnosisRow>`
        insert into diagnoses (id, cluster, status, rank, message, request, request_hash, token_id, idempotency_key,
          source, destination, attempt, accepted_at, updated_at, deadline_at, last_published_at, next_publish_at,
          callback_url, traceparent, rerun_of, visible_namespaces, names_given, batch_id, schedule_id)
        values (${d.id}, ${d.cluster}, 'accepted', ${STATUS_RANK.accepted}, 'accepted', ${JSON.stringify(d.request)}::json,
          ${d.requestHash}, ${d.tokenId}, ${d.idempotencyKey}, ${d.source}, ${d.destination}, 1, now(), now(),
          now() + ${ms(d.deadlineMs)}, now(), now() + ${ms(d.republishMs)}, ${d.callbackUrl}, ${d.traceparent}, ${d.rerunOf},
          ${d.visibleNamespaces}::text[], ${d.namesGiven}, ${d.batchId ?? null}, ${d.scheduleId ?? null})
        on conflict (token_id, idempotency_key) where idempotency_key is not null do nothing
        returning ${columns('diagnoses')}`.execute(db);
      if (rows[0]) return { row: rows[0], created: true };
      const known = await db
        .selectFrom('diagnoses')
        .select(COLUMNS)
        .where('token_id', '=', d.tokenId)
        .where('idempotency_key', '=', d.idempotencyKey)
        .executeTakeFirstOrThrow();
      return { row: known, created: false };
    },

    async get(id) {
      const query = db.selectFrom('diagnoses').select([...COLUMNS, 'result']);
      const row = await query.where('id', '=', id).executeTakeFirst();
      return row ? { ...row, result: row.result === null ? null : unpackResult(row.result) } : null;
    },

    async getRow(id) {
      return (await db.selectFrom('diagnoses').select(COLUMNS).where('id', '=', id).executeTakeFirst()) ?? null;
    },

    async list(filter) {
      let query = db.selectFrom('diagnoses').select(COLUMNS);
      if (filter.cluster !== undefined) query = query.where('cluster', '=', filter.cluster);
      if (filter.outcome !== undefined) query = query.where('outcome', '=', filter.outcome);
      if (filter.status !== undefined) query = query.where('status', '=', filter.status);
      if (filter.source !== undefined) query = query.where('source', 'like', likePrefix(filter.source));
      if (filter.destination !== undefined) query = query.where('destination', 'like', likePrefix(filter.destination));
      if (filter.namespaces !== undefined) query = query.where(endIn(filter.namespaces));
      if (filter.batch !== undefined) query = query.where('batch_id', '=', filter.batch);
      if (filter.schedule !== undefined) query = query.where('schedule_id', '=', filter.schedule);
      if (filter.since !== undefined) query = query.where('accepted_at', '>=', new Date(filter.since));
      if (filter.before !== undefined) query = query.where('id', '<', filter.before);
      return await query.orderBy('id', 'desc').limit(filter.limit).execute();
    },

    complete: ({ id, outcome, snapshotDigest, result, timing, deciding = [] }, ending) =>
      finish(id, ending, {
        status: 'completed',
        message: outcome,
        outcome,
        digest: snapshotDigest,
        result: packed(result),
        problem: null,
        timing: JSON.stringify(timing),
        deciding,
      }),

    fail: ({ id, problem, deciding = null }, ending) =>
      finish(id, ending, {
        status: 'failed',
        message: problem.title,
        outcome: null,
        digest: null,
        result: null,
        problem: JSON.stringify(problem),
        timing: null,
        deciding,
      }),

    async claimStalled({ limit, baseMs }) {
      // The waits grow: base, 2·base, 4·base…, so that a slow collection is not asked for again and again.
      const { rows } = await sql<DiagnosisRow>`
        update diagnoses set attempt = attempt + 1, last_published_at = now(),
          next_publish_at = now() + ${ms(baseMs)} * power(2, least(attempt, 10))
        where id in (
          select id from diagnoses where rank < ${FINAL_RANK} and next_publish_at <= now() and deadline_at > now()
          order by next_publish_at limit ${limit} for update skip locked
        ) returning ${columns('diagnoses')}`.execute(db);
      return rows;
    },

    async postponePublish(id, afterMs) {
      await sql`update diagnoses set next_publish_at = now() + ${ms(afterMs)}
        where id = ${id} and rank < ${FINAL_RANK}`.execute(db);
    },

    async overdue(limit) {
      return await db
        .selectFrom('diagnoses')
        .select(COLUMNS)
        .where('rank', '<', FINAL_RANK)
        .where('deadline_at', '<=', sql<Date>`now()`)
        .limit(limit)
        .execute();
    },

    async waitingForClusters(limit, isAway) {
      // As the index of open ones has it.
      const waiting = sql<boolean>`rank < 4 and status <> 'simulating'`;
      const clusters = await db.selectFrom('diagnoses').select('cluster').distinct().where(waiting).execute();
      const away = clusters.flatMap(({ cluster }) => (isAway(cluster) === null ? [] : [cluster]));
      if (away.length === 0) return [];
      return await db
        .selectFrom('diagnoses')
        .select(COLUMNS)
        .where(waiting)
        .where('cluster', 'in', away)
        .limit(limit)
        .execute();
    },

    async openByToken() {
      const { rows } = await sql<{ token_id: string; open: number }>`
        select token_id, count(*)::int as open from diagnoses where rank < 4 group by token_id`.execute(db);
      return new Map(rows.map(({ token_id, open }) => [token_id, open]));
    },

    async deleteFinishedBefore(instant) {
      const result = await db
        .deleteFrom('diagnoses')
        .where('accepted_at', '<', new Date(instant))
        .where('rank', '=', FINAL_RANK)
        .executeTakeFirst();
      return Number(result.numDeletedRows);
    },
  };
}
