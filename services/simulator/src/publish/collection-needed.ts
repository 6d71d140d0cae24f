/** The packet went where the snapshot does not reach, or the verdict wants another look. */
import type { CollectionNeeded, PathBuilt } from '@netverdict/contracts';
import type { Bus } from '@netverdict/messaging';

export async function publishCollectionNeeded(
  bus: Bus,
  cluster: string,
  previous: PathBuilt,
  needed: Pick<CollectionNeeded, 'needs' | 'recheck' | 'deciding'>,
): Promise<void> {
  const { diagnosisId, attempt, round } = previous;
  const body: CollectionNeeded = { diagnosisId, attempt, round, ...needed, previous };
  await bus.publish('collection-needed', cluster, body, { id: `${diagnosisId}/${attempt}/collection-needed/${round}` });
}
