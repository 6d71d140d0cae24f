import type { V1ConfigMap, V1Namespace } from '@kubernetes/client-node';
import type { ConfigMap } from '../objects/config-map.ts';
import type { Namespace } from '../objects/namespace.ts';
import { mapOf, projectMeta } from './meta.ts';

export const projectNamespace = (raw: V1Namespace): Namespace => ({
  kind: 'Namespace',
  meta: projectMeta(raw.metadata),
  phase: raw.status?.phase ?? 'Active',
});

export const projectConfigMap = (raw: V1ConfigMap): ConfigMap => ({
  kind: 'ConfigMap',
  meta: projectMeta(raw.metadata),
  data: mapOf(raw.data),
});
