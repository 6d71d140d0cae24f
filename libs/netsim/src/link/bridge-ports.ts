/** What a bridge's ports let in and out, and where it knows an address to be (net/bridge/br_input.c, br_forward.c, br_fdb.c). */
import type { IfIndex, Link, Mac } from '@netverdict/linux-net';
import type { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from '../world/world.ts';

export const portsOf = (ns: WorldNamespace, bridge: Link): readonly Link[] => ns.net.portsOf(bridge.ifindex);

export type Passing =
  | { readonly ok: true }
  | { readonly ok: false; readonly state: string; readonly text: string; readonly port: Link };

const PASS: Passing = { ok: true };
const stop = (port: Link, state: string, text: string): Passing => ({ ok: false, state, text, port });

/** br_handle_frame: the port's state, and for a locked one whether its address is known there. */
export function mayEnter(walk: Walk, ns: WorldNamespace, bridge: Link, port: Link, from: Mac | null): Passing {
  const settings = port.bridgePort;
  if (!settings) return PASS;
  const open = settings.state === 'forwarding';
  if (!open && walk.sees('bridge/port-state', true))
    return stop(port, settings.state, `bridge port ${port.name} is ${settings.state}`);
  if (settings.locked && from !== null) {
    const known = fdbPort(walk, ns, bridge, from) === port.ifindex;
    if (!walk.sees('bridge/locked', known))
      return stop(port, 'locked', `bridge port ${port.name} is locked, and ${from} is not known behind it`);
  }
  return PASS;
}

/**
 * should_deliver and br_flood. `kind`: the FDB knows the port; or the frame is flooded to it, as one to a single unknown address,
 * to many or to all. What the host itself sends (`ingress` null) is flooded to all whatever mcast_flood and bcast_flood say.
 */
export function mayLeave(
  walk: Walk,
  ingress: Link | null,
  port: Link,
  kind: 'known' | 'unicast' | 'multicast' | 'broadcast',
): Passing {
  const settings = port.bridgePort;
  if (!settings) return PASS;
  if (port === ingress) {
    // Each question to all is flooded, and whether it comes back to who asks makes no difference to anybody.
    const single = kind === 'known' || kind === 'unicast';
    const hairpin = single ? walk.sees('bridge/hairpin', settings.hairpin) : settings.hairpin;
    if (!hairpin) return stop(port, 'hairpin', `hairpin is off on ${port.name}`);
  }
  if (settings.state !== 'forwarding' && walk.sees('bridge/port-state', true))
    return stop(port, settings.state, `bridge port ${port.name} is ${settings.state}`);
  if (settings.isolated && ingress?.bridgePort?.isolated && walk.sees('bridge/isolated', true))
    return stop(port, 'isolated', `${ingress.name} and ${port.name} are isolated ports`);
  // br_flood: whatever it is; the bridge answers in the stead of who is there.
  if (kind !== 'known' && settings.proxyArp)
    return stop(port, 'flood (proxy_arp) off', `nothing is flooded to bridge port ${port.name}, which has proxy_arp`);
  const flag =
    kind === 'unicast'
      ? (['flood', settings.flood] as const)
      : kind === 'multicast'
        ? (['mcast_flood', ingress === null || settings.multicastFlood] as const)
        : kind === 'broadcast'
          ? (['bcast_flood', ingress === null || settings.broadcastFlood] as const)
          : null;
  if (flag !== null && !flag[1] && walk.sees(`bridge/${flag[0]}`, true))
    return stop(port, `${flag[0]} off`, `${flag[0]} is off on bridge port ${port.name}`);
  return PASS;
}

/** The port behind which the bridge knows the address: what this very run taught it counts before what was read. */
export function fdbPort(walk: Walk, ns: WorldNamespace, bridge: Link, mac: Mac): IfIndex | null {
  const { fdb } = ns.net.state;
  const entry = fdb.known
    ? fdb.value.find((e) => e.mac === mac && e.master === bridge.ifindex && !e.permanent && e.dev !== bridge.ifindex)
    : undefined;
  // br_fdb_update moves static entries too, where the address is seen behind another port.
  if (entry?.sticky && walk.sees('bridge/sticky', true)) return entry.dev;
  const learned = walk.learned.get(`${ns.key} ${bridge.ifindex} ${mac}`);
  return typeof learned === 'number' ? (learned as IfIndex) : (entry?.dev ?? null);
}

/** `permanent` entries are the bridge's and its ports' own addresses: frames to them go up. */
export function isLocalMac(ns: WorldNamespace, bridge: Link, mac: Mac): boolean {
  if (mac === bridge.mac || portsOf(ns, bridge).some((port) => port.mac === mac)) return true;
  const { fdb } = ns.net.state;
  return (
    fdb.known &&
    fdb.value.some(
      (e) =>
        e.permanent && e.mac === mac && (e.master === bridge.ifindex || e.dev === bridge.ifindex) && e.dst === null,
    )
  );
}
