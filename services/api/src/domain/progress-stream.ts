/** What a live stream says: the stored progress, then what follows, until the end. The same at every replica. */
import { type FullDiagnosisRow, isFinal, isUnavailable, type ProgressEntry, type Store } from '@netverdict/store';
import type { Changes } from './changes.ts';

export type StreamItem =
  | { readonly kind: 'progress'; readonly entry: ProgressEntry }
  | { readonly kind: 'finished'; readonly seq: number; readonly row: FullDiagnosisRow }
  /** Nothing happened for a while. */
  | { readonly kind: 'heartbeat' };

export interface ProgressStreamOptions {
  readonly id: string;
  /** Go on after this entry (Last-Event-ID); 0 from the beginning. */
  readonly afterSeq: number;
  readonly heartbeatMs: number;
  readonly signal: AbortSignal;
}

export async function* progressStream(
  store: Pick<Store, 'diagnoses' | 'progress'>,
  changes: Changes,
  { id, afterSeq, heartbeatMs, signal }: ProgressStreamOptions,
): AsyncGenerator<StreamItem, void, undefined> {
  let seq = afterSeq;
  let wake = Promise.withResolvers<void>();
  let finished: FullDiagnosisRow | null = null;
  /** It may have come to its end: the row is worth a look. */
  let look = true;
  const rouse = (): void => wake.resolve();
  const unsubscribe = changes.subscribe(id, (change) => {
    finished ??= change.finished;
    look ||= change.final;
    rouse();
  });
  signal.addEventListener('abort', rouse);
  try {
    while (!signal.aborted) {
      wake = Promise.withResolvers();
      try {
        // The row first: all that was logged before its end is then in the list.
        const known: FullDiagnosisRow | null = finished;
        const looking = look;
        look = false;
        const row = known ?? (looking ? await store.diagnoses.getRow(id) : null);
        if (looking && !row) return;
        for (const entry of await store.progress.list(id, seq)) {
          seq = entry.seq;
          if (!isFinal(entry.stage)) yield { kind: 'progress', entry };
        }
        if (row && isFinal(row.status)) {
          const full = known ?? (await store.diagnoses.get(id));
          if (full) yield { kind: 'finished', seq, row: full };
          return;
        }
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        look = true;
      }
      let timer: NodeJS.Timeout | undefined;
      const quiet = new Promise<'quiet'>((resolve) => {
        timer = setTimeout(resolve, heartbeatMs, 'quiet');
      });
      const why = await Promise.race([wake.promise, quiet]);
      clearTimeout(timer);
      if (why === 'quiet') {
        // Notifications may have been lost.
        look = true;
        yield { kind: 'heartbeat' };
      }
    }
  } finally {
    unsubscribe();
    signal.removeEventListener('abort', rouse);
  }
}
