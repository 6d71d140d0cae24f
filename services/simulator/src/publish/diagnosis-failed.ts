/** The evaluation itself failed: said to the asker, with the reason. */
import type { Bus } from '@netverdict/messaging';

export async function publishInternalFailure(
  bus: Bus,
  cluster: string,
  of: { readonly diagnosisId: string; readonly attempt: number },
  reason: string,
): Promise<void> {
  const { diagnosisId, attempt } = of;
  const title = 'The simulation could not be carried out';
  const body = { diagnosisId, attempt, problem: 'internal', title, detail: reason, suggestions: [] };
  await bus.publish('diagnosis-failed', cluster, body, { id: `${diagnosisId}/${attempt}/diagnosis-failed/0` });
}
