/**
 * Wakes those who wait for a diagnosis in this process: what changed here is told at once, what changed at another
 * replica comes through PostgreSQL's notifications. Hints only: who is woken looks at the stored state.
 */
import { FINAL_RANK, type FullDiagnosisRow } from '@netverdict/store';

export interface Change {
  /** It has (or may have) come to its end. */
  readonly final: boolean;
  /** The finished row, when this process wrote it: saves the waiting request a query. */
  readonly finished: FullDiagnosisRow | null;
}

export type Listener = (change: Change) => void;

export interface Changes {
  /** Returns the unsubscription. */
  subscribe(diagnosisId: string, listener: Listener): () => void;
  tell(diagnosisId: string, change: Change): void;
  /**
   * This process writes the end of a diagnosis: the database's own word of it, which mostly comes first, wakes nobody,
   * or each would read what is about to be told. Returns the release: those who waited for nothing look for themselves.
   */
  ending(diagnosisId: string): () => void;
  /** Payload of a database notification: `<id> <rank>`. */
  tellNotified(payload: string): void;
  /** Notifications were lost for a while, or we stop: everybody looks. */
  tellAll(): void;
}

export function createChanges(): Changes {
  const listeners = new Map<string, Set<Listener>>();
  /** With how many writes are under way, and whether somebody would have been told. */
  const ends = new Map<string, { writes: number; notified: boolean }>();
  const tell = (diagnosisId: string, change: Change): void => {
    const end = ends.get(diagnosisId);
    if (end && change.finished) end.notified = false;
    for (const listener of [...(listeners.get(diagnosisId) ?? [])]) listener(change);
  };
  return {
    subscribe(diagnosisId, listener) {
      const set = listeners.get(diagnosisId) ?? new Set();
      listeners.set(diagnosisId, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0 && listeners.get(diagnosisId) === set) listeners.delete(diagnosisId);
      };
    },
    tell,
    ending(diagnosisId) {
      const end = ends.get(diagnosisId) ?? { writes: 0, notified: false };
      ends.set(diagnosisId, end);
      end.writes += 1;
      return () => {
        end.writes -= 1;
        if (end.writes > 0) return;
        ends.delete(diagnosisId);
        if (end.notified) tell(diagnosisId, { final: true, finished: null });
      };
    },
    tellNotified(payload) {
      const [id = '', rank] = payload.split(' ');
      const end = ends.get(id);
      if (end && rank === String(FINAL_RANK)) {
        end.notified = true;
        return;
      }
      tell(id, { final: rank === String(FINAL_RANK), finished: null });
    },
    tellAll() {
      for (const id of [...listeners.keys()]) tell(id, { final: true, finished: null });
    },
  };
}
