/** A bridge: its own reception, its forwarding between ports, and bridge netfilter (net/bridge/br_*.c, br_netfilter). */
import type { BridgeDetail, FdbEntry, Link } from '@netverdict/linux-net';
import { resolveNeighbour } from '../neighbour/resolve.ts';
import { NO_DEVICES } from '../netfilter/context.ts';
import { runHook, unreadRulesets } from '../netfilter/hook.ts';
import { nativeBridge } from '../netfilter/native.ts';
import { describe, type Frame } from '../packet/packet.ts';
import { linkDown } from '../path/egress.ts';
import { flowKey } from '../route/input.ts';
import { lookup } from '../route/lookup.ts';
import { cite, citeAbsence, citeLink } from '../trace/evidence.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { stopUnread, sysctl, sysctlOn, unreadHost } from '../world/facts.ts';
import { peerOf, veth, type WorldNamespace } from '../world/world.ts';
import { portsOf } from './domain.ts';

const BROADCAST = 'ff:ff:ff:ff:ff:ff';

/** br_handle_frame: from a port, up to the host or on to another port. */
export function bridgeReceive(walk: Walk, ns: WorldNamespace, bridge: Link, port: Link, frame: Frame): Next {
  const { packet } = frame;
  if (!bridge.up) return linkDown(walk, ns, bridge, packet);
  const state = port.bridgePort?.state ?? 'forwarding';
  if (state !== 'forwarding')
    return walk.stop(
      ns,
      packet,
      'dropped',
      { kind: 'bridge-port-blocked', port, state },
      `bridge port ${port.name} is ${state}`,
      {
        evidence: [citeLink(ns, port)],
        kind: 'bridge',
      },
    );
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
  const native = nativeBridge(walk, ns, ['prerouting'], packet);
  if (native) return native;
  const forHost = frame.dstMac === null || frame.dstMac === BROADCAST || isOwnMac(ns, bridge, frame.dstMac);
  const up = (p: Frame['packet'], prerouted: boolean): Next => {
    const stopped = nativeBridge(walk, ns, ['input'], p);
    if (stopped) return stopped;
    walk.step(ns, {
      kind: 'bridge',
      text: `${bridge.name}: from ${port.name} up to the host`,
      action: 'pass',
      detail: { dev: bridge.name },
    });
    return { do: 'ip-receive', ns, iif: bridge, packet: p, prerouted, physIn: port };
  };
  if (!callsIptables(walk, ns, bridge.detail.kind === 'bridge' ? bridge.detail : null, packet.family))
    return forHost ? up(packet, false) : { do: 'bridge-forward', ns, bridge, port, frame };

  const unread = unreadRulesets(walk, ns, packet);
  if (unread) return unread;
  const pre = runHook({ walk, ns, hook: 'PREROUTING', devices: { ...NO_DEVICES, iif: bridge, physIn: port } }, packet);
  if (!pre.ok) return pre.next;
  if (pre.packet.destination === packet.destination)
    return forHost
      ? up(pre.packet, true)
      : { do: 'bridge-forward', ns, bridge, port, frame: { ...frame, packet: pre.packet } };
  // br_nf_pre_routing_finish: a new destination on this very bridge is bridged on ("bridged DNAT"), others go up.
  const route = lookup(walk, ns, flowKey(pre.packet, bridge.name, null));
  if (route.kind !== 'route' || route.route.type !== 'unicast' || route.nexthop?.dev !== bridge.ifindex)
    return up(pre.packet, true);
  const neighbour = resolveNeighbour(walk, ns, bridge, route.nexthop.via ?? pre.packet.destination, pre.packet);
  if (!neighbour.ok) return neighbour.next;
  return {
    do: 'bridge-forward',
    ns,
    bridge,
    port,
    frame: { srcMac: bridge.mac, dstMac: neighbour.mac, packet: pre.packet },
  };
}

/** br_forward after the FDB: FORWARD and POSTROUTING when bridge netfilter calls, then out of the port. */
export function bridgeForward(walk: Walk, ns: WorldNamespace, bridge: Link, port: Link, frame: Frame): Next {
  const found = findPort(walk, ns, bridge, frame);
  if (!found.ok) return found.next;
  const out = found.port;
  if (out === port && !port.bridgePort?.hairpin)
    return walk.stop(
      ns,
      frame.packet,
      'dropped',
      { kind: 'hairpin-off', port },
      `${bridge.name}: the frame would go back out of ${port.name}, where hairpin is off`,
      {
        evidence: [citeLink(ns, port)],
        kind: 'bridge',
      },
    );
  if (out.bridgePort?.isolated && port.bridgePort?.isolated)
    return walk.stop(
      ns,
      frame.packet,
      'dropped',
      { kind: 'bridge-port-blocked', port: out, state: 'isolated' },
      `${bridge.name}: ${port.name} and ${out.name} are isolated ports`,
      {
        evidence: [citeLink(ns, out)],
        kind: 'bridge',
      },
    );
  let { packet } = frame;
  const native = nativeBridge(walk, ns, ['forward', 'postrouting'], packet);
  if (native) return native;
  if (callsIptables(walk, ns, bridge.detail.kind === 'bridge' ? bridge.detail : null, packet.family)) {
    const devices = { ...NO_DEVICES, iif: bridge, oif: bridge, physIn: port, physOut: out, bridged: true };
    const forward = runHook({ walk, ns, hook: 'FORWARD', devices }, packet);
    if (!forward.ok) return forward.next;
    const post = runHook({ walk, ns, hook: 'POSTROUTING', devices: { ...devices, iif: null } }, forward.packet);
    if (!post.ok) return post.next;
    packet = post.packet;
  }
  walk.step(ns, {
    kind: 'bridge',
    text: `${bridge.name}: bridged from ${port.name} to ${out.name}`,
    action: 'pass',
    detail: { dev: out.name },
  });
  return { do: 'transmit', ns, link: out, frame: { ...frame, packet }, nexthop: packet.destination };
}

