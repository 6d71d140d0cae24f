/** What would have to be added so that a denied flow passes: the least, as manifests. */
import { formatIp } from '@netverdict/linux-net';
import type { Cluster, End, Pod } from '../cluster.ts';
import type { Answer, Direction, PolicyFlow } from '../evaluate/answer.ts';

/** A NetworkPolicy that opens one direction for one pod's like; nothing else is opened but for those with the same labels. */
export interface Allowance {
  readonly direction: Direction;
  readonly manifest: object;
  /** A tier above forbids it: this would not help, and this policy has to change. */
  readonly overruledBy: string | null;
}

export function allowances(cluster: Cluster, flow: PolicyFlow, answer: Answer): readonly Allowance[] {
  return (['egress', 'ingress'] as const).flatMap((direction) => {
    const decision = answer[direction];
    const own = direction === 'egress' ? flow.source : flow.destination;
    const other = direction === 'egress' ? flow.destination : flow.source;
    if (decision.allowed !== false || own.kind !== 'pod') return [];
    return [
      {
        direction,
        manifest: manifestOf(cluster, flow, direction, own.pod, other),
        // A baseline is not asked any more where a NetworkPolicy is about the pod.
        overruledBy:
          decision.kind === 'tier' && decision.by.policy.tier === 'admin'
            ? `${decision.by.policy.kind} ${decision.by.policy.name}`
            : null,
      },
    ];
  });
}

function manifestOf(cluster: Cluster, flow: PolicyFlow, direction: Direction, pod: Pod, other: End): object {
  const rule = {
    [direction === 'egress' ? 'to' : 'from']: [peerFor(cluster, pod, other)],
    ports: [{ protocol: flow.protocol, port: flow.port }],
  };
  const who = other.kind === 'pod' ? `${other.pod.namespace}-${workloadName(other.pod)}` : 'address';
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {
      namespace: pod.namespace,
      name: `allow-${workloadName(pod)}-${direction === 'egress' ? 'to' : 'from'}-${who}`.slice(0, 63),
    },
    spec: {
      podSelector: { matchLabels: lasting(pod) },
      policyTypes: [direction === 'egress' ? 'Egress' : 'Ingress'],
      [direction]: [rule],
    },
  };
}

function peerFor(cluster: Cluster, own: Pod, other: End): object {
  if (other.kind === 'pod') {
    const pods = { podSelector: { matchLabels: lasting(other.pod) } };
    if (other.pod.namespace === own.namespace) return pods;
    const labels = cluster.namespaces.get(other.pod.namespace)?.labels;
    const name = labels?.get(METADATA_NAME) ?? other.pod.namespace;
    return { namespaceSelector: { matchLabels: { [METADATA_NAME]: name } }, ...pods };
  }
  const address = other.address;
  return {
    ipBlock: { cidr: address === null ? '' : `${formatIp(address)}/${typeof address === 'number' ? 32 : 128}` },
  };
}

const METADATA_NAME = 'kubernetes.io/metadata.name';
/** Labels that a controller gives each generation of its pods: a policy upon them breaks with the next rollout. */
const PASSING = [
  'pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
  'batch.kubernetes.io/job-name',
  'batch.kubernetes.io/controller-uid',
  'controller-uid',
  'job-name',
];
const lasting = (pod: Pod): Record<string, string> =>
  Object.fromEntries([...pod.labels].filter(([key]) => !PASSING.includes(key)));

/** `Deployment/web` and `ReplicaSet/web-5d9c` are both web. */
function workloadName(pod: Pod): string {
  const [kind, name] = pod.owner?.split('/') ?? [];
  if (name === undefined) return pod.name;
  return kind === 'ReplicaSet' ? name.replace(/-[a-z0-9]+$/, '') : name;
}
