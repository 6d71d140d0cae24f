/** A line for whoever waits. Lost ones are no harm. */
import type { PathBuilt } from '@netverdict/contracts';
import type { Bus } from '@netverdict/messaging';

export function publishSimulating(bus: Bus, cluster: string, asked: PathBuilt): void {
  const { diagnosisId, attempt, round, snapshot } = asked;
  const namespaces = snapshot.nodes.reduce((sum, node) => sum + node.namespaces.length, 0);
  const again = round === 0 ? '' : `, round ${round + 1}`;
  const message = `simulating the packet through ${namespaces} network namespaces${again}`;
  const id = `${diagnosisId}/${attempt}/progress/simulator-${round}`;
  bus
    .publishCore('diagnosis-progress', cluster, { diagnosisId, attempt, stage: 'simulating', message }, { id })
    .catch(() => {});
}
