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
  /** Payload of a database notification: `<id> <rank>`. */
  tellNotified(payload: string): void;
  /** Notifications were lost for a while, or we stop: everybody looks. */
  tellAll(): void;
}

export function createChanges(): Changes {
  const listeners = new Map<string, Set<Listener>>();
  const tell = (diagnosisId: string, change: Change): void => {
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
    tellNotified(payload) {
      const [id = '', rank] = payload.split(' ');
      tell(id, { final: rank === String(FINAL_RANK), finished: null });
    },
    tellAll() {
      for (const id of [...listeners.keys()]) tell(id, { final: true, finished: null });
    },
  };
}
