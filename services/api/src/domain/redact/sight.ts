/** What one reader may see of one answer: names and addresses, made from the objects that the verdict rests on. Pure. */
import { createHash } from 'node:crypto';
import type { DiagnosisRequest } from '@netverdict/contracts';
import { type ClusterMap, formatIp, formatPrefix, parseIp, parsePrefix } from '@netverdict/linux-net';

export interface Sight {
  readonly namespaces: ReadonlySet<string>;
  /** Nodes belong to nobody: their names and addresses may be seen. */
  readonly nodes: ReadonlySet<string>;
  /** In one form each. */
  readonly addresses: ReadonlySet<string>;
  readonly prefixes: ReadonlySet<string>;
  /** kube-proxy's chains of Services in sight. */
  readonly chains: ReadonlySet<string>;
  /** What the reader has named: it is told nothing new by it. */
  readonly asked: ReadonlySet<string>;
  /** The port that was asked about. */
  readonly port: number | string | null;
}

export interface SeenOf {
  readonly map?: ClusterMap | undefined;
  readonly nodes?: readonly string[];
  /** Known to be in sight. */
  readonly addresses?: readonly (string | null)[];
  readonly request?: DiagnosisRequest;
  /** The request is the reader's own. */
  readonly own?: boolean;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** As kube-proxy names its chains: the first 16 characters of SHA-256 in base 32 (its portProtoHash and servicePortEndpointChainName). */
function chainHash(text: string): string {
  const digest = createHash('sha256').update(text).digest();
  let hash = '';
  for (let bit = 0; hash.length < 16; bit += 5) {
    const two = ((digest[bit >> 3] ?? 0) << 8) | (digest[(bit >> 3) + 1] ?? 0);
    hash += BASE32[(two >> (11 - (bit & 7))) & 31];
  }
  return hash;
}

function* chainsOf(service: ClusterMap['services'][number]): Generator<string> {
  for (const { name, protocol } of service.ports) {
    const port = `${service.namespace}/${service.name}${name === '' ? '' : `:${name}`}${protocol.toLowerCase()}`;
    const hash = chainHash(port);
    for (const kind of ['SVC', 'SVL', 'EXT', 'FW']) yield `KUBE-${kind}-${hash}`;
    for (const end of service.endpoints) {
      const address = end.address.includes(':') ? `[${end.address}]` : end.address;
      yield `KUBE-SEP-${chainHash(`${port}${address}:${end.port}`)}`;
    }
  }
}

/** One form for each address; null: it is none. */
export function canonical(text: string): string | null {
  const parsed = parseIp(text);
  return parsed.ok ? formatIp(parsed.value) : null;
}
export function canonicalPrefix(text: string): string | null {
  const parsed = parsePrefix(text);
  return parsed.ok ? formatPrefix(parsed.value) : null;
}

const present = <T>(values: readonly (T | null | undefined)[]): T[] =>
  values.filter((value): value is T => value !== null && value !== undefined);

/** A node's own addresses on its pods' network: that of the network and the first, as host-local gives them. */
function gatewaysOf(cidr: string): string[] {
  const [network = ''] = (canonicalPrefix(cidr) ?? '').split('/');
  if (network === '') return [];
  return [
    network,
    network.endsWith('::') ? `${network}1` : network.replace(/\d+$/, (last) => String(Number(last) + 1)),
  ];
}

function namedBy(request: DiagnosisRequest): string[] {
  const { source, destination } = request;
  return present([
    source.pod,
    source.workload,
    source.node,
    source.ip,
    destination.pod,
    destination.workload,
    destination.service,
    destination.node,
    destination.ip,
    destination.name,
  ]);
}

export function sightOf(
  namespaces: readonly string[],
  { map, nodes = [], addresses: given = [], request, own = false }: SeenOf,
): Sight {
  const visible = new Set(namespaces);
  const asked = own && request ? namedBy(request) : [];
  const pods = map?.pods.filter((pod) => !pod.hostNetwork) ?? [];
  const services = map?.services ?? [];
  const addressesIn = (inSight: boolean): string[] =>
    present(
      [
        ...pods.filter((pod) => visible.has(pod.namespace) === inSight).flatMap((pod) => pod.addresses),
        ...services
          .filter((service) => visible.has(service.namespace) === inSight)
          .flatMap((service) => service.clusterIps),
      ].map(canonical),
    );
  const nodeCidrs = map?.nodes.flatMap((node) => node.podCidrs) ?? [];
  const addresses = new Set(nodeCidrs.flatMap(gatewaysOf));
  for (const address of addressesIn(false)) addresses.delete(address);
  for (const address of [
    ...addressesIn(true),
    ...present((map?.nodes.flatMap((node) => node.addresses) ?? []).map(canonical)),
    ...present([...asked, ...present(given)].map(canonical)),
    ...['127.0.0.1', '0.0.0.0', '::1', '::'],
  ])
    addresses.add(address);
  const prefixes = [
    '0.0.0.0/0',
    '::/0',
    '127.0.0.0/8',
    ...nodeCidrs,
    ...(map?.podCidrs ?? []),
    ...(map?.serviceCidrs ?? []),
  ];
  return {
    namespaces: visible,
    nodes: new Set([...(map?.nodes.map((node) => node.name) ?? []), ...nodes]),
    addresses,
    prefixes: new Set(present(prefixes.map(canonicalPrefix))),
    chains: new Set(
      services.filter((service) => visible.has(service.namespace)).flatMap((service) => [...chainsOf(service)]),
    ),
    asked: new Set(asked),
    port: request?.destination.port ?? null,
  };
}
