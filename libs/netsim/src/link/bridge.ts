/** A bridge: its own reception, its forwarding between ports, and bridge netfilter (net/bridge/br_*.c, br_netfilter). */
import { type FdbEntry, formatIp, type Link } from '@netverdict/linux-net';
import { tracks } from '../answer/pieces.ts';
import { resolveNeighbour } from '../neighbour/resolve.ts';
import { NO_DEVICES } from '../netfilter/context.ts';
import { runHook, unreadRulesets } from '../netfilter/hook.ts';
import { nativeBridge } from '../netfilter/native.ts';
import { describe, type Frame, lengthOf, type Packet } from '../packet/packet.ts';
import { linkDown } from '../path/egress.ts';
import { routeInput } from '../route/input.ts';
import { ownerOf } from '../route/output.ts';
import { cite, citeAbsence, citeLink } from '../trace/evidence.ts';
import type { Next } from '../walk/next.ts';
import type { Cause, Stop } from '../walk/stop.ts';
import type { Walk } from '../walk/walk.ts';
import { stopUnread, unreadHost } from '../world/facts.ts';
import { peerOf, veth, type WorldNamespace } from '../world/world.ts';
import { callsIptables, enterBridge, passPorts } from './bridge-netfilter.ts';
import { fdbPort, isLocalMac, mayEnter, mayLeave, type Passing, portsOf } from './bridge-ports.ts';
import { spread } from './spread.ts';

const BROADCAST = 'ff:ff:ff:ff:ff:ff';

/** br_handle_frame: from a port, up to the host or on to another port. */
export function bridgeReceive(walk: Walk, ns: WorldNamespace, bridge: Link, port: Link, arrived: Frame): Next {
  const frame = arrived.dstMac === bridge.mac ? forBridge(arrived) : arrived;
  const { packet } = frame;
  if (!bridge.up) return linkDown(walk, ns, bridge, packet);
  const entering = mayEnter(walk, ns, bridge, port, frame.srcMac);
  if (!entering.ok) return portStop(walk, ns, packet, entering);
  if (frame.srcMac !== null && port.bridgePort?.learning !== false)
    walk.learned.set(`${ns.key} ${bridge.ifindex} ${frame.srcMac}`, port.ifindex);
  if (bridge.detail.kind === 'bridge' && bridge.detail.vlanFiltering) {
    const missing = {
      kind: 'link' as const,
      place: ns.key,
      node: ns.node,
      text: `VLAN filtering of ${bridge.name} is not modelled`,
      zh: `尚不支持网桥 ${bridge.name} 的 VLAN 过滤`,
      evidence: [citeLink(ns, bridge)],
    };
    if (
      !walk.ask(
        ns,
        `the VLAN filter of ${bridge.name} lets the frame through`,
        missing,
        `${ns.key} ${bridge.name} vlan`,
      )
    )
      return walk.lost(ns, packet, missing);
  }
  const before = enterBridge(walk, { ns, entry: port, frame }, packet, 'before');
  if (!before.ok) return before.next;
  const after = (p: Packet): Next | null => {
    const entered = enterBridge(walk, { ns, entry: port, frame }, p, 'after');
    return entered.ok ? null : entered.next;
  };
  const forHost = frame.dstMac === null || frame.dstMac === BROADCAST || isLocalMac(ns, bridge, frame.dstMac);
  const up = (p: Frame['packet'], prerouted: boolean, routedBy?: Link): Next => {
    const stopped = nativeBridge(walk, ns, ['input'], p, { iif: port, oif: null, frame });
    if (stopped) return stopped;
    walk.step(ns, () => ({
      kind: 'bridge',
      text: `${bridge.name}: from ${port.name} up to the host`,
      action: 'pass',
      detail: { dev: bridge.name },
    }));
    // ip_rcv_core: an address that the bridge has beside its own and its port's is another host's to the host.
    if (p.destination === frame.packet.destination && p.frame?.cast === 'otherhost')
      return walk.stop(
        ns,
        p,
        'dropped',
        { kind: 'frame-lost', link: bridge, mac: frame.dstMac ?? '', address: p.destination },
        `${bridge.name} has ${frame.dstMac} in its table, and the host does not take frames to it`,
        { evidence: [citeLink(ns, bridge)], kind: 'bridge' },
      );
    // Which port it was is written down by bridge netfilter alone (nf_bridge_info).
    const packet = prerouted ? putTogether(ns, p) : p;
    const physIn = prerouted ? port : null;
    return { do: 'ip-receive', ns, iif: bridge, packet, prerouted, physIn, ...(routedBy ? { routedBy } : {}) };
  };
  if (!callsIptables(walk, ns, bridge.detail.kind === 'bridge' ? bridge.detail : null, packet.family))
    return after(packet) ?? (forHost ? up(packet, false) : { do: 'bridge-forward', ns, bridge, port, frame });

  const unread = unreadRulesets(walk, ns, packet);
  if (unread) return unread;
  const pre = runHook({ walk, ns, hook: 'PREROUTING', devices: { ...NO_DEVICES, iif: bridge, physIn: port } }, packet);
  if (!pre.ok) return pre.next;
  const stopped = after(pre.packet);
  if (stopped) return stopped;
  if (pre.packet.destination === packet.destination)
    return forHost
      ? up(pre.packet, true)
      : { do: 'bridge-forward', ns, bridge, port, frame: { ...frame, packet: pre.packet } };
  return translated(walk, ns, bridge, port, frame, pre.packet, up);
}

