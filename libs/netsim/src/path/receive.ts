/** ip_rcv: PREROUTING, routing, then INPUT or FORWARD. */
import { formatIp, type Link } from '@netverdict/linux-net';
import { NO_DEVICES } from '../netfilter/context.ts';
import { isIdle, type Rerouted, runHook, unreadRulesets } from '../netfilter/hook.ts';
import type { Packet } from '../packet/packet.ts';
import { isLoopback, isMulticast } from '../route/addresses.ts';
import { routeInput } from '../route/input.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from '../world/world.ts';
import { forward } from './forward.ts';
import { localInput } from './input.ts';

export function ipReceive(
  walk: Walk,
  { ns, iif, packet, prerouted, physIn, routedBy }: Extract<Next, { do: 'ip-receive' }>,
): Next {
  const around = walk.circles(ns, iif, packet, () =>
    walk.stop(ns, packet, 'loop', { kind: 'loop' }, `the packet comes in at ${iif.name} again and again`),
  );
  if (around) return around;
  const unread = unreadRulesets(walk, ns, packet);
  if (unread) return unread;
  const martian = martian6(walk, ns, iif, packet);
  if (martian) return martian;
  let current = packet;
  let anew = false;
  if (!prerouted && !isIdle(ns, packet, 'PREROUTING')) {
    const devices = { ...NO_DEVICES, iif, physIn };
    const reroute = (_: Packet, by: 'mangle' | 'nat'): Rerouted => {
      if (by === 'nat') anew = true;
      return { ok: true, devices };
    };
    const pre = runHook({ walk, ns, hook: 'PREROUTING', devices, reroute }, packet);
    if (!pre.ok) return pre.next;
    current = pre.packet;
  }
  const way = routeInput(walk, ns, iif, current, { anew });
  switch (way.kind) {
    case 'stop':
      return way.next;
    case 'local':
      return localInput(walk, { ns, iif, physIn, ...(routedBy ? { routedBy } : {}) }, current, way.looped);
    case 'forward':
      return forward(walk, ns, iif, physIn, way, current);
  }
}

/** ip6_rcv_core: before any rule is asked. IPv4 looks at the addresses when it routes. */
function martian6(walk: Walk, ns: WorldNamespace, iif: Link, packet: Packet): Next | null {
  const { source, destination, family } = packet;
  if (family === 'ipv4') return null;
  const why = isMulticast(source)
    ? 'bad-source'
    : iif.loopback
      ? null
      : isLoopback(source)
        ? 'loopback-source'
        : isLoopback(destination)
          ? 'loopback-destination'
          : null;
  if (why === null || walk.sees('route/martian6', false)) return null;
  const text = `martian: ${formatIp(source)} to ${formatIp(destination)} on ${iif.name}`;
  return walk.stop(ns, packet, 'filtered-by-kernel', { kind: 'martian', iif, why }, text);
}
