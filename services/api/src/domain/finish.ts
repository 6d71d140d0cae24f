/** The end of a diagnosis: written once (the first end wins), told to those who wait. Its webhooks are recorded with it, by the database. */
import type { DiagnosisFailed, VerdictReached } from '@netverdict/contracts';
import type { DiagnosisQueries, Ending, Finished, StoredProblem } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import { v7 as uuidv7 } from 'uuid';
import type { Changes } from './changes.ts';
import { decidingOf, decidingOfFailure } from './deciding.ts';
import type { StoredResult } from './document.ts';
import type { ProgressBuffer } from './progress-buffer.ts';

export interface Finish {
  /** Both resolve when stored; false: it was finished before, or is unknown. They throw when the database is away. */
  /** @param bytes the message as it came: it is what is stored. */
  complete(verdict: VerdictReached, bytes: Uint8Array): Promise<boolean>;
  fail(id: string, problem: StoredProblem): Promise<boolean>;
}

export const problemOf = (failed: DiagnosisFailed): StoredProblem => ({
  type: failed.problem,
  title: failed.title,
  detail: failed.detail,
  suggestions: failed.suggestions,
});

export function createFinish(
  diagnoses: DiagnosisQueries,
  changes: Changes,
  buffer: Pick<ProgressBuffer, 'take'>,
  log: Log,
  ended: (ending: string) => void = () => undefined,
): Finish {
  const after = (finished: Finished | null, result: StoredResult | null): boolean => {
    if (!finished) return false;
    const { row } = finished;
    changes.tell(row.id, { final: true, finished: { ...row, result } });
    ended(row.outcome ?? row.status);
    log.info(
      {
        diagnosisId: row.id,
        status: row.status,
        outcome: row.outcome,
        problem: row.problem?.type,
        attempt: row.attempt,
      },
      'a diagnosis is finished',
    );
    return true;
  };
  const ending = (id: string): Ending => ({ deliveryId: `msg_${uuidv7()}`, progress: buffer.take(id) });
  const writing = async (
    id: string,
    write: () => Promise<Finished | null>,
    result: StoredResult | null,
  ): Promise<boolean> => {
    const release = changes.ending(id);
    try {
      return after(await write(), result);
    } finally {
      release();
    }
  };
  return {
    async complete(verdict, bytes) {
      const { diagnosisId, diagnosis, snapshotDigest, timing } = verdict;
      const { outcome } = diagnosis.verdict;
      const completion = {
        id: diagnosisId,
        outcome,
        snapshotDigest,
        result: bytes,
        timing,
        deciding: decidingOf(diagnosis),
      };
      return writing(diagnosisId, () => diagnoses.complete(completion, ending(diagnosisId)), verdict);
    },
    fail: (id, problem) =>
      writing(id, () => diagnoses.fail({ id, problem, deciding: decidingOfFailure(problem) }, ending(id)), null),
  };
}
