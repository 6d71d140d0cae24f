/** Kubernetes objects, as YAML or the API give them, to a cluster. What policies do not depend on is skipped; what is wrong is told. */
import { type IpAddress, parseIp } from '@netverdict/linux-net';
import type { Cluster, NamedPort, Namespace, Node, Pod, Protocol } from '../cluster.ts';
import { podKey } from '../cluster.ts';
import type { NetworkPolicy, TieredPolicy } from '../policy.ts';
import { readNetworkPolicy } from './network-policy.ts';
import type { ObjectProblem } from './problem.ts';
import { labelsOf } from './reading.ts';
import { readTieredPolicy } from './tiered-policy.ts';
import { unevaluated } from './unevaluated.ts';

export interface KubernetesObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>> | null;
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly controller?: boolean;
    }[];
  };
  readonly items?: readonly KubernetesObject[];
  readonly [field: string]: unknown;
}

export interface ReadCluster {
  readonly cluster: Cluster;
  /** Policies with a problem, also those of kinds that are not evaluated, are not in the cluster: what they were to say is not known. */
  readonly problems: readonly ObjectProblem[];
}

const METADATA_NAME = 'kubernetes.io/metadata.name';

export function readCluster(objects: Iterable<KubernetesObject>): ReadCluster {
  const namespaces = new Map<string, Namespace>();
  const pods = new Map<string, Pod>();
  const nodes = new Map<string, Node>();
  const policies: NetworkPolicy[] = [];
  const tiered: TieredPolicy[] = [];
  const problems: ObjectProblem[] = [];

  const take = (object: KubernetesObject): void => {
    if (object.items) {
      for (const item of object.items) take(item);
      return;
    }
    const missing = unevaluated(object);
    if (missing) {
      problems.push(missing);
      return;
    }
    const { kind = '', metadata = {} } = object;
    const name = metadata.name ?? '';
    const namespace = metadata.namespace ?? 'default';
    const title = `${kind} ${kind === 'NetworkPolicy' || kind === 'Pod' ? `${namespace}/` : ''}${name}`;
    switch (kind) {
      case 'Namespace':
        namespaces.set(name, { name, labels: labelsOf({ [METADATA_NAME]: name, ...metadata.labels }) });
        return;
      case 'Pod': {
        const pod = podOf(object, namespace, name);
        pods.set(podKey(pod), pod);
        return;
      }
      case 'Node':
        nodes.set(name, { name, labels: labelsOf(metadata.labels), addresses: nodeAddresses(object) });
        return;
      case 'NetworkPolicy': {
        const read = readNetworkPolicy(object, title);
        if (read.ok) policies.push(read.value);
        else problems.push(...read.error);
        return;
      }
      case 'AdminNetworkPolicy':
      case 'BaselineAdminNetworkPolicy':
      case 'ClusterNetworkPolicy': {
        const read = readTieredPolicy(kind, object, title);
        if (read.ok) tiered.push(read.value);
        else problems.push(...read.error);
        return;
      }
    }
  };
  for (const object of objects) take(object);

  // Manifests often name namespaces without making them.
  for (const { namespace } of [...pods.values(), ...policies])
    if (!namespaces.has(namespace))
      namespaces.set(namespace, { name: namespace, labels: labelsOf({ [METADATA_NAME]: namespace }) });
  return { cluster: { namespaces, pods, nodes, policies, tiered }, problems };
}

interface PodFields {
  readonly spec?: {
    readonly nodeName?: string;
    readonly hostNetwork?: boolean;
    readonly containers?: readonly Container[];
    readonly initContainers?: readonly (Container & { readonly restartPolicy?: string })[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip?: string }[] | null;
  };
}
interface Container {
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: Protocol }[];
}

function podOf(object: KubernetesObject, namespace: string, name: string): Pod {
  const { spec = {}, status = {} } = object as PodFields;
  const sidecars = (spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  const ports: NamedPort[] = [...(spec.containers ?? []), ...sidecars].flatMap((container) =>
    (container.ports ?? []).flatMap((port) =>
      port.name === undefined ? [] : [{ name: port.name, protocol: port.protocol ?? 'TCP', port: port.containerPort }],
    ),
  );
  const owner = object.metadata?.ownerReferences?.find((reference) => reference.controller !== false);
  return {
    namespace,
    name,
    labels: labelsOf(object.metadata?.labels),
    addresses: addressesOf(status.podIPs?.map(({ ip }) => ip) ?? [status.podIP]),
    node: spec.nodeName ?? null,
    hostNetwork: spec.hostNetwork ?? false,
    ports,
    owner: owner ? `${owner.kind}/${owner.name}` : null,
    ended: status.phase === 'Succeeded' || status.phase === 'Failed',
  };
}

function nodeAddresses(object: KubernetesObject): readonly IpAddress[] {
  const { status = {} } = object as { status?: { addresses?: readonly { type: string; address: string }[] } };
  return addressesOf((status.addresses ?? []).map(({ address }) => address));
}

const addressesOf = (texts: readonly (string | undefined)[]): readonly IpAddress[] =>
  texts.flatMap((text) => {
    const parsed = text === undefined ? null : parseIp(text);
    return parsed?.ok ? [parsed.value] : [];
  });
