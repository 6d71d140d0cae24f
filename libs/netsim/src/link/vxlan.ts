/** VXLAN: the FDB names the other end, outer headers go around the frame, and the other end takes them off again. */
import { formatIp, type IpAddress, type Link, type Mac, type Range, type VxlanDetail } from '@netverdict/linux-net';
import { keepsHash } from '../packet/hash.ts';
import { describe, type Frame, lengthOf, type Packet, scrub, type TunnelPayload } from '../packet/packet.ts';
import { linkDown } from '../path/egress.ts';
import { keyOf, routed } from '../path/output-route.ts';
import { selectAddress } from '../route/lookup.ts';
import { cite, citeAbsence, citeLink } from '../trace/evidence.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { missingSection, sysctl, sysctlText } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { isLocalMac } from './bridge-ports.ts';
import { spread } from './spread.ts';
import { endsOf, isGroup, type Remote, remotesOf } from './vxlan-ends.ts';

/** Outer IPv4 20 (IPv6 40), UDP 8, VXLAN 8, inner Ethernet 14. */
export const vxlanOverhead = (outer: IpAddress): number => (typeof outer === 'number' ? 50 : 70);
/** Where the kernel's outer source ports may begin; see `outerPort`. */
const FIRST_OUTER_PORT = 49152;

/**
 * iptunnel_xmit and ip6tunnel_xmit: so often may a transmission lead to another one ("Dead loop on virtual device"), of which a tunnel
 * counts as two. Kernels before 2026 count devices alone, and eight of them: there it is as much a loop, some turns later.
 */
const IP_TUNNEL_RECURSION_LIMIT = 5;
/** Deeper than any that hosts make on purpose: hosts that wrap each other's packets and never unwrap them. */
const DEEPEST = 8;

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
  walk.transmissions++;
  if (walk.transmissions > IP_TUNNEL_RECURSION_LIMIT || depthOf(packet) >= DEEPEST)
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
  const remote = remoteFor(walk, ns, link, detail, frame);
  if (remote === null || !walk.sees('link/vxlan-fdb', true))
    return walk.stop(
      ns,
      packet,
      'tunnel-lost',
      { kind: 'fdb-missing', link, mac: frame.dstMac ?? '', gateway: nexthop },
      `${link.name}: no forwarding entry for ${frame.dstMac}`,
      { evidence: [citeAbsence(fdb, 'bridge-fdb', `no entry for ${frame.dstMac} dev ${link.name}`)], kind: 'fdb' },
    );
  const { dst, entry } = remote;
  if (isGroup(dst) || detail.extended)
    return walk.unknown(ns, packet, {
      kind: 'link',
      place: ns.key,
      node: ns.node,
      text: isGroup(dst)
        ? `${link.name} floods to the group ${formatIp(dst)}, and who hears it is not modelled`
        : `${link.name} uses extensions of VXLAN that are not modelled`,
      zh: isGroup(dst)
        ? `${link.name} 向组播组 ${formatIp(dst)} 泛洪,尚不支持`
        : `${link.name} 使用了尚不支持的 VXLAN 扩展`,
      evidence: [citeVxlan(ns, link)],
    });
  walk.step(ns, () => ({
    kind: 'fdb',
    text: `${link.name}: ${frame.dstMac} is at ${formatIp(dst)}`,
    action: 'pass',
    detail: { dev: link.name, dst: formatIp(dst) },
    ...(entry ? { evidence: [cite(fdb, 'bridge-fdb', entry.evidence)] } : {}),
  }));
  const sport = outerPort(walk, packet);
  const hashed = hashKept(walk, packet, sport);
  const outer: Packet = {
    family: typeof dst === 'number' ? 'ipv4' : 'ipv6',
    protocol: 17,
    source: detail.local ?? dst,
    destination: dst,
    sport,
    sportAmong: outerPorts(ns),
    dport: remote.port,
    tcpFlags: 0,
    icmp: null,
    ttl: detail.ttl === 'inherit' ? packet.ttl : detail.ttl || defaultTtl(ns, dst),
    tos: outerTos(detail, packet),
    sizeBytes: lengthOf(packet) + vxlanOverhead(dst),
    dontFragment: outerDf(detail, packet),
    // iptunnel_xmit scrubs without crossing a namespace: the mark goes along with the outer packet.
    mark: packet.mark,
    ct: null,
    untracked: false,
    zone: 0,
    ...(detail.sums[typeof dst === 'number' ? 'ipv4' : 'ipv6'] ? {} : { sum: 'none' }),
    ...hashed,
    payload: { kind: 'vxlan', vni: remote.vni, frame: { ...frame, packet: { ...scrub(packet, false), ...hashed } } },
  };
  // An entry without `via` has no device, not the tunnel's (vxlan_fdb_parse): only the end that the device itself names has that.
  const oif = entry ? entry.via : remote.learned ? null : detail.underlay;
  const sourced = detail.local === null ? withSource(walk, ns, outer, oif) : outer;
  walk.step(ns, () => ({
    kind: 'encapsulate',
    text: `${link.name}: VXLAN ${outer.payload?.vni} to ${formatIp(dst)} udp/${outer.dport}`,
    action: 'change',
    detail: { dev: link.name, vni: outer.payload?.vni ?? null },
    packet: sourced,
  }));
  walk.transmissions++;
  return { do: 'output', ns, packet: sourced, oif, sourceChosen: detail.local === null };
}

