import type { V1Node } from '@kubernetes/client-node';
import type { Node } from '../objects/node.ts';
import { projectMeta } from './meta.ts';

export function projectNode(raw: V1Node): Node {
  const { spec, status } = raw;
  const ready = status?.conditions?.find((condition) => condition.type === 'Ready');
  return {
    kind: 'Node',
    meta: projectMeta(raw.metadata),
    addresses: (status?.addresses ?? []).map(({ type, address }) => ({ type, address })),
    podCidrs: spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR]),
    ready: ready === undefined ? null : ready.status === 'True',
    unschedulable: spec?.unschedulable ?? false,
    containerRuntime: status?.nodeInfo?.containerRuntimeVersion ?? null,
    kernelVersion: status?.nodeInfo?.kernelVersion ?? null,
    kubeProxyVersion: status?.nodeInfo?.kubeProxyVersion ?? null,
  };
}
