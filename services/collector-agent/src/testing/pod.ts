/** A pod as the runtime would tell of it. */
import type { PodNamespace } from '../domain/pods.ts';

type Given = Pick<PodNamespace, 'namespace' | 'name' | 'path' | 'inode'> & Partial<PodNamespace>;

export const podNamespace = (pod: Given): PodNamespace => ({
  workload: { kind: 'Pod', namespace: pod.namespace, name: pod.name },
  containers: [],
  ...pod,
});
