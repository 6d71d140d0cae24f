/** What owns a pod, from what its controllers write into its labels: kubelet hands those to the runtime with the sandbox. */
import type { WorkloadRef } from '@netverdict/contracts';

type Words = Readonly<Record<string, string>>;

/** The name in front of the controller's suffix: `cart-6f9c7-x2x9k` is of `cart`. */
const before = (name: string, suffix: string): string | null => {
  const at = name.lastIndexOf(`-${suffix}`);
  return at > 0 ? name.slice(0, at) : null;
};

/** The random end that ReplicaSets, DaemonSets and Jobs give their pods' names (apimachinery's names.go: five of consonants and digits). */
const RANDOM = /-[bcdfghjklmnpqrstvwxz2456789]{5}$/;

export function workloadOf(
  pod: { readonly namespace: string; readonly name: string },
  labels: Words,
  annotations: Words,
): WorkloadRef {
  const { namespace, name } = pod;
  const owner = (kind: string, of: string | null | undefined): WorkloadRef | null =>
    of === null || of === undefined || of === '' ? null : { kind, namespace, name: of };
  return (
    // A static pod has the node's name behind its own; it belongs to the node.
    (annotations['kubernetes.io/config.source'] === 'file' || annotations['kubernetes.io/config.mirror'] !== undefined
      ? owner('Node', name)
      : null) ??
    owner('Job', labels['batch.kubernetes.io/job-name'] ?? labels['job-name']) ??
    (labels['pod-template-hash'] === undefined
      ? null
      : owner('Deployment', before(name, labels['pod-template-hash']))) ??
    (labels['statefulset.kubernetes.io/pod-name'] === undefined
      ? null
      : owner('StatefulSet', name.replace(/-\d+$/, ''))) ??
    // Of the controllers that write it only a DaemonSet gives a random end.
    (labels['controller-revision-hash'] === undefined
      ? null
      : RANDOM.test(name)
        ? owner('DaemonSet', name.replace(RANDOM, ''))
        : owner('StatefulSet', name.replace(/-\d+$/, ''))) ?? { kind: 'Pod', namespace, name }
  );
}
