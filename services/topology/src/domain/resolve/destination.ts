/** Where the packet is sent. */

import type { Destination } from '@netverdict/contracts';
import type { ClusterObjects, Node } from '@netverdict/kube';
import { ok } from '@netverdict/linux-net';
import { type AddressFacts, clusterFamilies, familyOfText, unicast } from './addresses.ts';
import { meaningOf } from './dns-name.ts';
import { nodeIps, resolveNode } from './nodes.ts';
import { fail, type Outcome } from './outcome.ts';
import { nameOf, placed, resolvePod, resolveWorkload } from './pods.ts';
import { kubeProtocol, podPort } from './ports.ts';
import type { PlacedPod } from './resolution.ts';
import { type Asked, findService, type NamedDestination, toService } from './services.ts';

export function resolveDestination(
  objects: ClusterObjects,
  facts: AddressFacts,
  to: Destination,
  asked: Asked,
): Outcome<NamedDestination> {
  const { port: _port, ...ends } = to;
  const given = Object.values(ends).filter((value) => value !== undefined);
  if (given.length !== 1)
    return fail(
      'invalid-request',
      'The destination is not clear',
      'Name exactly one of pod, workload, service, node, ip or name as the destination.',
    );
  if (to.pod !== undefined) {
    const pod = resolvePod(objects, to.pod);
    return pod.ok ? toPod(pod.value, asked, []) : pod;
  }
  if (to.workload !== undefined) {
    const found = resolveWorkload(objects, to.workload);
    if (!found.ok) return found;
    const one = toPod(found.value.pod, asked, [found.value.note]);
    return one.ok ? ok({ ...one.value, name: `${one.value.name}${found.value.oneOf}` }) : one;
  }
  if (to.service !== undefined) {
    const service = findService(objects, to.service);
    return service.ok ? toService(objects, service.value, asked) : service;
  }
  if (to.node !== undefined) {
    const node = resolveNode(objects, to.node);
    return node.ok ? toNode(objects, node.value, asked) : node;
  }
  if (to.name !== undefined) return toName(objects, facts, to.name, asked);
  return toAddress(objects, facts, to.ip ?? '', asked);
}

function toPod(pod: PlacedPod, asked: Asked, notes: readonly string[]): Outcome<NamedDestination> {
  const port = podPort(pod, asked.port, asked.protocol);
  if (!port.ok) return port;
  const ips = pod.ips.length > 0 ? pod.ips : pod.hostIps;
  const address = ofFamilies(ips, asked);
  if (address === undefined) return familyMismatch(`Pod ${nameOf(pod)}`, ips, asked);
  const terminating = pod.meta.deletionRequestedAt === null ? [] : [`pod ${nameOf(pod)} is being deleted`];
  const host = pod.hostNetwork ? [`pod ${nameOf(pod)} uses the network of ${pod.nodeName}`] : [];
  return ok({
    destination: { place: { kind: 'pod', pod }, address, port: port.value },
    name: `pod ${nameOf(pod)}${port.value === null ? '' : ` port ${port.value}`}`,
    notes: [...notes, ...terminating, ...host],
  });
}

function toNode(objects: ClusterObjects, node: Node, asked: Asked): Outcome<NamedDestination> {
  const address = ofFamilies(nodeIps(node), asked);
  if (address === undefined) return familyMismatch(`Node ${node.meta.name}`, nodeIps(node), asked);
  return onNode(objects, node, address, asked, `node ${node.meta.name}`);
}

/** An address of a node: a NodePort when a Service has that port, else the node's own. */
function onNode(
  objects: ClusterObjects,
  node: Node,
  address: string,
  asked: Asked,
  name: string,
): Outcome<NamedDestination> {
  if (asked.protocol === 'icmp')
    return ok({ destination: { place: { kind: 'node', node }, address, port: null }, name, notes: [] });
  if (typeof asked.port !== 'number')
    return fail(
      'port-missing',
      'Which port?',
      `A node's ports have no names: give the ${asked.protocol} port as a number.`,
      nodePorts(objects),
    );
  const service = objects.serviceByNodePort(asked.port, kubeProtocol(asked.protocol));
  if (!service)
    return ok({
      destination: { place: { kind: 'node', node }, address, port: asked.port },
      name: `${name} port ${asked.port}`,
      notes: [],
    });
  return ok({
    destination: {
      place: {
        kind: 'service',
        target: { service: service.service, entryNode: node.meta.name, port: service.port.port },
      },
      address,
      port: asked.port,
    },
    name: `node port ${asked.port} of service ${nameOf(service.service)} on ${node.meta.name}`,
    notes: [],
  });
}

