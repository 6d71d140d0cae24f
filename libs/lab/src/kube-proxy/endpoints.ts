/** Which endpoints a service port may send to, from its EndpointSlices: kube-proxy's CategorizeEndpoints without topology hints. */
import { familyOf, formatIp, parseIp } from '@netverdict/linux-net';
import type { KubeObject } from '../api-server/object.ts';
import { endpointChain } from './chain-names.ts';
import type { EndpointSliceJson } from './objects.ts';
import type { ServicePort } from './service-ports.ts';

export interface Endpoint {
  readonly ip: string;
  readonly port: number;
  /** `10.244.1.7:8080` or `[fd00::7]:8080`. */
  readonly destination: string;
  readonly chain: string;
  readonly local: boolean;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

export interface CategorizedEndpoints {
  /** For traffic policy Cluster. */
  readonly cluster: readonly Endpoint[];
  /** For traffic policy Local. */
  readonly local: readonly Endpoint[];
  /** All that this node may send to: each gets a KUBE-SEP chain. */
  readonly reachable: readonly Endpoint[];
  /** There is an endpoint somewhere: without one the service's addresses are rejected. */
  readonly any: boolean;
}

export function slicesByService(objects: readonly KubeObject[]): ReadonlyMap<string, readonly EndpointSliceJson[]> {
  const slices = new Map<string, EndpointSliceJson[]>();
  for (const object of objects) {
    if (object.kind !== 'EndpointSlice') continue;
    const service = object.metadata.labels?.['kubernetes.io/service-name'];
    if (service === undefined) continue;
    const key = `${object.metadata.namespace ?? 'default'}/${service}`;
    const list = slices.get(key);
    if (list === undefined) slices.set(key, [object]);
    else list.push(object);
  }
  return slices;
}

/** Of one service port, sorted by destination; the same address and port in two slices counts once. */
export function endpointsOf(
  port: ServicePort,
  slices: readonly EndpointSliceJson[],
  nodeName: string,
): readonly Endpoint[] {
  const found = new Map<string, Endpoint>();
  for (const slice of slices) {
    for (const slicePort of slice.ports ?? []) {
      if ((slicePort.name ?? '') !== port.portName || slicePort.port === undefined) continue;
      for (const endpoint of slice.endpoints ?? []) {
        // kube-proxy reads the first address only: the API says all of one endpoint are the same pod's.
        const parsed = parseIp(endpoint.addresses?.[0] ?? '');
        if (!parsed.ok || familyOf(parsed.value) !== port.family) continue;
        const ip = formatIp(parsed.value);
        const destination = port.family === 'ipv6' ? `[${ip}]:${slicePort.port}` : `${ip}:${slicePort.port}`;
        const ready = endpoint.conditions?.ready ?? true;
        found.set(destination, {
          ip,
          port: slicePort.port,
          destination,
          chain: endpointChain(port.name, port.protocol, destination),
          local: endpoint.nodeName === nodeName,
          ready,
          serving: endpoint.conditions?.serving ?? ready,
          terminating: endpoint.conditions?.terminating ?? false,
        });
      }
    }
  }
  return [...found.values()].sort((a, b) => (a.destination < b.destination ? -1 : 1));
}

const isReady = (e: Endpoint): boolean => e.ready;
/** Used only where nothing is ready: a rollout must not close the door before the last one has left. */
const isLeaving = (e: Endpoint): boolean => !e.ready && e.serving && e.terminating;

function usable(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const ready = endpoints.filter(isReady);
  return ready.length > 0 ? ready : endpoints.filter(isLeaving);
}

export function categorizeEndpoints(port: ServicePort, endpoints: readonly Endpoint[]): CategorizedEndpoints {
  const cluster = port.usesClusterEndpoints ? usable(endpoints) : [];
  if (!port.usesLocalEndpoints) return { cluster, local: [], reachable: cluster, any: cluster.length > 0 };
  const local = usable(endpoints.filter((e) => e.local));
  const any = cluster.length > 0 || endpoints.some((e) => isReady(e) || isLeaving(e));
  // Local ones that are leaving are not among the cluster's while others are ready.
  const reachable = [...cluster, ...local.filter((e) => !cluster.includes(e))];
  return { cluster, local, reachable, any };
}
