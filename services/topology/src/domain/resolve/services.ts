/** Services as destinations: ClusterIP, headless, ExternalName. */

import type { NamedPort } from '@netverdict/contracts';
import type { ClusterObjects, Endpoint, EndpointSlice, Service } from '@netverdict/kube';
import { ok, type Protocol } from '@netverdict/linux-net';
import { familyOfText } from './addresses.ts';
import { missing, nearbyObjects } from './nearby.ts';
import { fail, type Outcome } from './outcome.ts';
import { nameOf, placed, splitName } from './pods.ts';
import { servicePort } from './ports.ts';
import type { ResolvedDestination } from './resolution.ts';

export interface NamedDestination {
  readonly destination: ResolvedDestination;
  readonly name: string;
  readonly notes: readonly string[];
}

export interface Asked {
  readonly protocol: Protocol;
  readonly port: NamedPort | undefined;
  /** Families that the source can speak, preferred first. */
  readonly families: readonly ('ipv4' | 'ipv6')[];
  /** The source's namespace, for short DNS names; null when it is not a pod. */
  readonly sourceNamespace: string | null;
}

export function findService(objects: ClusterObjects, text: string): Outcome<Service> {
  const { namespace, name } = splitName(text);
  const service = objects.service(namespace, name);
  if (service) return ok(service);
  const namespaces = [...objects.namespaces.keys()];
  const suggestions = nearbyObjects(
    'service',
    { namespace, name },
    [...objects.services.values()].map((s) => ({ namespace: s.meta.namespace, name: s.meta.name })),
    namespaces,
  );
  if (objects.pod(namespace, name)) suggestions.unshift(`pod ${text}`);
  return fail(
    'unknown-service',
    `There is no service ${text}`,
    missing('service', { namespace, name }, namespaces),
    suggestions,
  );
}

export function toService(objects: ClusterObjects, service: Service, asked: Asked): Outcome<NamedDestination> {
  const label = nameOf(service);
  if (service.type === 'ExternalName')
    return fail(
      'external-name',
      `Service ${label} is only a DNS alias`,
      `Service ${label} stands for the name ${service.externalName ?? '(none)'}, which is looked up outside the cluster. Ask for the address that it resolves to.`,
    );
  const chosen = servicePort(service, asked.port, asked.protocol);
  if (!chosen.ok) return chosen;
  if (service.headless) return toHeadless(objects, service, asked);
  const address = asked.families
    .map((family) => service.clusterIps.find((ip) => familyOfText(ip) === family))
    .find((ip) => ip !== undefined);
  if (address === undefined)
    return fail(
      'family-mismatch',
      `Service ${label} has no address of that family`,
      `The source speaks ${asked.families.join(' and ')}; service ${label} has ${service.clusterIps.join(', ') || 'no cluster IP'}.`,
    );
  const choice = chosen.value;
  const port = choice.kind === 'port' ? choice.port.port : choice.kind === 'absent' ? choice.number : null;
  return ok({
    destination: {
      place: {
        kind: 'service',
        target: { service, entryNode: null, port: choice.kind === 'port' ? choice.port.port : null },
      },
      address,
      port,
    },
    name: `service ${label}${port === null ? '' : `:${port}`}`,
    notes: choice.kind === 'absent' ? [choice.note] : [],
  });
}

/** DNS answers for a headless Service with its endpoints' addresses: the flow goes to one of them, on the targetPort. */
function toHeadless(objects: ClusterObjects, service: Service, asked: Asked): Outcome<NamedDestination> {
  const label = nameOf(service);
  const endpoint = endpointsOf(objects, service, asked.protocol, asked.port).find(
    (e) => e.ready && asked.families.includes(familyOfText(e.address)),
  );
  if (!endpoint)
    return fail(
      'no-endpoints',
      `Headless service ${label} has no ready endpoint`,
      `The DNS name of a headless Service has the addresses of its ready pods, and ${label} has none: the lookup fails before any packet.`,
    );
  const pod = endpoint.pod ? objects.pod(endpoint.pod.namespace, endpoint.pod.name) : null;
  const usable = pod ? placed(pod) : null;
  // Nothing translates ports for a headless Service: a number asked for is the pod's own.
  const port = asked.protocol === 'icmp' ? null : typeof asked.port === 'number' ? asked.port : endpoint.port;
  const who = pod ? `pod ${nameOf(pod)}` : endpoint.address;
  return ok({
    destination: {
      place: usable?.ok ? { kind: 'pod', pod: usable.value } : { kind: 'address' },
      address: endpoint.address,
      port,
    },
    name: `headless service ${label} (${who}${port === null ? '' : ` port ${port}`})`,
    notes: [`service ${label} is headless: asked for ${who}, one of its addresses`],
  });
}

export interface ServiceEndpoint {
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  readonly pod: { readonly namespace: string; readonly name: string } | null;
  readonly node: string | null;
  readonly ready: boolean;
}

/** Endpoints of the port asked for; of every port when none is named. In the order of the slices' names. */
export function endpointsOf(
  objects: ClusterObjects,
  service: Service,
  protocol: Protocol | null,
  port: NamedPort | undefined,
): readonly ServiceEndpoint[] {
  const servicePorts = service.ports.filter(
    (p) =>
      (protocol === null || protocol === 'icmp' || p.protocol === (protocol === 'udp' ? 'UDP' : 'TCP')) &&
      (port === undefined || p.port === port || p.name === port),
  );
  const slices = [...objects.slicesOfService(service.meta.namespace, service.meta.name)].sort((a, b) =>
    a.meta.name < b.meta.name ? -1 : 1,
  );
  return slices.flatMap((slice) => slice.endpoints.flatMap((endpoint) => expand(slice, endpoint, servicePorts)));
}

function expand(slice: EndpointSlice, endpoint: Endpoint, servicePorts: Service['ports']): ServiceEndpoint[] {
  // A slice's port has the name of the Service's port; an unnamed one is the empty string.
  const ports = slice.ports.filter((p) =>
    servicePorts.some((s) => (s.name ?? '') === p.name && s.protocol === p.protocol),
  );
  return endpoint.addresses.flatMap((address) =>
    ports.flatMap((p) =>
      p.port === null
        ? []
        : [
            {
              address,
              port: p.port,
              protocol: p.protocol,
              pod: endpoint.pod,
              node: endpoint.nodeName,
              ready: endpoint.ready,
            },
          ],
    ),
  );
}
