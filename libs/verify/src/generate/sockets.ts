/** Who listens where: wildcard and bound, dual stack and not, on a device, on loopback only, connected. */
import type { SocketSpec } from '../world/spec.ts';
import { address, PORTS } from './addresses.ts';
import type { Draft, DraftNamespace } from './draft.ts';

export function addSockets(draft: Draft): void {
  for (const ns of draft.namespaces) for (const socket of socketsOf(draft, ns)) ns.sockets.push(socket);
}

function socketsOf({ random }: Draft, ns: DraftNamespace): SocketSpec[] {
  const sockets: SocketSpec[] = [];
  const taken = new Set<string>();
  for (const port of random.some(PORTS, random.int(2, PORTS.length)))
    for (const protocol of ['tcp', 'udp'] as const) {
      if (random.chance(0.15)) continue;
      const socket = one(random, ns, protocol, port);
      // Two sockets that would be in each other's way are refused by bind().
      const key = `${protocol} ${port}`;
      if (taken.has(key)) continue;
      taken.add(key);
      sockets.push(socket);
    }
  return sockets;
}

function one(random: Draft['random'], ns: DraftNamespace, protocol: 'tcp' | 'udp', port: number): SocketSpec {
  const family = random.pick(['ipv4', 'ipv6', 'ipv6'] as const);
  const any = family === 'ipv4' ? '0.0.0.0' : '::';
  const devices = ns.devices.filter((d) => d.subnet !== null);
  const base = { protocol, family, port };
  return random.weighted<() => SocketSpec>([
    [8, () => ({ ...base, address: any, ...(family === 'ipv6' ? { v6only: false } : {}) })],
    [1, () => ({ ...base, address: any, ...(family === 'ipv6' ? { v6only: true } : {}) })],
    [1, () => ({ ...base, address: family === 'ipv4' ? '127.0.0.1' : '::1' })],
    [
      devices.length > 0 ? 2 : 0,
      () => {
        const d = random.pick(devices);
        return { ...base, address: address(family, d.subnet ?? 0, d.host ?? 0) };
      },
    ],
    [
      ns.devices.length > 0 ? 1 : 0,
      () => ({
        ...base,
        address: any,
        device: random.pick(ns.devices).name,
        ...(family === 'ipv6' ? { v6only: false } : {}),
      }),
    ],
  ])();
}
