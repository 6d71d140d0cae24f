/** Ports by number and by name, of pods and of Services. */

import { type NamedPort, nearest } from '@netverdict/contracts';
import type { Protocol as KubeProtocol, Pod, Service, ServicePort } from '@netverdict/kube';
import { ok, type Protocol } from '@netverdict/linux-net';
import { fail, type Outcome } from './outcome.ts';
import { nameOf } from './pods.ts';

export const kubeProtocol = (protocol: Protocol): KubeProtocol => (protocol === 'udp' ? 'UDP' : 'TCP');

/** The number of a port of a pod. A number needs no declaration: containers may listen on what they never named. */
export function podPort(pod: Pod, port: NamedPort | undefined, protocol: Protocol): Outcome<number | null> {
  if (protocol === 'icmp') return ok(null);
  if (typeof port === 'number') return ok(port);
  const declared = pod.ports.filter((p) => p.protocol === kubeProtocol(protocol));
  const lines = declared.map((p) => `port ${p.port}${p.name === null ? '' : ` (${p.name})`}`);
  const name = `pod ${nameOf(pod)}`;
  if (port === undefined) {
    const numbers = new Set(declared.map((p) => p.port));
    const only = [...numbers][0];
    return numbers.size === 1 && only !== undefined ? ok(only) : portMissing(name, protocol, lines);
  }
  const found = declared.find((p) => p.name === port);
  return found ? ok(found.port) : unknownPort(name, port, protocol, lines, namesOf(declared));
}

export type ServicePortChoice =
  | { readonly kind: 'port'; readonly port: ServicePort }
  /** The Service has no such port; the packet is followed all the same. */
  | { readonly kind: 'absent'; readonly number: number; readonly note: string }
  | { readonly kind: 'none' };

export function servicePort(
  service: Service,
  port: NamedPort | undefined,
  protocol: Protocol,
): Outcome<ServicePortChoice> {
  if (protocol === 'icmp') return ok({ kind: 'none' });
  const name = `service ${nameOf(service)}`;
  const declared = service.ports.filter((p) => p.protocol === kubeProtocol(protocol));
  const lines = service.ports.map(portLine);
  if (port === undefined) {
    const only = declared[0];
    return declared.length === 1 && only ? ok({ kind: 'port', port: only }) : portMissing(name, protocol, lines);
  }
  const found = declared.find((p) => (typeof port === 'number' ? p.port === port : p.name === port));
  if (found) return ok({ kind: 'port', port: found });
  if (typeof port === 'string') return unknownPort(name, port, protocol, lines, namesOf(declared));
  const has = lines.length === 0 ? 'no ports' : lines.join(', ');
  return ok({ kind: 'absent', number: port, note: `${name} has no ${protocol} port ${port}; it has ${has}` });
}

export const portLine = (p: ServicePort): string =>
  `port ${p.port}/${p.protocol.toLowerCase()}${p.name === null ? '' : ` (${p.name})`}`;

const namesOf = (ports: readonly { readonly name: string | null }[]): string[] =>
  ports.flatMap((p) => (p.name === null ? [] : [p.name]));

const portMissing = (name: string, protocol: Protocol, lines: readonly string[]) =>
  fail(
    'port-missing',
    'Which port?',
    `${name} has ${lines.length === 0 ? 'no declared port' : `${lines.length} declared ports`}: name the ${protocol} port.`,
    lines,
  );

function unknownPort(
  name: string,
  port: string,
  protocol: Protocol,
  lines: readonly string[],
  names: readonly string[],
) {
  const near = nearest(port, names);
  const sorted = [...lines].sort(
    (a, b) => Number(near.some((n) => b.includes(n))) - Number(near.some((n) => a.includes(n))),
  );
  return fail(
    'unknown-port',
    `${name} has no port named ${port}`,
    `${name} declares no ${protocol} port with the name ${port}.`,
    sorted,
  );
}
