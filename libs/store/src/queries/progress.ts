/** The progress log: what a live stream replays before it goes on live, at any replica. */
import type { Stage } from '@netverdict/contracts';
import { type Kysely, sql } from 'kysely';
import { NOTIFY_CHANNEL } from '../notifications.ts';
import { type Database, FINAL_RANK, STATUS_RANK } from '../schema.ts';

export interface ProgressUpdate {
  readonly diagnosisId: string;
  /** Names the message: stored once, however many replicas hear it. */
  readonly key: string;
  readonly attempt: number;
  readonly stage: Stage;
  readonly message: string;
  /** RFC 3339. */
  readonly at: string;
}

export interface ProgressEntry {
  /** Grows in the order of storing: the id of the live stream's events. */
  readonly seq: number;
  readonly attempt: number;
  readonly stage: Stage;
  readonly message: string;
  readonly at: string;
}

export interface ProgressQueries {
  /**
   * Stores many updates of many diagnoses in one statement: logs them, raises the status where they are ahead of it,
   * and puts off the next publishing by `patienceMs`, since something moves. Of unknown diagnoses nothing is stored.
   */
  append(updates: readonly ProgressUpdate[], patienceMs: number): Promise<void>;
  /** Entries after `afterSeq`, oldest first. */
  list(diagnosisId: string, afterSeq: number): Promise<readonly ProgressEntry[]>;
}

export function progressQueries(db: Kysely<Database>): ProgressQueries {
  return {
    async append(updates, patienceMs) {
      if (updates.length === 0) return;
      const column = <T>(pick: (update: ProgressUpdate) => T): T[] => updates.map(pick);
      await sql`
        with incoming as (
          select * from unnest(
            ${column((u) => u.diagnosisId)}::text[], ${column((u) => u.attempt)}::int[], ${column((u) => u.stage)}::text[],
            ${column((u) => STATUS_RANK[u.stage])}::int[], ${column((u) => u.message)}::text[],
            ${column((u) => u.at)}::timestamptz[], ${column((u) => u.key)}::text[]
          ) with ordinality as t (id, attempt, stage, rank, message, at, key, place)
        ), furthest as (
          select distinct on (id) * from incoming where rank < ${FINAL_RANK} order by id, rank desc, place desc
        ), locked as (
          -- In one order, or two replicas that store the same batch would wait for each other.
          select id from diagnoses where id in (select id from furthest) order by id for update
        ), moved as (
          update diagnoses d set
            status = case when f.rank >= d.rank then f.stage else d.status end,
            rank = greatest(d.rank, f.rank),
            message = f.message, updated_at = now(),
            next_publish_at = greatest(d.next_publish_at, now() + make_interval(secs => ${patienceMs / 1000}::double precision))
          from furthest f join locked l on l.id = f.id where d.id = f.id and d.rank < ${FINAL_RANK}
          returning d.id
        ), logged as (
          insert into progress (diagnosis_id, key, attempt, stage, message, at)
          select i.id, i.key, i.attempt, i.stage, i.message, i.at from incoming i join moved m on m.id = i.id
          where i.rank < ${FINAL_RANK} order by i.place
          on conflict (diagnosis_id, key) do nothing
          returning diagnosis_id
        )
        -- Not worth waiting for the disk.
        select set_config('synchronous_commit', 'off', true), pg_notify(${NOTIFY_CHANNEL}, diagnosis_id || ' 0') from (select distinct diagnosis_id from logged) changed
      `.execute(db);
    },

    async list(diagnosisId, afterSeq) {
      const rows = await db
        .selectFrom('progress')
        .selectAll()
        .where('diagnosis_id', '=', diagnosisId)
        .where('seq', '>', afterSeq)
        .orderBy('seq')
        .execute();
      return rows.map(({ seq, attempt, stage, message, at }) => ({
        seq,
        attempt,
        stage,
        message,
        at: at.toISOString(),
      }));
    },
  };
}