/**
 * Pieces that connection tracking has put together under bridge netfilter are one packet to IPv6 above, which no longer knows how
 * big the pieces were, and may cut it anew (nf_ct_frag6_reasm sets ignore_df, ip6_rcv_core clears frag_max_size).
 */
const putTogether = (ns: WorldNamespace, packet: Packet): Packet =>
  packet.family === 'ipv6' && packet.pieceBytes != null && tracks(ns, 'ipv6')
    ? { ...packet, pieceBytes: null, mayBeCut: true }
    : packet;

/** br_handle_frame: to the port it was another host's, to the bridge it is its own. */
const forBridge = (frame: Frame): Frame => ({
  ...frame,
  packet: { ...frame.packet, ...(frame.packet.frame ? { frame: { ...frame.packet.frame, cast: 'host' } } : {}) },
});

/**
 * br_nf_pre_routing_finish: the new destination is routed as if the packet had come in by the bridge. One on this very bridge is
 * bridged on ("bridged DNAT"); others go up, as do those of a host that does not forward.
 */
function translated(
  walk: Walk,
  ns: WorldNamespace,
  bridge: Link,
  port: Link,
  frame: Frame,
  packet: Packet,
  up: (packet: Packet, prerouted: boolean, routedBy?: Link) => Next,
): Next {
  // br_nf_pre_routing_finish_ipv6 does not ask whether the host forwards, which IPv6 asks after the routes.
  const way = walk.aside(() => routeInput(walk, ns, bridge, packet, { routeOnly: packet.family === 'ipv6' }));
  const onward = way.kind === 'forward' ? way.out : way.kind === 'local' ? ownerOf(ns, packet.destination) : null;
  // ip6_rcv_core takes what has a route by now to have come by the device of that: the way out, or who has the address.
  const routedBy = packet.family === 'ipv6' && onward !== null ? onward : undefined;
  if (way.kind === 'local') return up(packet, true, routedBy);
  // br_nf_pre_routing_finish_ipv6 throws away what has no route, and tells nobody.
  if (packet.family === 'ipv6' && way.kind === 'stop' && way.next.do === 'end') {
    const { stop } = way.next;
    if (stop?.cause.kind === 'no-route' || stop?.cause.kind === 'route-error')
      return walk.stop(ns, packet, stop.disposition, { ...stop.cause, silent: true }, noWayText(packet), {
        evidence: stop.evidence,
        kind: 'route',
      });
  }
  // A route of IPv4 that fails is one to ip_error, whose device is not the bridge: such packets go up and end there.
  if (way.kind !== 'forward' || way.out.ifindex !== bridge.ifindex) return up(packet, true, routedBy);
  const { via } = way.nexthop;
  if (!walk.sees('bridge/bridged-dnat', true)) return up(packet, true);
  // What connection tracking has put together waits for its neighbour as one: a port cuts it up again (br_nf_dev_queue_xmit).
  const waiting = tracks(ns, packet.family) ? { ...packet, pieceBytes: null } : packet;
  const neighbour = resolveNeighbour(walk, ns, bridge, via ?? packet.destination, waiting);
  if (!neighbour.ok) return neighbour.next;
  // The frame keeps its sender's address (neigh_hh_bridge, br_nf_pre_routing_finish_bridge_slow).
  const { mac } = neighbour;
  const readdressed = packet.frame ? { ...packet, frame: { ...packet.frame, destination: mac } } : packet;
  return { do: 'bridge-forward', ns, bridge, port, frame: { ...frame, dstMac: mac, packet: readdressed } };
}