/**
 * udp_flow_src_port: the kernel hashes the inner flow into the source port. Which one it will be cannot be known, but flows
 * have ports of their own: conntrack takes no flow's outer packets for another's.
 */
function outerPort(walk: Walk, inner: Packet): number {
  if (inner.hashedTo !== undefined) return inner.hashedTo;
  const { family, protocol, source, destination, sport, dport } = inner;
  return portOf(walk, `${family} ${protocol} ${source} ${sport} ${destination} ${dport}`);
}

function portOf(walk: Walk, flow: string): number {
  const known = walk.outerPorts.get(flow);
  if (known !== undefined) return known;
  const port = FIRST_OUTER_PORT + walk.outerPorts.size;
  walk.outerPorts.set(flow, port);
  return port;
}

/**
 * The hash that stays with the buffer. iptunnel_xmit forgets one of addresses alone; the trace then asks for that of the tunnel's own
 * packet, whose ports make it stay.
 */
function hashKept(walk: Walk, inner: Packet, sport: number): Pick<Packet, 'hashedTo'> {
  if (keepsHash(inner)) return { hashedTo: sport };
  return walk.traced ? { hashedTo: portOf(walk, `tunnel ${sport}`) } : {};
}

/** What rules may ask of it (inet_get_local_port_range, its end left out by udp_flow_src_port; `srcport` of the device is not read). */
function outerPorts(ns: WorldNamespace): Range {
  const { sysctls } = ns.net.state;
  const text = sysctls.known ? sysctlText(sysctls.value, 'net/ipv4/ip_local_port_range') : undefined;
  const [from = 1, to = 65536] = text?.match(/\d+/g)?.map(Number) ?? [];
  return { from, to: to - 1 };
}

/** The route is asked for without a source, and kept once that is known (udp_tunnel_dst_lookup). */
function withSource(walk: Walk, ns: WorldNamespace, outer: Packet, oif: Link['ifindex'] | null): Packet {
  const way = routed(walk, ns, outer, keyOf(walk, ns, outer, oif, true), false);
  if (!way.ok) return outer;
  const source =
    way.e.route?.prefsrc ?? selectAddress(ns, way.e.out.ifindex, way.e.via ?? outer.destination, outer.family);
  return source === null ? outer : { ...outer, source };
}

/** Of several ends that an unknown address is sent to, the one behind which somebody has it. */
function remoteFor(walk: Walk, ns: WorldNamespace, link: Link, detail: VxlanDetail, frame: Frame): Remote | null {
  const remotes = remotesOf(walk, ns, link, detail, frame.dstMac);
  const [first, ...others] = remotes;
  if (!first || others.length === 0) return first ?? null;
  const to = frame.dstMac;
  if (to === null) return first;
  const behind = remotes.find((remote) =>
    [...endsOf(walk, ns, link, detail, remote)].some(
      (end) => end.link.mac === to || leadsOn(walk, end.ns, end.link, frame, to),
    ),
  );
  return behind ?? first;
}

const leadsOn = (walk: Walk, ns: WorldNamespace, link: Link, frame: Frame, to: Mac): boolean => {
  const bridge = link.master === null ? undefined : ns.net.linkByIndex.get(link.master);
  if (bridge?.detail.kind !== 'bridge') return false;
  if (isLocalMac(ns, bridge, to)) return true;
  const cast = { from: frame.srcMac, to, wanted: null };
  return walk.aside(() => spread(walk, ns, bridge, cast, false)).members.length > 0;
};

