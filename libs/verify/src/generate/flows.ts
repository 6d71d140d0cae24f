/** Packets to send: aimed so that about half of the rules' conditions hold, and now and then at nobody at all. */
import type { FlowSpec } from '../world/spec.ts';
import { address, FAMILIES, PORTS, v4 } from './addresses.ts';
import type { Draft } from './draft.ts';

/** Source ports of flows are apart by more than a flow's repetitions take. */
const FIRST_SPORT = 20_000;
const SPORTS_PER_FLOW = 130;

export function addFlows(draft: Draft, count: number): void {
  for (let i = 0; i < count; i++) draft.flows.push(flow(draft, `f${i}`, FIRST_SPORT + i * SPORTS_PER_FLOW));
}

export function flow(draft: Draft, id: string, sport: number): FlowSpec {
  const { random } = draft;
  const sources = draft.namespaces.filter((ns) => ns.devices.some((d) => d.subnet !== null));
  const ends = sources.filter((ns) => !ns.router);
  const from = random.chance(0.8) && ends.length > 0 ? random.pick(ends) : random.pick(sources);
  const family = random.pick(FAMILIES);
  const protocol = random.weighted([
    [5, 'tcp'],
    [5, 'udp'],
    [3, 'icmp'],
  ] as const);
  const target = targetOf(draft, from.name, family);
  const own = from.devices.filter((d) => d.subnet !== null);
  const source = random.chance(0.7) && own.length > 0 ? random.pick(own) : null;
  const sized = protocol !== 'tcp' && random.chance(0.25);
  return {
    id,
    from: from.name,
    family,
    protocol,
    source: source && address(family, source.subnet ?? 0, source.host ?? 0),
    sport,
    destination: target.address,
    dport: protocol === 'icmp' ? 0 : (target.port ?? random.pick(PORTS)),
    sizeBytes: sized ? random.pick([100, 600, 1280, 1281, 1400, 1401, 1450, 1451, 1500, 1501, 2000]) : null,
    dontFragment: protocol === 'tcp' || random.chance(0.5),
    tos: random.chance(0.2) ? random.pick([0x10, 0x08, 0x28, 0xb8, 0x04]) : 0,
    mark: random.chance(0.15) ? random.pick([1, 2, 0x4000, 0x10001]) : 0,
    ttl: random.weighted([
      [20, 64],
      [1, 1],
      [1, 2],
      [1, 3],
    ]),
    uid: random.chance(0.15) ? random.pick([1000, 1001]) : 0,
    device: random.chance(0.05) && own.length > 0 ? random.pick(own).name : null,
    // A lone packet of no connection: SYN+ACK, RST, FIN, ACK.
    tcpFlags:
      protocol === 'tcp' && random.chance(0.08) ? random.pick([0x12, 0x04, 0x14, 0x11, 0x10, 0x18, 0x02]) : null,
    // Where the model sees no lots drawn, a few packets show whether that is so.
    repeat: draft.lots > 0 && random.chance(0.1) ? 8 : 1,
    continues: null,
  };
}

function targetOf(
  draft: Draft,
  from: string,
  family: 'ipv4' | 'ipv6',
): { readonly address: string; readonly port: number | null } {
  const { random } = draft;
  const others = draft.namespaces.filter((ns) => ns.name !== from).flatMap((ns) => ns.devices);
  const addressed = others.filter((d) => d.subnet !== null);
  const special = draft.targets.filter((t) => t.family === family);
  return random.weighted<() => { address: string; port: number | null }>([
    [
      10,
      () => {
        const device = random.pick(addressed);
        return { address: address(family, device.subnet ?? 0, device.host ?? 0), port: null };
      },
    ],
    [special.length > 0 ? 8 : 0, () => random.pick(special)],
    // Nobody there: on a subnet of the world, and beyond all of them.
    [0.5, () => ({ address: address(family, random.pick(addressed).subnet ?? 1, 77), port: null })],
    [0.5, () => ({ address: address(family, 99, 9), port: null })],
    [0.3, () => ({ address: family === 'ipv4' ? '127.0.0.1' : '::1', port: null })],
    // Everybody on the sender's own link.
    [0.4, () => ({ address: family === 'ipv4' ? everybody(draft, from) : address(family, 99, 9), port: null })],
    [
      0.3,
      () => {
        const own = draft.namespaces.find((ns) => ns.name === from)?.devices.find((d) => d.subnet !== null);
        return { address: address(family, own?.subnet ?? 1, own?.host ?? 1), port: null };
      },
    ],
  ])();
}

function everybody({ random, namespaces }: Draft, from: string): string {
  const own = namespaces.find((ns) => ns.name === from)?.devices.flatMap(({ subnet }) => subnet ?? []) ?? [];
  return own.length > 0 && random.chance(0.7) ? v4(random.pick(own), 255) : '255.255.255.255';
}