const noWayText = ({ destination }: Packet): string =>
  `route: none to ${formatIp(destination)}, for what was translated on a bridge`;

/** br_forward after the FDB: FORWARD and POSTROUTING when bridge netfilter calls, then out of the port. */
export function bridgeForward(walk: Walk, ns: WorldNamespace, bridge: Link, port: Link, frame: Frame): Next {
  const found = findPort(walk, ns, bridge, port, frame);
  if (!found.ok) return found.copies ? copiesPass(walk, ns, bridge, port, frame, found.next) : found.next;
  const out = found.port;
  let { packet } = frame;
  const passed = passPorts(walk, { ns, bridge, entry: port, exit: out, frame }, packet);
  if (!passed.ok) return passed.next;
  packet = passed.packet;
  const tooBig = portSize(walk, ns, out, packet);
  if (tooBig) return tooBig;
  walk.step(ns, () => ({
    kind: 'bridge',
    text: `${bridge.name}: bridged from ${port.name} to ${out.name}`,
    action: 'pass',
    detail: { dev: out.name },
  }));
  return { do: 'transmit', ns, link: out, frame: { ...frame, packet }, nexthop: packet.destination };
}

/**
 * br_flood: nobody takes the frame, but each port that it is flooded to has a copy, which meets the rules; who rejects one, or of
 * IPv6 finds it too big, tells the sender, and as often as copies are rejected alike.
 */
function copiesPass(walk: Walk, ns: WorldNamespace, bridge: Link, port: Link, frame: Frame, lost: Next): Next {
  let told: Stop | null = null;
  let alike = 0;
  for (const exit of [...portsOf(ns, bridge)].sort((a, b) => b.ifindex - a.ifindex)) {
    if (!exit.up || !mayLeave(walk, port, exit, 'unicast').ok) continue;
    const copy = passPorts(walk, { ns, bridge, entry: port, exit, frame }, frame.packet);
    const stop = copy.ok || copy.next.do !== 'end' ? null : copy.next.stop;
    const rejection = stop ? rejectionOf(stop.cause) : null;
    if (!stop || rejection === null) continue;
    told ??= stop;
    if (rejectionOf(told.cause) === rejection) alike++;
  }
  if (told === null) return lost;
  walk.rejectedCopies = alike;
  return { do: 'end', stop: told };
}

function rejectionOf(cause: Cause): string | null {
  if (cause.kind === 'rule-reject' || cause.kind === 'nft-reject') return cause.with;
  return cause.kind === 'too-big' && cause.byBridge ? cause.kind : null;
}

/** br_dev_xmit: the host's own packet goes into the bridge. */
export function bridgeTransmit(walk: Walk, ns: WorldNamespace, bridge: Link, frame: Frame): Next {
  walk.transmissions++;
  const found = findPort(walk, ns, bridge, null, frame);
  if (!found.ok) return found.next;
  const native = nativeBridge(walk, ns, ['output', 'postrouting'], frame.packet, { iif: null, oif: found.port, frame });
  if (native) return native;
  const tooBig = portSize(walk, ns, found.port, frame.packet);
  if (tooBig) return tooBig;
  return { do: 'transmit', ns, link: found.port, frame, nexthop: frame.packet.destination };
}

