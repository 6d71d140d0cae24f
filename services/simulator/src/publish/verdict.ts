/** The verdict, with the snapshot's manifest that it rests on. */
import type { PathBuilt, VerdictReached } from '@netverdict/contracts';
import type { Bus } from '@netverdict/messaging';
import type { Diagnosis } from '@netverdict/verdict';

export function verdictOf(asked: PathBuilt, diagnosis: Diagnosis): VerdictReached {
  const { diagnosisId, attempt, round, flow, intendedPath, snapshot, snapshotDigest, timing } = asked;
  return { diagnosisId, attempt, round, diagnosis, flow, intendedPath, snapshot, snapshotDigest, timing };
}

export async function publishVerdict(bus: Bus, cluster: string, asked: PathBuilt, diagnosis: Diagnosis): Promise<void> {
  const { diagnosisId, attempt } = asked;
  const body = verdictOf(asked, diagnosis);
  // One verdict per attempt, whichever round and delivery it comes from: the first counts.
  await bus.publish('verdict', cluster, body, { id: `${diagnosisId}/${attempt}/verdict/0` });
}
