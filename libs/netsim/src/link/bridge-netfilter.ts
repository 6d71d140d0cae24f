/** Bridge netfilter (net/bridge/br_netfilter_hooks.c): bridged packets meet the rules of the host that bridges them. */
import type { BridgeDetail, Link } from '@netverdict/linux-net';
import { NO_DEVICES } from '../netfilter/context.ts';
import { type HookResult, runHook } from '../netfilter/hook.ts';
import type { Packet } from '../packet/packet.ts';
import type { Walk } from '../walk/walk.ts';
import { sysctl, sysctlOn } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';

/** From one port of a bridge to another. */
export interface Crossing {
  readonly ns: WorldNamespace;
  readonly bridge: Link;
  readonly entry: Link;
  readonly exit: Link;
}

/** br_forward: FORWARD and POSTROUTING of the bridging host, where it asks them. */
export function passPorts(walk: Walk, { ns, bridge, entry, exit }: Crossing, packet: Packet): HookResult {
  if (!callsIptables(walk, ns, bridge.detail.kind === 'bridge' ? bridge.detail : null, packet.family))
    return { ok: true, packet };
  const devices = { ...NO_DEVICES, iif: bridge, oif: bridge, physIn: entry, physOut: exit, bridged: true };
  const forward = runHook({ walk, ns, hook: 'FORWARD', devices }, packet);
  if (!forward.ok) return forward;
  return runHook(
    { walk, ns, hook: 'POSTROUTING', devices: { ...devices, iif: null, forwarded: true } },
    forward.packet,
  );
}

/** The same, and PREROUTING before: for packets that are asked about and not followed. */
export function crossBridge(walk: Walk, crossing: Crossing, packet: Packet): HookResult {
  const { ns, bridge, entry } = crossing;
  if (!callsIptables(walk, ns, bridge.detail.kind === 'bridge' ? bridge.detail : null, packet.family))
    return { ok: true, packet };
  const devices = { ...NO_DEVICES, iif: bridge, physIn: entry };
  const pre = runHook({ walk, ns, hook: 'PREROUTING', devices }, packet);
  return pre.ok ? passPorts(walk, crossing, pre.packet) : pre;
}

/** The bridge's own flag or the namespace's sysctl; no such file: br_netfilter is not loaded. */
export function callsIptables(
  walk: Walk,
  ns: WorldNamespace,
  detail: BridgeDetail | null,
  family: 'ipv4' | 'ipv6',
): boolean {
  const name = family === 'ipv4' ? 'iptables' : 'ip6tables';
  const path = `net/bridge/bridge-nf-call-${name}`;
  if ((family === 'ipv4' ? detail?.nfCallIptables : detail?.nfCallIp6tables) ?? false) return true;
  return sysctl(ns, path) === undefined ? sysctlOn(walk, ns, path, false) : Boolean(sysctl(ns, path));
}
