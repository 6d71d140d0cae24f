/** Lines for whoever waits: what is being done and what is being waited for. Lost ones are no harm. */
import type { Stage } from '@netverdict/contracts';
import type { Bus } from '@netverdict/messaging';

export type Progress = (stage: Stage, message: string) => void;

export function progressOf(
  bus: Bus,
  cluster: string,
  of: { readonly diagnosisId: string; readonly attempt: number },
): Progress {
  let n = 0;
  return (stage, message) => {
    const id = `${of.diagnosisId}/${of.attempt}/progress/topology-${++n}`;
    const body = { diagnosisId: of.diagnosisId, attempt: of.attempt, stage, message };
    // Core NATS while disconnected drops it; nothing waits for a progress line.
    bus.publishCore('diagnosis-progress', cluster, body, { id }).catch(() => {});
  };
}