function nodePorts(objects: ClusterObjects): string[] {
  const lines: string[] = [];
  for (const service of objects.services.values())
    for (const port of service.ports)
      if (port.nodePort !== null) lines.push(`node port ${port.nodePort} of service ${nameOf(service)}`);
  return lines.slice(0, 5);
}

function toName(objects: ClusterObjects, facts: AddressFacts, name: string, asked: Asked): Outcome<NamedDestination> {
  const meaning = meaningOf(objects, name, asked.sourceNamespace);
  if (!meaning.ok) return meaning;
  switch (meaning.value.kind) {
    case 'service': {
      const service = findService(objects, meaning.value.service);
      return service.ok ? toService(objects, service.value, asked) : service;
    }
    case 'pod': {
      const pod = resolvePod(objects, meaning.value.pod);
      return pod.ok ? toPod(pod.value, asked, []) : pod;
    }
    case 'ip':
      return toAddress(objects, facts, meaning.value.ip, asked);
  }
}

function toAddress(
  objects: ClusterObjects,
  facts: AddressFacts,
  text: string,
  asked: Asked,
): Outcome<NamedDestination> {
  const checked = unicast(text, 'destination');
  if (!checked.ok) return checked;
  const address = checked.value;
  const family = familyOfText(address);
  if (!asked.families.includes(family) || !clusterFamilies(objects).has(family)) {
    const has = [...clusterFamilies(objects)].join(' and ') || 'no address at all';
    return fail(
      'family-mismatch',
      `${address} cannot be reached from this source`,
      `${address} is ${family}; the source has ${asked.families.join(' and ') || 'no address'} and the cluster's pods and nodes ${has}.`,
    );
  }
  const pod = objects.podsByIp(address)[0];
  if (pod) {
    const usable = placed(pod);
    return usable.ok ? toPod(usable.value, { ...asked, families: [family] }, []) : usable;
  }
  const node = objects.nodeByAddress(address);
  if (node) return onNode(objects, node, address, asked, `node ${node.meta.name} (${address})`);
  const service = objects.serviceByClusterIp(address);
  if (service) return toService(objects, service, { ...asked, families: [family] });
  return toUnowned(objects, facts, address, asked);
}

/** No object has the address now: the packet is followed all the same, and what is known is said. */
function toUnowned(
  objects: ClusterObjects,
  facts: AddressFacts,
  address: string,
  asked: Asked,
): Outcome<NamedDestination> {
  if (asked.protocol !== 'icmp' && typeof asked.port !== 'number')
    return fail('port-missing', 'Which port?', `Give the ${asked.protocol} port of ${address} as a number.`);
  const port = asked.protocol === 'icmp' || typeof asked.port !== 'number' ? null : asked.port;
  const notes: string[] = [];
  const ended = objects.terminatedPodsByIp(address)[0];
  const external = objects.servicesByExternalIp(address)[0];
  if (ended) notes.push(`${address} was the address of pod ${nameOf(ended.pod)}, which is gone`);
  else if (external) notes.push(`${address} is an external address of service ${nameOf(external)}`);
  else if (facts.inPodNetwork(address)) notes.push(`${address} lies in the pod network, but no pod has it`);
  else if (facts.inServiceNetwork(address)) notes.push(`${address} lies in the service network, but no Service has it`);
  const name = port === null ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  if (!external) return ok({ destination: { place: { kind: 'address' }, address, port }, name, notes });
  const servicePortNumber = external.ports.find((p) => p.port === port)?.port ?? null;
  return ok({
    destination: {
      place: { kind: 'service', target: { service: external, entryNode: null, port: servicePortNumber } },
      address,
      port,
    },
    name: `${name} (service ${nameOf(external)})`,
    notes,
  });
}

const ofFamilies = (addresses: readonly string[], asked: Asked): string | undefined =>
  asked.families.map((f) => addresses.find((a) => familyOfText(a) === f)).find((a) => a !== undefined);

const familyMismatch = (what: string, addresses: readonly string[], asked: Asked) =>
  fail(
    'family-mismatch',
    `${what} has no address of that family`,
    `The source speaks ${asked.families.join(' and ') || 'no IP family'}; ${what} has ${addresses.join(', ') || 'no address'}.`,
  );
