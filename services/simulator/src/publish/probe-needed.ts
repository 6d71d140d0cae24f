/** The verdict is there, and real packets are to be compared with it before it is told. */
import type { ExpectedTarget, PathBuilt } from '@netverdict/contracts';
import type { Bus } from '@netverdict/messaging';
import type { Diagnosis } from '@netverdict/verdict';
import { verdictOf } from './verdict.ts';

export async function publishProbeNeeded(
  bus: Bus,
  cluster: string,
  asked: PathBuilt,
  diagnosis: Diagnosis,
  expected: readonly ExpectedTarget[],
): Promise<void> {
  const { diagnosisId, attempt, request, deadlineAt } = asked;
  const body = { verdict: verdictOf(asked, diagnosis), request, expected: [...expected], deadlineAt };
  await bus.publish('probe-needed', cluster, body, { id: `${diagnosisId}/${attempt}/probe-needed/0` });
}