/** br_dev_queue_push_xmit: a frame longer than the port's MTU (and a VLAN tag) is thrown away in silence. */
function portSize(walk: Walk, ns: WorldNamespace, port: Link, packet: Packet): Next | null {
  const fits = lengthOf(packet) <= port.mtuBytes + VLAN_TAG;
  if (fits || walk.sees('mtu/bridge-port', fits)) return null;
  return walk.stop(
    ns,
    packet,
    'too-big',
    { kind: 'too-big', link: port, limitBytes: port.mtuBytes + VLAN_TAG, tunnel: null, silent: true },
    `${lengthOf(packet)} bytes do not fit bridge port ${port.name} (${port.mtuBytes})`,
    { evidence: [citeLink(ns, port)], kind: 'bridge' },
  );
}

const VLAN_TAG = 4;

type FoundPort =
  | { readonly ok: true; readonly port: Link }
  /** `copies`: it was flooded, in vain. */
  | { readonly ok: false; readonly next: Next; readonly copies?: true };

/**
 * By the FDB; an unknown address is flooded, and the port behind which somebody takes it counts. `ingress` null: the host's own.
 */
function findPort(walk: Walk, ns: WorldNamespace, bridge: Link, ingress: Link | null, frame: Frame): FoundPort {
  const { packet, dstMac } = frame;
  const fdb = ns.net.state.fdb;
  if (!fdb.known) return { ok: false, next: stopUnread(walk, ns, packet, { ns, part: fdb, kind: 'bridge-fdb' }) };
  const entry = fdb.value.find((e) => isPortEntry(e, bridge, dstMac));
  const ports = portsOf(ns, bridge);
  const index = dstMac === null ? null : fdbPort(walk, ns, bridge, dstMac);
  const placed = index !== null && walk.sees('bridge/known', true);
  const known = placed ? ports.find((p) => p.ifindex === index) : undefined;
  const flooded = known ? null : flood(walk, ns, ingress, ports, frame);
  const port = known ?? flooded?.port;
  const unread = port ? undefined : ports.find((p) => isUnread(walk, ns, p));
  const behind = unread && peerOf(walk.world, ns, unread);
  const host = behind && unreadHost(behind);
  if (host) return { ok: false, next: stopUnread(walk, ns, packet, host) };
  if (unread)
    return {
      ok: false,
      next: walk.unknown(ns, packet, {
        kind: 'link',
        place: ns.key,
        node: ns.node,
        text: `who is behind port ${unread.name} of ${bridge.name} was not read`,
        zh: `未读取网桥 ${bridge.name} 的端口 ${unread.name} 另一端是谁`,
        evidence: [citeLink(ns, unread)],
      }),
    };
  if (!port) {
    if (flooded?.kept) return { ok: false, next: portStop(walk, ns, packet, flooded.kept) };
    const text = `${bridge.name}: no port leads to ${dstMac ?? describe(packet)}`;
    return {
      ok: false,
      copies: true,
      next: walk.stop(
        ns,
        packet,
        'unresolved-neighbour',
        { kind: 'frame-lost', link: bridge, mac: dstMac ?? '', address: packet.destination },
        text,
        {
          evidence: [citeAbsence(fdb, 'bridge-fdb', `no entry for ${dstMac} on ${bridge.name}`)],
          kind: 'bridge',
        },
      ),
    };
  }
  const peer = veth(walk.world, ns, port);
  if (peer.kind === 'found' && !peer.link.up && peer.ns.key !== ns.key)
    return {
      ok: false,
      next: walk.stop(
        peer.ns,
        packet,
        'link-down',
        { kind: 'link-down', link: peer.link, reason: 'admin-down' },
        `${peer.link.name} is down (other end of ${port.name})`,
        {
          evidence: [citeLink(peer.ns, peer.link), citeLink(ns, port)],
          kind: 'ingress',
        },
      ),
    };
  if (!port.up) return { ok: false, next: linkDown(walk, ns, port, packet) };
  const leaving = mayLeave(walk, ingress, port, 'known');
  if (!leaving.ok) return { ok: false, next: portStop(walk, ns, packet, leaving) };
  walk.step(ns, () => ({
    kind: 'fdb',
    text: known
      ? `${bridge.name}: ${dstMac} is behind ${port.name}`
      : `${bridge.name}: ${dstMac} is flooded; it is behind ${port.name}`,
    action: 'pass',
    detail: { dev: port.name },
    ...(entry ? { evidence: [cite(fdb, 'bridge-fdb', entry.evidence)] } : {}),
  }));
  return { ok: true, port };
}

