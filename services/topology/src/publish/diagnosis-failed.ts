/** The diagnosis cannot be carried out: an unknown name, or a message that nobody can handle. */
import type { Bus } from '@netverdict/messaging';
import type { Problem } from '../domain/resolve/resolution.ts';

export interface FailureOf {
  readonly diagnosisId: string;
  readonly attempt: number;
}

export async function publishDiagnosisFailed(
  bus: Bus,
  cluster: string,
  of: FailureOf,
  problem: Problem,
): Promise<void> {
  const { diagnosisId, attempt } = of;
  const body = { diagnosisId, attempt, ...problem, suggestions: [...problem.suggestions] };
  await bus.publish('diagnosis-failed', cluster, body, { id: `${diagnosisId}/${attempt}/diagnosis-failed/0` });
}

/** For the dead letters: the asker hears of it too. */
export async function publishInternalFailure(bus: Bus, cluster: string, of: FailureOf, reason: string): Promise<void> {
  const { diagnosisId, attempt } = of;
  const title = 'The diagnosis could not be carried out';
  const body = { diagnosisId, attempt, problem: 'internal', title, detail: reason, suggestions: [] };
  await bus.publish('diagnosis-failed', cluster, body, { id: `${diagnosisId}/${attempt}/diagnosis-failed/0` });
}
