/** The path is built and the snapshot is stored: on to the simulator. */
import type { PathBuilt } from '@netverdict/contracts';
import type { Bus } from '@netverdict/messaging';

export async function publishPathBuilt(bus: Bus, cluster: string, body: PathBuilt): Promise<void> {
  await bus.publish('path-built', cluster, body, {
    id: `${body.diagnosisId}/${body.attempt}/path-built/${body.round}`,
  });
}