/** Of the ports that an unknown address is flooded to, the one behind which somebody has it; `kept`: it is not flooded there. */
function flood(
  walk: Walk,
  ns: WorldNamespace,
  ingress: Link | null,
  ports: readonly Link[],
  frame: Frame,
): { readonly port: Link | undefined; readonly kept: Extract<Passing, { ok: false }> | null } {
  let kept: Extract<Passing, { ok: false }> | null = null;
  for (const port of ports) {
    if (!leadsTo(walk, ns, port, frame)) continue;
    const passing = mayLeave(walk, ingress, port, 'unicast');
    // A port that is down or blocked is told of in its own words by who looks at the port that was found.
    if (passing.ok || !passing.state.endsWith(' off')) return { port, kept: null };
    kept ??= passing;
  }
  return { port: undefined, kept };
}

/** `permanent` entries are the bridge's and its ports' own addresses. */
const isPortEntry = (e: FdbEntry, bridge: Link, mac: string | null): boolean =>
  e.mac === mac && e.master === bridge.ifindex && !e.permanent && e.dev !== bridge.ifindex;

function leadsTo(walk: Walk, ns: WorldNamespace, port: Link, frame: Frame): boolean {
  const peer = veth(walk.world, ns, port);
  if (frame.dstMac === null) {
    if (peer.kind === 'found') return peer.ns.net.own.has(frame.packet.destination);
  } else {
    if (peer.kind === 'found' && peer.link.mac === frame.dstMac) return true;
    const to = frame.dstMac === BROADCAST ? 'broadcast' : frame.dstMac;
    const domain = walk.aside(() => spread(walk, ns, port, { from: frame.srcMac, to, wanted: null }, false));
    if (domain.members.length > 0 || domain.down.length > 0) return true;
  }
  if (peer.kind !== 'not-collected') return false;
  // The owner was not collected: it is asked for, through the port that leads to its namespace if that is the only one.
  const pod = walk.world.podByAddress.get(frame.packet.destination);
  return (
    pod !== undefined &&
    pod.node === ns.node &&
    !walk.world.namespaces.has(`${ns.node}/pod/${pod.namespace}/${pod.name}`)
  );
}

/** A port that lets nothing in or out, as a finding says it. */
function portStop(walk: Walk, ns: WorldNamespace, packet: Packet, passing: Extract<Passing, { ok: false }>): Next {
  const { port, state, text } = passing;
  const cause: Cause =
    state === 'hairpin' ? { kind: 'hairpin-off', port } : { kind: 'bridge-port-blocked', port, state };
  return walk.stop(ns, packet, 'dropped', cause, text, { evidence: [citeLink(ns, port)], kind: 'bridge' });
}

/** A namespace was collected, but its devices could not be read: it may well be the one that the frame is for. */
const isUnread = (walk: Walk, ns: WorldNamespace, port: Link): boolean =>
  port.detail.kind === 'veth' && (veth(walk.world, ns, port).kind === 'unknown' || isUnreadPeer(walk, ns, port));

function isUnreadPeer(walk: Walk, ns: WorldNamespace, port: Link): boolean {
  const peer = peerOf(walk.world, ns, port);
  return peer !== null && unreadHost(peer) !== null;
}
