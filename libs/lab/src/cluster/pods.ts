/** The lab's pods: which, where, and on what ports they listen. */
import type { PodPlan } from '../runtime/pods.ts';
import type { NodePlan } from '../spec.ts';

/** Every pod listens here besides; web pods also on TCP 80, so that a pod can be asked on the usual port. */
const EVERYWHERE = ['tcp/8080', 'udp/5353'] as const;

/** In a lab with fewer nodes the pods of the missing ones go to the last. */
export function planPods(nodes: readonly NodePlan[]): readonly PodPlan[] {
  const nodeName = (index: number) => `node-${Math.min(index, nodes.length)}`;
  const pod = (
    name: string,
    index: number,
    labels: Record<string, string>,
    extra: readonly string[] = [],
  ): PodPlan => ({
    namespace: 'default',
    name,
    node: nodeName(index),
    labels,
    hostNetwork: false,
    listen: [...EVERYWHERE, ...extra],
  });
  const web = { app: 'web' };
  const dns = { app: 'dns' };
  return [
    pod('client', 1, { app: 'client' }),
    pod('client-2', 2, { app: 'client' }),
    pod('web-1', 1, web, ['tcp/80']),
    pod('web-2', 2, web, ['tcp/80']),
    pod('web-3', 3, web, ['tcp/80']),
    pod('dns-1', 2, dns),
    pod('dns-2', 3, dns),
    // In the host network of every node, so that a node can be asked too.
    ...nodes.map(
      ({ name }): PodPlan => ({
        namespace: 'kube-system',
        name: `echo-${name}`,
        node: name,
        labels: { 'k8s-app': 'node-echo' },
        hostNetwork: true,
        listen: [...EVERYWHERE, 'tcp/80'],
      }),
    ),
  ];
}
