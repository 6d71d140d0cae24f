/**
 * Bridge netfilter (net/bridge/br_netfilter_hooks.c): bridged packets meet the rules of the host that bridges them, between the
 * chains that nftables has for bridges: at PREROUTING and FORWARD those of priority 0 and less come before, at POSTROUTING all.
 */
import type { BridgeDetail, Link } from '@netverdict/linux-net';
import { NO_DEVICES } from '../netfilter/context.ts';
import { type HookResult, runHook } from '../netfilter/hook.ts';
import { nativeBridge, type Side } from '../netfilter/native.ts';
import { type Frame, lengthOf, type Packet } from '../packet/packet.ts';
import { cutTo } from '../path/pieces.ts';
import { citeLink } from '../trace/evidence.ts';
import type { Walk } from '../walk/walk.ts';
import { sysctl, sysctlOn } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';

/** From one port of a bridge to another. */
export interface Crossing {
  readonly ns: WorldNamespace;
  readonly bridge: Link;
  readonly entry: Link;
  readonly exit: Link;
  readonly frame?: Frame;
}

/** br_forward: FORWARD and POSTROUTING of the bridge, and of the bridging host where it asks them. */
export function passPorts(walk: Walk, crossing: Crossing, packet: Packet): HookResult {
  const { ns, bridge, entry, exit, frame } = crossing;
  const devices = { ...NO_DEVICES, iif: bridge, oif: bridge, physIn: entry, physOut: exit };
  const calls = callsIptables(walk, ns, bridge.detail.kind === 'bridge' ? bridge.detail : null, packet.family);
  const native = (hook: 'forward' | 'postrouting', current: Packet, side?: Side): HookResult => {
    const ends = { iif: entry, oif: exit, ...(frame ? { frame } : {}), ...(side ? { side } : {}) };
    const next = nativeBridge(walk, ns, [hook], current, ends);
    return next ? { ok: false, next } : { ok: true, packet: current };
  };
  const forward = (current: Packet): HookResult => runHook({ walk, ns, hook: 'FORWARD', devices }, current);
  const leaving = { ...devices, iif: null, forwarded: true };
  const postrouting = (current: Packet): HookResult =>
    runHook({ walk, ns, hook: 'POSTROUTING', devices: leaving }, current);
  return oneAfterTheOther(packet, [
    (p) => native('forward', p, 'before'),
    ...(calls ? [forward] : []),
    (p) => native('forward', p, 'after'),
    (p) => native('postrouting', p),
    ...(calls ? [postrouting, (p: Packet) => refitted(walk, crossing, p)] : []),
  ]);
}

function oneAfterTheOther(packet: Packet, hooks: readonly ((packet: Packet) => HookResult)[]): HookResult {
  let current = packet;
  for (const hook of hooks) {
    const result = hook(current);
    if (!result.ok) return result;
    current = result.packet;
  }
  return { ok: true, packet: current };
}

/**
 * br_nf_dev_queue_xmit: what is longer than the port's MTU is cut as by a router, but to the bridge's own MTU (its fake route);
 * an IPv4 packet that may not be cut is thrown away in silence, of an IPv6 one the sender is told.
 */
function refitted(walk: Walk, { ns, bridge, exit }: Crossing, packet: Packet): HookResult {
  const fits = lengthOf(packet) <= exit.mtuBytes;
  const mayCut = packet.family === 'ipv4' ? !packet.dontFragment : packet.sizeBytes <= bridge.mtuBytes;
  if (fits || walk.sees('mtu/bridge-port', mayCut))
    return { ok: true, packet: fits ? packet : cutTo(bridge.mtuBytes, packet) };
  const told = packet.family === 'ipv6';
  const cause = {
    kind: 'too-big',
    link: told ? bridge : exit,
    limitBytes: told ? bridge.mtuBytes : exit.mtuBytes,
    tunnel: null,
    ...(told ? ({ byBridge: true } as const) : ({ silent: true } as const)),
  } as const;
  const text = `${lengthOf(packet)} bytes do not fit ${cause.link.name} (${cause.limitBytes}), and may not be cut`;
  const more = { evidence: [citeLink(ns, cause.link)], kind: 'bridge' } as const;
  return { ok: false, next: walk.stop(ns, packet, 'too-big', cause, text, more) };
}

/** The same, and PREROUTING before: for packets that are asked about and not followed. */
export function crossBridge(walk: Walk, crossing: Crossing, packet: Packet): HookResult {
  const { ns, bridge, entry } = crossing;
  const calls = callsIptables(walk, ns, bridge.detail.kind === 'bridge' ? bridge.detail : null, packet.family);
  const devices = { ...NO_DEVICES, iif: bridge, physIn: entry };
  const prerouting = (current: Packet): HookResult => runHook({ walk, ns, hook: 'PREROUTING', devices }, current);
  return oneAfterTheOther(packet, [
    (p) => enterBridge(walk, crossing, p, 'before'),
    ...(calls ? [prerouting] : []),
    (p) => enterBridge(walk, crossing, p, 'after'),
    (p) => passPorts(walk, crossing, p),
  ]);
}

/** PREROUTING of the bridge itself, on one side of bridge netfilter. */
export function enterBridge(
  walk: Walk,
  { ns, entry, frame }: Pick<Crossing, 'ns' | 'entry' | 'frame'>,
  packet: Packet,
  side: Side,
): HookResult {
  const ends = { iif: entry, oif: null, side, ...(frame ? { frame } : {}) };
  const next = nativeBridge(walk, ns, ['prerouting'], packet, ends);
  return next ? { ok: false, next } : { ok: true, packet };
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
