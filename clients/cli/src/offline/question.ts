/** Another question to the nodes that a bundle holds: both ends are looked up in what it knows of the cluster. */
import type { Bundle } from '@netverdict/bundle';
import { type Destination, type DiagnosisRequest, didYouMean, nearest, type Source } from '@netverdict/contracts';
import { type ClusterMap, type Flow, hostKey, newConnection, parseIp, podKey } from '@netverdict/linux-net';
import { UsageError } from '../exit-codes.ts';

interface Asked {
  readonly address: string;
  readonly port: number | null;
  readonly name: string;
}

/** The bundle with this question in the place of its own. @throws UsageError for a name that it does not know */
export function withQuestion(bundle: Bundle, request: DiagnosisRequest): Bundle {
  const { map } = bundle.snapshot;
  const { source, name } = sourceOf(map, request.source);
  const to = destinationOf(map, request.destination);
  const address = parseIp(to.address);
  if (!address.ok) throw new UsageError(`${to.name}: ${to.address} is not an address`);
  const flow: Flow = {
    ...newConnection(request.sourcePort),
    family: typeof address.value === 'number' ? 'ipv4' : 'ipv6',
    protocol: request.protocol ?? 'tcp',
    source,
    destination: { address: to.address, port: to.port },
    ...(request.sizeBytes === undefined ? {} : { sizeBytes: request.sizeBytes }),
  };
  return { ...bundle, flow, names: { source: name, destination: to.name } };
}

function sourceOf(map: ClusterMap, asked: Source): { readonly source: Flow['source']; readonly name: string } {
  if (asked.pod !== undefined) return { source: inPod(podOf(map, asked.pod)), name: asked.pod };
  if (asked.node !== undefined) {
    const node = nodeOf(map, asked.node);
    return { source: { kind: 'namespace', namespace: hostKey(node.name), address: null }, name: `node ${node.name}` };
  }
  const { ip } = asked;
  if (ip === undefined) throw unresolved(asked.workload ?? '');
  const pod = map.pods.find((one) => !one.hostNetwork && one.addresses.includes(ip));
  if (pod) return { source: inPod(pod), name: `${pod.namespace}/${pod.name}` };
  const node = map.nodes.find((one) => one.addresses.includes(ip));
  return node
    ? { source: { kind: 'namespace', namespace: hostKey(node.name), address: ip }, name: `node ${node.name} (${ip})` }
    : { source: { kind: 'external', address: ip }, name: ip };
}

type Pod = ClusterMap['pods'][number];

const inPod = ({ node, namespace, name, hostNetwork }: Pod): Flow['source'] => ({
  kind: 'namespace',
  namespace: hostNetwork ? hostKey(node) : podKey(node, namespace, name),
  address: null,
});

function destinationOf(map: ClusterMap, asked: Destination): Asked {
  if (asked.service !== undefined) return serviceOf(map, asked.service, asked.port ?? null);
  if (typeof asked.port === 'string')
    throw new UsageError(`port ${asked.port}: a bundle knows the names of Services' ports only. Write its number.`);
  const port = asked.port ?? null;
  const named = (name: string): string => (port === null ? name : `${name} port ${port}`);
  if (asked.pod !== undefined) {
    const [address] = podOf(map, asked.pod).addresses;
    if (address === undefined) throw new UsageError(`pod ${asked.pod} had no address when the bundle was made`);
    return { address, port, name: named(`pod ${asked.pod}`) };
  }
  if (asked.node !== undefined) {
    const [address] = nodeOf(map, asked.node).addresses;
    if (address === undefined) throw new UsageError(`node ${asked.node} had no address when the bundle was made`);
    return { address, port, name: named(`node ${asked.node}`) };
  }
  if (asked.ip === undefined) throw unresolved(asked.workload ?? asked.name ?? '');
  return { address: asked.ip, port, name: named(asked.ip) };
}

function serviceOf(map: ClusterMap, asked: string, wanted: number | string | null): Asked {
  const service = map.services.find((one) => nameOf(one) === asked);
  if (!service) throw unknown('Service', asked, map.services.map(nameOf));
  const [address] = service.clusterIps;
  if (address === undefined) throw new UsageError(`Service ${asked} has no cluster IP: name one of its pods`);
  const port = typeof wanted === 'string' ? service.ports.find((one) => one.name === wanted)?.port : wanted;
  if (port === undefined) {
    const names = service.ports.map((one) => one.name).filter((one) => one !== '');
    throw new UsageError(
      `Service ${asked} has no port ${wanted}. ${names.length > 0 ? `Its ports: ${names.join(', ')}` : 'Its ports have no names: write a number'}.`,
    );
  }
  return { address, port, name: `service ${asked}${port === null ? '' : `:${port}`}` };
}

const nameOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
  `${namespace}/${name}`;

function podOf(map: ClusterMap, asked: string): Pod {
  const pod = map.pods.find((one) => nameOf(one) === asked);
  if (!pod) throw unknown('pod', asked, map.pods.map(nameOf));
  return pod;
}

function nodeOf(map: ClusterMap, asked: string): ClusterMap['nodes'][number] {
  const node = map.nodes.find(({ name }) => name === asked);
  if (!node)
    throw unknown(
      'node',
      asked,
      map.nodes.map(({ name }) => name),
    );
  return node;
}

function unknown(kind: string, asked: string, there: readonly string[]): UsageError {
  const hint = didYouMean(nearest(asked, there)) || ` It has ${there.length === 0 ? 'none' : there.join(', ')}.`;
  return new UsageError(`the bundle knows no ${kind} ${asked}.${hint}`);
}

const unresolved = (name: string): UsageError =>
  new UsageError(`${name}: a bundle knows pods, Services, nodes and addresses only. Name one of these.`);
