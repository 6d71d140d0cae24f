/**
 * Diagnoses that nobody waits for at a terminal: flows of batches and runs of schedules. Over all replicas no more of them are open at
 * once than the limit says, so that they do not keep back who asks a single question.
 */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

/** One at a time counts and begins; whoever takes it locks nothing else after it but rows that are begun with it. */
const LOCK = 0x6e76_6267;

/** How many may be begun, until the transaction ends. */
export async function roomInBackground(tx: Kysely<Database>, limit: number): Promise<number> {
  await sql`select pg_advisory_xact_lock(${sql.raw(String(LOCK))})`.execute(tx);
  const { rows } = await sql<{ open: number }>`select count(*)::int as open from diagnoses
    where rank < 4 and (batch_id is not null or schedule_id is not null)`.execute(tx);
  return Math.max(0, limit - (rows[0]?.open ?? 0));
}