/** br_dev_xmit: the host's own packet goes into the bridge. */
export function bridgeTransmit(walk: Walk, ns: WorldNamespace, bridge: Link, frame: Frame): Next {
  const found = findPort(walk, ns, bridge, frame);
  if (!found.ok) return found.next;
  const native = nativeBridge(walk, ns, ['output', 'postrouting'], frame.packet);
  if (native) return native;
  return { do: 'transmit', ns, link: found.port, frame, nexthop: frame.packet.destination };
}

type FoundPort = { readonly ok: true; readonly port: Link } | { readonly ok: false; readonly next: Next };

/** By the FDB; an unknown address is flooded, and the port whose far end owns it counts. */
function findPort(walk: Walk, ns: WorldNamespace, bridge: Link, frame: Frame): FoundPort {
  const { packet, dstMac } = frame;
  const fdb = ns.net.state.fdb;
  if (!fdb.known) return { ok: false, next: stopUnread(walk, ns, packet, { ns, part: fdb, kind: 'bridge-fdb' }) };
  const entry = fdb.value.find((e) => isPortEntry(e, bridge, dstMac));
  const ports = portsOf(ns, bridge);
  const known = entry && ports.find((p) => p.ifindex === entry.dev);
  const port = known ?? ports.find((p) => farEndHas(walk, ns, p, frame));
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
    const text = `${bridge.name}: no port leads to ${dstMac ?? describe(packet)}`;
    return {
      ok: false,
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
  const state = port.bridgePort?.state ?? 'forwarding';
  if (state !== 'forwarding')
    return {
      ok: false,
      next: walk.stop(
        ns,
        packet,
        'dropped',
        { kind: 'bridge-port-blocked', port, state },
        `bridge port ${port.name} is ${state}`,
        {
          evidence: [citeLink(ns, port)],
          kind: 'bridge',
        },
      ),
    };
  walk.step(ns, {
    kind: 'fdb',
    text: known
      ? `${bridge.name}: ${dstMac} is behind ${port.name}`
      : `${bridge.name}: ${dstMac} is flooded; it is behind ${port.name}`,
    action: 'pass',
    detail: { dev: port.name },
    ...(entry ? { evidence: [cite(fdb, 'bridge-fdb', entry.evidence)] } : {}),
  });
  return { ok: true, port };
}

/** `permanent` entries are the bridge's and its ports' own addresses. */
const isPortEntry = (e: FdbEntry, bridge: Link, mac: string | null): boolean =>
  e.mac === mac && e.master === bridge.ifindex && !e.permanent && e.dev !== bridge.ifindex;

function farEndHas(walk: Walk, ns: WorldNamespace, port: Link, frame: Frame): boolean {
  const peer = veth(walk.world, ns, port);
  if (peer.kind === 'found')
    return frame.dstMac === null ? peer.ns.net.own.has(frame.packet.destination) : peer.link.mac === frame.dstMac;
  if (peer.kind !== 'not-collected') return false;
  // The owner was not collected: it is asked for, through the port that leads to its namespace if that is the only one.
  const pod = walk.world.podByAddress.get(frame.packet.destination);
  return (
    pod !== undefined &&
    pod.node === ns.node &&
    !walk.world.namespaces.has(`${ns.node}/pod/${pod.namespace}/${pod.name}`)
  );
}

/** A namespace was collected, but its devices could not be read: it may well be the one that the frame is for. */
const isUnread = (walk: Walk, ns: WorldNamespace, port: Link): boolean =>
  port.detail.kind === 'veth' && (veth(walk.world, ns, port).kind === 'unknown' || isUnreadPeer(walk, ns, port));

function isUnreadPeer(walk: Walk, ns: WorldNamespace, port: Link): boolean {
  const peer = peerOf(walk.world, ns, port);
  return peer !== null && unreadHost(peer) !== null;
}

const isOwnMac = (ns: WorldNamespace, bridge: Link, mac: string): boolean =>
  mac === bridge.mac || portsOf(ns, bridge).some((port) => port.mac === mac);

/** The bridge's own flag or the namespace's sysctl; no such file: br_netfilter is not loaded. */
function callsIptables(walk: Walk, ns: WorldNamespace, detail: BridgeDetail | null, family: 'ipv4' | 'ipv6'): boolean {
  const name = family === 'ipv4' ? 'iptables' : 'ip6tables';
  const path = `net/bridge/bridge-nf-call-${name}`;
  if ((family === 'ipv4' ? detail?.nfCallIptables : detail?.nfCallIp6tables) ?? false) return true;
  return sysctl(ns, path) === undefined ? sysctlOn(walk, ns, path, false) : Boolean(sysctl(ns, path));
}
