/** ip_local_deliver: INPUT, then whoever takes it: a tunnel, the echo responder, a socket. */

import { formatIp, type IfIndex, type Link, type Socket } from '@netverdict/linux-net';
import { confirmEntry } from '../conntrack/confirm.ts';
import { cgroupPrograms } from '../link/programs.ts';
import { decapsulate, hasTunnelAt } from '../link/vxlan.ts';
import { xfrmPolicies } from '../link/xfrm.ts';
import { NO_DEVICES } from '../netfilter/context.ts';
import { isIdle, runHook } from '../netfilter/hook.ts';
import { isAddedUpWrong, isSeenWrong } from '../packet/checksum.ts';
import { describe, type Packet } from '../packet/packet.ts';
import { loopedBack } from '../route/input.ts';
import { realmsOfInput } from '../route/realms.ts';
import { deviceForSockets } from '../socket/device.ts';
import { findListener } from '../socket/listener.ts';
import { ignoredEcho, notToAll } from '../socket/to-everybody.ts';
import { citeAbsence, citeSysctl } from '../trace/evidence.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { missingSection, stopUnread, sysctl, unreadSysctls } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';

export function localInput(
  walk: Walk,
  arrival: Pick<Extract<Next, { do: 'ip-receive' }>, 'ns' | 'iif' | 'physIn' | 'routedBy'>,
  packet: Packet,
  looped = false,
): Next {
  const { ns, iif, physIn } = arrival;
  // ip_local_deliver: pieces are put together before INPUT.
  const whole = packet.pieceBytes == null ? packet : { ...packet, pieceBytes: null };
  let current = whole;
  if (!isIdle(ns, packet, 'INPUT')) {
    const devices = { ...NO_DEVICES, iif, physIn, realms: realmsOfInput(walk, ns, iif, packet, null) };
    const result = runHook({ walk, ns, hook: 'INPUT', devices }, whole);
    if (!result.ok) return result.next;
    current = result.packet;
  }
  const clash = confirmEntry(walk, ns, current);
  if (clash) return clash;
  if (isSeenWrong(current))
    return walk.stop(
      ns,
      current,
      'tunnel-lost',
      { kind: 'tunnel-checksum' },
      `the UDP checksum of the tunnel's packet is wrong: it was translated before the one within it had its own`,
      { kind: 'decapsulate' },
    );
  // What UDP makes of that depends on whether the sum was made by software, which few packets' is.
  if (isAddedUpWrong(current))
    return walk.unknown(ns, current, {
      kind: 'rule',
      place: ns.key,
      node: ns.node,
      text: 'rules changed the header after connection tracking had added up the UDP checksum, which may not hold any more',
      zh: '连接跟踪计算 UDP 校验和之后,规则又修改了报头,校验和可能不再有效',
      evidence: [],
    });
  const policy = xfrmPolicies(walk, ns, 'in', current);
  if (policy) return policy;
  if (looped && !isTransparent(walk, ns, iif, current)) return loopedBack(walk, ns, iif, current, []);
  if (current.payload)
    return isForSocket(walk, ns, iif, current)
      ? swallowed(walk, ns, iif, current, current.payload.vni)
      : decapsulate(walk, ns, current, current.payload);
  const program = cgroupPrograms(walk, ns, 'ingress', current);
  if (program) return program;
  if (walk.direction === 'reply') return { do: 'delivered', ns, iif: iif.name, packet: current };
  return toSocket(walk, ns, iif, current, deviceForSockets(ns, arrival.routedBy ?? iif, current));
}

/** A socket gets it, but what it answers has an address that is not the host's (__ip_dev_find); only a transparent one may send that. */
function isTransparent(walk: Walk, ns: WorldNamespace, iif: Link, packet: Packet): boolean {
  const { sockets } = ns.net.state;
  if (!sockets.known || packet.icmp) return false;
  const found = findListener(walk, sockets.value, packet, deviceForSockets(ns, iif, packet));
  if (found.kind === 'found') walk.arrived ??= { namespace: ns.key, iif: iif.name, packet };
  return found.kind === 'found' && found.socket.transparent === true;
}

/** What a process answers to a tunnel's packet is its own, and never an answer to the packet within. */
function swallowed(walk: Walk, ns: WorldNamespace, iif: Link, packet: Packet, vni: number): Next {
  // No process has had an echo request, whose answer this may carry: the first that gets anything is this one.
  if (!walk.arrived || walk.arrived.packet.icmp) walk.arrived = { namespace: ns.key, iif: iif.name, packet };
  const port = packet.dport ?? 0;
  return walk.stop(
    ns,
    packet,
    'tunnel-lost',
    { kind: 'vni-unknown', vni, port, devices: [] },
    `socket: udp ${formatIp(packet.destination)}:${port} is a process's, not a tunnel's: what the packet carries is lost`,
    { kind: 'socket' },
  );
}

