import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { resolveOwner } from '../objects/owner.ts';
import type { ContainerPort, Pod, PodPhase } from '../objects/pod.ts';
import { projectMeta, protocolOf } from './meta.ts';

const PHASES: readonly string[] = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'] satisfies PodPhase[];
const isPhase = (text: string | undefined): text is PodPhase => text !== undefined && PHASES.includes(text);

export function projectPod(raw: V1Pod): Pod {
  const { spec, status } = raw;
  const meta = projectMeta(raw.metadata);
  // A restartable init container (a sidecar) listens as the others do.
  const sidecars = (spec?.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  const containers = [...(spec?.containers ?? []), ...sidecars];
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  return {
    kind: 'Pod',
    meta,
    phase: isPhase(status?.phase) ? status.phase : 'Unknown',
    ready: status?.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True',
    reason: status?.reason ?? reasonOf(statuses),
    nodeName: spec?.nodeName || null,
    hostNetwork: spec?.hostNetwork ?? false,
    ips: unique([...(status?.podIPs ?? []).map((entry) => entry.ip), status?.podIP]),
    hostIps: unique([...(status?.hostIPs ?? []).map((entry) => entry.ip), status?.hostIP]),
    ports: containers.flatMap((container) =>
      (container.ports ?? []).map(
        (port): ContainerPort => ({
          container: container.name,
          name: port.name ?? null,
          port: port.containerPort,
          protocol: protocolOf(port.protocol),
          hostPort: port.hostPort || null,
          hostIp: port.hostIP || null,
        }),
      ),
    ),
    containers: containers.map(({ name }) => {
      const own = statuses.find((entry) => entry.name === name);
      return { name, ready: own?.ready ?? false, restarts: own?.restartCount ?? 0 };
    }),
    owner: resolveOwner(
      (raw.metadata?.ownerReferences ?? []).map(({ kind, name, controller }) => ({
        kind,
        name,
        controller: controller ?? false,
      })),
      meta.labels,
    ),
  };
}

function reasonOf(statuses: readonly V1ContainerStatus[]): string | null {
  for (const { state } of statuses) {
    const reason = state?.waiting?.reason ?? state?.terminated?.reason;
    if (reason !== undefined) return reason;
  }
  return null;
}

const unique = (texts: readonly (string | undefined)[]): string[] => [
  ...new Set(texts.flatMap((text) => (text === undefined || text === '' ? [] : [text]))),
];
