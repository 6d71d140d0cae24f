/** How much of the cluster is seen, and how fresh it is, for /metrics. */
import type { ClusterView } from '@netverdict/kube';
import { addGauge, type Registry } from '@netverdict/telemetry';

export function addViewMetrics(
  registry: Registry,
  cluster: string,
  view: Pick<ClusterView, 'objects' | 'status'>,
): void {
  addGauge(registry, 'netverdict_cluster_objects', 'objects of the cluster as they are seen', () => {
    const { nodes, pods, services } = view.objects();
    const sizes = { nodes: nodes.size, pods: pods.size, services: services.size };
    return Object.entries(sizes).map(([resource, value]) => ({ labels: { cluster, resource }, value }));
  });
  addGauge(registry, 'netverdict_watch_connected', '1: the API server is watched; 0: it is not reached', () =>
    view.status().resources.map(({ resource, connected }) => ({
      labels: { cluster, resource },
      value: connected ? 1 : 0,
    })),
  );
  addGauge(registry, 'netverdict_watch_age_seconds', 'since the API server last said something about it', () =>
    view
      .status()
      .resources.flatMap(({ resource, lastContactMs }) =>
        lastContactMs === null
          ? []
          : [{ labels: { cluster, resource }, value: Math.max(0, Date.now() - lastContactMs) / 1000 }],
      ),
  );
}
