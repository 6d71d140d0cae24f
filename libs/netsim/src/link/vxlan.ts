/** VXLAN: the FDB names the other end, outer headers go around the frame, and the other end takes them off again. */
import { type FdbEntry, formatIp, type IpAddress, type Link, type VxlanDetail } from '@netverdict/linux-net';
import { describe, type Frame, type Packet, scrub, type TunnelPayload } from '../packet/packet.ts';
import { linkDown } from '../path/egress.ts';
import { routeOutput } from '../path/output.ts';
import { selectAddress } from '../route/lookup.ts';
import { cite, citeAbsence, citeLink } from '../trace/evidence.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { missingSection } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';

/** Outer IPv4 20 (IPv6 40), UDP 8, VXLAN 8, inner Ethernet 14. */
export const vxlanOverhead = (outer: IpAddress): number => (typeof outer === 'number' ? 50 : 70);
const ALL_ZERO = '00:00:00:00:00:00';
/** The kernel hashes the inner flow into the source port (udp_flow_src_port); any value of its range will do. */
const OUTER_SPORT = 49152;

/** include/linux/netdevice.h: so often may a device's transmission lead to another one ("Dead loop on virtual device"). */
const XMIT_RECURSION_LIMIT = 8;

const depthOf = (packet: Packet): number => (packet.payload ? 1 + depthOf(packet.payload.frame.packet) : 0);

export function encapsulate(
  walk: Walk,
  ns: WorldNamespace,
  link: Link,
  detail: VxlanDetail,
  frame: Frame,
  nexthop: IpAddress | null,
): Next {
  const { packet } = frame;
  const { fdb } = ns.net.state;
  if (depthOf(packet) >= XMIT_RECURSION_LIMIT)
    return walk.stop(
      ns,
      packet,
      'loop',
      { kind: 'loop' },
      `${link.name}: the tunnel's own packets are sent into it again and again`,
      { evidence: [citeLink(ns, link)], kind: 'encapsulate' },
    );
  if (detail.external)
    return walk.unknown(ns, packet, {
      kind: 'link',
      place: ns.key,
      node: ns.node,
      text: `${link.name} takes its tunnel keys from routes or programs, which is not modelled`,
      zh: `${link.name} 的隧道参数来自路由或程序,尚不支持`,
      evidence: [citeLink(ns, link)],
    });
  if (!fdb.known) return walk.unknown(ns, packet, missingSection(ns, fdb, 'bridge-fdb'));
  const entry = findEntry(fdb.value, link, frame.dstMac);
  const dst = entry?.dst ?? detail.remote;
  if (dst === null)
    return walk.stop(
      ns,
      packet,
      'tunnel-lost',
      { kind: 'fdb-missing', link, mac: frame.dstMac ?? '', gateway: nexthop },
      `${link.name}: no forwarding entry for ${frame.dstMac}`,
      { evidence: [citeAbsence(fdb, 'bridge-fdb', `no entry for ${frame.dstMac} dev ${link.name}`)], kind: 'fdb' },
    );
  walk.step(ns, {
    kind: 'fdb',
    text: `${link.name}: ${frame.dstMac} is at ${formatIp(dst)}`,
    action: 'pass',
    detail: { dev: link.name, dst: formatIp(dst) },
    ...(entry ? { evidence: [cite(fdb, 'bridge-fdb', entry.evidence)] } : {}),
  });
  const outer: Packet = {
    family: typeof dst === 'number' ? 'ipv4' : 'ipv6',
    protocol: 17,
    source: detail.local ?? dst,
    destination: dst,
    sport: OUTER_SPORT,
    dport: entry?.port ?? detail.dstPort,
    tcpFlags: 0,
    icmp: null,
    ttl: 64,
    tos: 0,
    sizeBytes: packet.sizeBytes + vxlanOverhead(dst),
    dontFragment: false,
    // iptunnel_xmit scrubs without crossing a namespace: the mark goes along with the outer packet.
    mark: packet.mark,
    ct: null,
    untracked: false,
    zone: 0,
    payload: { kind: 'vxlan', vni: entry?.vni ?? detail.vni, frame: { ...frame, packet: scrub(packet, false) } },
  };
  const oif = entry?.via ?? detail.underlay;
  const sourced = detail.local === null ? withSource(walk, ns, outer, oif) : outer;
  walk.step(ns, {
    kind: 'encapsulate',
    text: `${link.name}: VXLAN ${outer.payload?.vni} to ${formatIp(dst)} udp/${outer.dport}`,
    action: 'change',
    detail: { dev: link.name, vni: outer.payload?.vni ?? null },
    packet: sourced,
  });
  return { do: 'output', ns, packet: sourced, oif };
}

function withSource(walk: Walk, ns: WorldNamespace, outer: Packet, oif: Link['ifindex'] | null): Packet {
  const way = routeOutput(walk, ns, outer, oif, false);
  if (!way.ok) return outer;
  const source =
    way.e.route?.prefsrc ?? selectAddress(ns, way.e.out.ifindex, way.e.via ?? outer.destination, outer.family);
  return source === null ? outer : { ...outer, source };
}

/** The device's own (`self`) entry for the address, else the default destination (all zeros). */
function findEntry(entries: readonly FdbEntry[], link: Link, mac: string | null): FdbEntry | undefined {
  const own = entries.filter((e) => e.dev === link.ifindex && e.dst !== null);
  return own.find((e) => e.mac === mac) ?? own.find((e) => e.mac === ALL_ZERO);
}

/** vxlan_rcv: the device with the packet's port and VNI takes it. */
export function decapsulate(walk: Walk, ns: WorldNamespace, packet: Packet, payload: TunnelPayload): Next {
  const devices = [...ns.net.linkByIndex.values()].filter((l) => l.detail.kind === 'vxlan');
  const byPort = devices.filter((l) => l.detail.kind === 'vxlan' && l.detail.dstPort === packet.dport);
  const device = byPort.find((l) => l.detail.kind === 'vxlan' && (l.detail.vni === payload.vni || l.detail.external));
  if (!device)
    return walk.stop(
      ns,
      packet,
      'tunnel-lost',
      { kind: 'vni-unknown', vni: payload.vni, port: packet.dport ?? 0, devices },
      `no VXLAN device takes VNI ${payload.vni} on udp/${packet.dport}`,
      { evidence: devices.map((l) => citeVxlan(ns, l)), kind: 'decapsulate' },
    );
  if (!device.up) return linkDown(walk, ns, device, packet);
  const inner = payload.frame.packet;
  walk.step(ns, {
    kind: 'decapsulate',
    text: `${device.name}: VXLAN ${payload.vni} taken off: ${describe(inner)}`,
    action: 'change',
    detail: { dev: device.name, vni: payload.vni },
    packet: inner,
  });
  return { do: 'receive', ns, link: device, frame: { ...payload.frame, packet: scrub(inner, true) } };
}

function citeVxlan(ns: WorldNamespace, link: Link) {
  const cited = citeLink(ns, link);
  return link.detail.kind === 'vxlan'
    ? { ...cited, text: `${cited.text} vxlan id ${link.detail.vni} dstport ${link.detail.dstPort}` }
    : cited;
}
