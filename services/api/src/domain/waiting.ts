/** Waiting for a diagnosis to finish, at whatever replica it does. */
import { type DiagnosisQueries, FINAL_RANK, type FullDiagnosisRow, isUnavailable } from '@netverdict/store';
import type { Changes } from './changes.ts';

/** Looked at this often although nobody told: notifications may be lost while their connection is re-made. */
const LOOK_MS = 2000;

export interface Waiting {
  /** The finished row, or null after `waitMs` or the abort. */
  finished(waitMs: number, signal: AbortSignal): Promise<FullDiagnosisRow | null>;
  stop(): void;
}

/** Begins to listen at once: call it before the work starts. */
export function waitFor(id: string, changes: Changes, diagnoses: Pick<DiagnosisQueries, 'get' | 'getRow'>): Waiting {
  let wake = Promise.withResolvers<void>();
  let row: FullDiagnosisRow | null = null;
  const unsubscribe = changes.subscribe(id, (change) => {
    if (change.finished) row = change.finished;
    if (change.final) wake.resolve();
  });
  const look = async (): Promise<FullDiagnosisRow | null> => {
    if (row) return row;
    try {
      const light = await diagnoses.getRow(id);
      return light?.rank === FINAL_RANK ? await diagnoses.get(id) : null;
    } catch (error) {
      // The database restarts: the wait goes on, it has an end of its own.
      if (isUnavailable(error)) return null;
      throw error;
    }
  };
  return {
    async finished(waitMs, signal) {
      const end = performance.now() + waitMs;
      try {
        while (!signal.aborted) {
          const leftMs = end - performance.now();
          if (leftMs <= 0) return null;
          let timer: NodeJS.Timeout | undefined;
          const onAbort = (): void => wake.resolve();
          signal.addEventListener('abort', onAbort, { once: true });
          await Promise.race([
            wake.promise,
            new Promise((resolve) => {
              timer = setTimeout(resolve, Math.min(leftMs, LOOK_MS));
            }),
          ]);
          clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
          wake = Promise.withResolvers();
          const found = await look();
          if (found) return found;
        }
        return null;
      } finally {
        unsubscribe();
      }
    },
    stop: unsubscribe,
  };
}