/** To a port that no tunnel has but a process listens on (a rule has changed it): for that, a tunnel's packet is any packet. */
function isForSocket(walk: Walk, ns: WorldNamespace, iif: Link, packet: Packet): boolean {
  const { sockets } = ns.net.state;
  if (!sockets.known || hasTunnelAt(ns, packet.dport)) return false;
  return findListener(walk, sockets.value, packet, deviceForSockets(ns, iif, packet)).kind === 'found';
}

function toSocket(walk: Walk, ns: WorldNamespace, iif: Link, packet: Packet, by: IfIndex): Next {
  if (packet.icmp) return toEcho(walk, ns, iif, packet);
  // tcp_v4_rcv: what came to everybody of the link is not looked at.
  if (packet.protocol === 6 && packet.frame?.cast === 'broadcast') return notToAll(walk, ns, iif, packet);
  const port = `${packet.protocol === 6 ? 'tcp' : 'udp'} ${formatIp(packet.destination)}:${packet.dport}`;
  const { sockets } = ns.net.state;
  if (!sockets.known) {
    const missing = missingSection(ns, sockets, 'sockets');
    if (!walk.ask(ns, `a process listens on ${port}`, missing, `${ns.key} ${port}`))
      return walk.lost(ns, packet, missing);
    return { do: 'delivered', ns, iif: iif.name, packet };
  }
  // TPROXY has found a socket already (skb_steal_sock).
  const found = packet.assigned
    ? { kind: 'found' as const, socket: packet.assigned }
    : findListener(walk, sockets.value, packet, by);
  if (found.kind === 'found') {
    const full = queueFull(walk, ns, found.socket, packet);
    if (full) return full;
    walk.step(ns, () => ({
      kind: 'socket',
      text: `socket: ${port} is taken${found.socket.process ? ` by ${found.socket.process}` : ''}`,
      action: 'pass',
      detail: { port: packet.dport },
      evidence: [
        {
          section: sockets.section?.digest ?? null,
          kind: 'sockets',
          line: found.socket.line,
          text: `${found.socket.protocol} ${formatIp(found.socket.local.address)}:${found.socket.local.port} ${found.socket.state}`,
          at: sockets.section?.at ?? null,
        },
      ],
    }));
    return { do: 'delivered', ns, iif: iif.name, packet, socket: found.socket };
  }
  const loopbackOnly = found.kind === 'loopback-only';
  return walk.stop(
    ns,
    packet,
    'refused',
    { kind: 'no-listener', loopbackOnly },
    loopbackOnly ? `socket: ${port} is served on the loopback address only` : `socket: nobody listens on ${port}`,
    { evidence: [citeAbsence(sockets, 'sockets', `no socket takes ${port}`)], kind: 'socket' },
  );
}

/** tcp_conn_request (sk_acceptq_is_full) and __udp_enqueue_schedule_skb: nothing is said, the sender hears nothing. */
function queueFull(walk: Walk, ns: WorldNamespace, socket: Socket, packet: Packet): Next | null {
  const { acceptQueue, receiveBuffer } = socket;
  const queue =
    acceptQueue && acceptQueue.length > acceptQueue.limit
      ? { name: 'accept-queue' as const, used: acceptQueue.length, limit: acceptQueue.limit }
      : receiveBuffer && receiveBuffer.bytes > receiveBuffer.limit
        ? { name: 'receive-buffer' as const, used: receiveBuffer.bytes, limit: receiveBuffer.limit }
        : null;
  if (!queue || walk.sees(`socket/${queue.name}`, false)) return null;
  const { sockets } = ns.net.state;
  return walk.stop(
    ns,
    packet,
    'filtered-by-kernel',
    { kind: 'queue-full', socket, queue: queue.name, used: queue.used, limit: queue.limit },
    `socket: the ${queue.name === 'accept-queue' ? 'accept queue' : 'receive buffer'} of port ${packet.dport} is full (${queue.used} of ${queue.limit})`,
    { evidence: [citeAbsence(sockets, 'sockets', `${queue.used} of ${queue.limit} in use`)], kind: 'socket' },
  );
}

function toEcho(walk: Walk, ns: WorldNamespace, iif: Link, packet: Packet): Next {
  const path = packet.family === 'ipv4' ? 'net/ipv4/icmp_echo_ignore_all' : 'net/ipv6/icmp/echo_ignore_all';
  const unread = unreadSysctls(ns);
  if (unread) return stopUnread(walk, ns, packet, unread);
  if (sysctl(ns, path))
    return walk.stop(
      ns,
      packet,
      'filtered-by-kernel',
      { kind: 'echo-ignored', sysctl: path },
      `${path} = 1: echo requests are ignored`,
      {
        evidence: [citeSysctl(ns, path, '1')],
      },
    );
  const ignored = ignoredEcho(walk, ns, packet);
  if (ignored) return ignored;
  walk.step(ns, () => ({
    kind: 'socket',
    text: `the kernel answers the echo request (${describe(packet)})`,
    action: 'pass',
  }));
  return { do: 'delivered', ns, iif: iif.name, packet };
}