const IPV4_TTL = 64;
const defaultTtl = (ns: WorldNamespace, dst: IpAddress): number =>
  sysctl(ns, typeof dst === 'number' ? 'net/ipv4/ip_default_ttl' : 'net/ipv6/conf/default/hop_limit') ?? IPV4_TTL;

/** INET_ECN_encapsulate: ECN bits come from the inner packet ("congestion experienced" as ECT(0)), the others from the device. */
function outerTos(detail: VxlanDetail, inner: Packet): number {
  const ecn = inner.tos & 3;
  return ((detail.tos === 1 ? inner.tos : detail.tos) & 0xfc) | (ecn === 3 ? 2 : ecn);
}

const outerDf = (detail: VxlanDetail, inner: Packet): boolean =>
  detail.df === 'set' || (detail.df === 'inherit' && (inner.family === 'ipv6' || inner.dontFragment));

export const hasTunnelAt = (ns: WorldNamespace, port: number | null): boolean =>
  [...ns.net.linkByIndex.values()].some((l) => l.detail.kind === 'vxlan' && l.detail.dstPort === port);

/** vxlan_rcv: the device with the packet's port and VNI takes it. */
export function decapsulate(walk: Walk, ns: WorldNamespace, packet: Packet, payload: TunnelPayload): Next {
  const devices = [...ns.net.linkByIndex.values()].filter((l) => l.detail.kind === 'vxlan');
  const byPort = devices.filter((l) => l.detail.kind === 'vxlan' && l.detail.dstPort === packet.dport);
  const device =
    byPort.find((l) => l.detail.kind === 'vxlan' && l.detail.vni === payload.vni && !l.detail.external) ??
    byPort.find((l) => l.detail.kind === 'vxlan' && l.detail.external);
  if (!device || !walk.sees('link/vxlan-vni', true))
    return walk.stop(
      ns,
      packet,
      'tunnel-lost',
      { kind: 'vni-unknown', vni: payload.vni, port: packet.dport ?? 0, devices },
      `no VXLAN device takes VNI ${payload.vni} on udp/${packet.dport}`,
      { evidence: devices.map((l) => citeVxlan(ns, l)), kind: 'decapsulate' },
    );
  if (!device.up) return linkDown(walk, ns, device, packet);
  const refused = snoop(walk, ns, device, packet, payload);
  if (refused) return refused;
  const inner = payload.frame.packet;
  walk.step(ns, () => ({
    kind: 'decapsulate',
    text: `${device.name}: VXLAN ${payload.vni} taken off: ${describe(inner)}`,
    action: 'change',
    detail: { dev: device.name, vni: payload.vni },
    packet: inner,
  }));
  // skb_scrub_packet: it is the same buffer, and the mark that the tunnel's packet was given here stays on it.
  const received = { ...scrub(inner, true), mark: packet.mark };
  return { do: 'receive', ns, link: device, frame: { ...payload.frame, packet: received } };
}

/** vxlan_snoop: a learning device remembers which end the frame came from, and takes none that a fixed entry places elsewhere. */
function snoop(walk: Walk, ns: WorldNamespace, device: Link, outer: Packet, payload: TunnelPayload): Next | null {
  const { srcMac } = payload.frame;
  if (device.detail.kind !== 'vxlan' || !device.detail.learning || srcMac === null) return null;
  const { fdb } = ns.net.state;
  const fixed = fdb.known
    ? fdb.value.find((e) => e.dev === device.ifindex && e.dst !== null && e.mac === srcMac && e.isStatic)
    : undefined;
  if (!fixed) {
    walk.learned.set(`${ns.key} ${device.ifindex} ${srcMac}`, outer.source);
    return null;
  }
  if (fixed.dst === outer.source || !walk.sees('link/vxlan-fixed-entry', true)) return null;
  return walk.stop(
    ns,
    outer,
    'tunnel-lost',
    { kind: 'frame-lost', link: device, mac: srcMac, address: payload.frame.packet.source },
    `${device.name} expects ${srcMac} from ${formatIp(fixed.dst ?? outer.source)}, not from ${formatIp(outer.source)}`,
    { evidence: [cite(fdb, 'bridge-fdb', fixed.evidence)], kind: 'decapsulate' },
  );
}

function citeVxlan(ns: WorldNamespace, link: Link) {
  const cited = citeLink(ns, link);
  return link.detail.kind === 'vxlan'
    ? { ...cited, text: `${cited.text} vxlan id ${link.detail.vni} dstport ${link.detail.dstPort}` }
    : cited;
}
