/**
 * Progress comes often and is worth little alone: updates are gathered for some milliseconds and stored in one
 * statement. While the database is away they are dropped: progress is no truth that anybody needs later.
 */
import type { ProgressQueries, ProgressUpdate } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';

/** A person does not see it, and most of what is quickly finished is stored with its end (`take`), at no cost. */
const GATHER_MS = 80;
const LIMIT = 5000;

export interface ProgressBuffer {
  add(update: ProgressUpdate): void;
  /** What waits for this diagnosis; it is the caller's to store. */
  take(diagnosisId: string): readonly ProgressUpdate[];
  flush(): Promise<void>;
}

export function createProgressBuffer(progress: ProgressQueries, patienceMs: number, log: Log): ProgressBuffer {
  let waiting: ProgressUpdate[] = [];
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();

  const write = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    try {
      await progress.append(batch, patienceMs);
    } catch (err) {
      log.warn({ err, dropped: batch.length }, 'progress could not be stored');
    }
  };
  const flush = (): Promise<void> => {
    if (timer) clearTimeout(timer);
    timer = null;
    // One after another: the log's order is the order of arrival.
    writing = writing.then(write);
    return writing;
  };
  return {
    add(update) {
      if (waiting.length >= LIMIT) return;
      waiting.push(update);
      timer ??= setTimeout(() => void flush(), GATHER_MS);
    },
    take(diagnosisId) {
      const taken = waiting.filter((update) => update.diagnosisId === diagnosisId);
      if (taken.length > 0) waiting = waiting.filter((update) => update.diagnosisId !== diagnosisId);
      return taken;
    },
    flush,
  };
}
