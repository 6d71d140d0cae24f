/**
 * Base chains of native nftables: how their answers are told, and where they are hooked in beside the IP stack: at a device
 * (netdev, and inet's ingress), in a bridge, and around ARP.
 */
import type { Link, NftFamily, NftHook } from '@netverdict/linux-net';
import { type NftResult, walkBase } from '../nft/chain.ts';
import type { NftBase } from '../nft/compile.ts';
import type { NftContext } from '../nft/context.ts';
import type { Frame, Packet } from '../packet/packet.ts';
import { hookFeature } from '../walk/features/nftables.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { missingSection } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { NO_DEVICES } from './context.ts';
import type { HookResult } from './hook.ts';
import { isSender } from './matches/host.ts';

interface At {
  readonly walk: Walk;
  readonly ns: WorldNamespace;
  readonly devices: Pick<NftContext, 'iif' | 'oif'>;
}

/** What becomes of the packet after one base chain, and a step that says so. */
export function concludeNft(at: At, base: NftBase, before: Packet, result: NftResult): HookResult {
  const { walk, ns } = at;
  const { table } = base;
  const { name } = base.chain.chain;
  if (result.kind === 'abandoned') return { ok: false, next: { do: 'abandon' } };
  if (result.kind === 'unknown') return { ok: false, next: walk.unknown(ns, before, result.missing) };
  const where = `nft ${table.family} ${table.name} ${name}`;
  if (result.kind === 'accept') {
    const { packet } = result;
    if (result.steps.length > 0)
      walk.step(ns, () => ({
        kind: packet !== before && base.type === 'nat' ? 'nat' : 'table',
        text: `${where}: ${result.last}`,
        action: packet === before ? 'pass' : 'change',
        detail: { hook: base.hook, table: `${table.family} ${table.name}`, tool: 'nft' },
        steps: result.steps,
        ...(packet === before ? {} : { packet }),
      }));
    return { ok: true, packet };
  }
  const text = `${where}: ${result.said}`;
  const more = { evidence: result.steps.at(-1)?.evidence ?? [], kind: 'table' as const, steps: result.steps };
  const place = { table, chain: result.chain };
  if (result.kind === 'no-source') {
    const link = at.devices.oif ?? at.devices.iif;
    const missing = {
      kind: 'nftables' as const,
      place: ns.key,
      node: ns.node,
      text: result.said,
      zh: '地址转换所用的设备没有可用的地址',
      evidence: more.evidence,
    };
    if (!link) return { ok: false, next: walk.unknown(ns, before, missing) };
    return { ok: false, next: walk.stop(ns, before, 'dropped', { kind: 'nat-no-source', link }, text, more) };
  }
  if (result.rule === null) {
    const { evidence } = base.chain.chain;
    const cited = {
      section: table.section?.digest ?? null,
      kind: table.section?.kind ?? 'nftables',
      line: evidence.line,
      text: evidence.text,
      at: table.section?.at ?? null,
    };
    const cause = { kind: 'nft-policy-drop' as const, ...place };
    return { ok: false, next: walk.stop(ns, before, 'dropped', cause, text, { ...more, evidence: [cited] }) };
  }
  const { rule } = result;
  return {
    ok: false,
    next:
      result.kind === 'reject'
        ? walk.stop(
            ns,
            before,
            'rejected',
            { kind: 'nft-reject', ...place, rule, with: result.with, code: result.code },
            text,
            more,
          )
        : walk.stop(ns, before, 'dropped', { kind: 'nft-drop', ...place, rule }, text, more),
  };
}

interface Where {
  readonly families: readonly NftFamily[];
  readonly hook: NftHook;
  readonly layer: NftContext['layer'];
  readonly iif: Link | null;
  readonly oif: Link | null;
  readonly frame?: Frame | undefined;
  readonly side?: Side | undefined;
}

/** Chains of a bridge's hook that come before bridge netfilter (NF_BR_PRI_BRNF, 0), or after it. */
export type Side = 'before' | 'after';

/** The chains of a hook outside the IP stack, by priority; of equal priority the one made last comes first. */
function chainsAt(walk: Walk, ns: WorldNamespace, packet: Packet, where: Where): HookResult {
  const { nft } = ns.net;
  if (!nft.known) {
    const missing = missingSection(ns, nft, 'nftables');
    const question = 'native nftables let the packet through unchanged';
    return walk.ask(ns, question, missing, `${walk.direction} ${ns.key} nft`)
      ? { ok: true, packet }
      : { ok: false, next: walk.unknown(ns, packet, missing) };
  }
  const here = (b: NftBase): boolean => b.hook === where.hook && where.families.includes(b.table.family);
  if (!nft.value.bases.some(here)) return { ok: true, packet };
  const device = (where.hook === 'ingress' ? where.iif : where.hook === 'egress' ? where.oif : null)?.name;
  const bases = nft.value.bases
    .filter(
      (b) =>
        here(b) &&
        (device === undefined || b.devices.length === 0 || b.devices.includes(device)) &&
        // Of equal priority the one made last is asked first, and a bridge is there before its rules.
        (where.side === undefined || (where.side === 'before') === b.priority <= 0),
    )
    .sort(
      (a, b) => a.priority - b.priority || b.table.index - a.table.index || b.chain.chain.handle - a.chain.chain.handle,
    );
  let current = packet;
  const { iif, oif } = where;
  for (const base of bases) {
    if (!walk.sees(hookFeature(base.table.family, base.hook), true)) continue;
    const result = walkBase(base, {
      ...NO_DEVICES,
      iif,
      oif,
      // What has a frame came in by a device, or by a tunnel where another sent it: no socket here did.
      forwarded: packet.frame !== undefined || !isSender({ walk, ns }),
      walk,
      ns,
      packet: current,
      hook: where.hook,
      layer: where.layer,
      ...(where.frame ? { ethernet: { source: where.frame.srcMac, destination: where.frame.dstMac } } : {}),
    });
    const concluded = concludeNft({ walk, ns, devices: { iif, oif } }, base, current, result);
    if (!concluded.ok) return concluded;
    current = concluded.packet;
  }
  return { ok: true, packet: current };
}

/** netdev at a device; `inet` has the same hook for packets that come in. */
export function deviceHook(
  walk: Walk,
  ns: WorldNamespace,
  link: Link,
  hook: 'ingress' | 'egress',
  packet: Packet,
  frame?: Frame,
): HookResult {
  const ends = hook === 'ingress' ? { iif: link, oif: null } : { iif: null, oif: link };
  return chainsAt(walk, ns, packet, { families: ['netdev', 'inet'], hook, layer: 'device', ...ends, frame });
}

interface Ends {
  readonly iif: Link | null;
  readonly oif: Link | null;
  readonly frame?: Frame;
  readonly side?: Side;
}

/** `iif`, `oif`: the ports (br_netfilter's hooks have the bridge there). */
export const bridgeHook = (
  walk: Walk,
  ns: WorldNamespace,
  hook: Exclude<NftHook, 'ingress' | 'egress'>,
  packet: Packet,
  ends: Ends,
): HookResult => chainsAt(walk, ns, packet, { families: ['bridge'], hook, layer: 'bridge', ...ends });

/** Chains with rules or a policy of drop, of which nothing but their being there is asked. */
function anyChain(walk: Walk, ns: WorldNamespace, packet: Packet, family: NftFamily, hook: NftHook): Next | null {
  const { nft } = ns.net;
  if (!nft.known || !nft.value.families.has(family)) return null;
  for (const base of nft.value.bases) {
    if (base.table.family !== family || base.hook !== hook || !(base.stops || base.changes)) continue;
    const name = `${family} ${base.table.name} ${base.chain.chain.name}`;
    const missing = {
      kind: 'nftables' as const,
      place: ns.key,
      node: ns.node,
      text: `nftables chain ${name} (${base.chain.rules.length} rules, policy ${base.policy}) is not evaluated`,
      zh: `未计算 nftables 链 ${name}(${base.chain.rules.length} 条规则,默认策略 ${base.policy})`,
      evidence: [
        {
          section: nft.section?.digest ?? null,
          kind: 'nftables',
          line: base.chain.chain.evidence.line,
          text: name,
          at: nft.section?.at ?? null,
        },
      ],
    };
    const key = `${walk.direction} ${ns.key} ${name}`;
    if (!walk.ask(ns, `nftables chain ${name} lets it through`, missing, key)) return walk.lost(ns, packet, missing);
  }
  return null;
}

export function nativeAtDevice(
  walk: Walk,
  ns: WorldNamespace,
  device: string,
  hook: 'ingress' | 'egress',
  packet: Packet,
): Next | null {
  const { nft } = ns.net;
  if (!nft.known || !(nft.value.families.has('netdev') || nft.value.families.has('inet'))) return null;
  const link = ns.net.linkByName.get(device);
  if (!link) return null;
  return stopOf(walk, ns, packet, deviceHook(walk, ns, link, hook, packet));
}

export function nativeBridge(
  walk: Walk,
  ns: WorldNamespace,
  hooks: readonly Exclude<NftHook, 'ingress' | 'egress'>[],
  packet: Packet,
  ends: Ends,
): Next | null {
  const { nft } = ns.net;
  if (nft.known && !nft.value.families.has('bridge')) return null;
  let current = packet;
  for (const hook of hooks) {
    const at =
      hook === 'postrouting' || hook === 'output'
        ? { ...ends, iif: null }
        : hook === 'prerouting' || hook === 'input'
          ? { ...ends, oif: null }
          : ends;
    const result = bridgeHook(walk, ns, hook, current, at);
    if (!result.ok) return result.next;
    current = result.packet;
  }
  return stopOf(walk, ns, packet, { ok: true, packet: current });
}

/** For callers that go on with the packet as it was: one that came out changed is not theirs to follow. */
function stopOf(walk: Walk, ns: WorldNamespace, before: Packet, result: HookResult): Next | null {
  if (!result.ok) return result.next;
  if (result.packet === before) return null;
  return walk.unknown(ns, before, {
    kind: 'nftables',
    place: ns.key,
    node: ns.node,
    text: 'a packet changed by nftables outside the IP stack is not followed',
    zh: '尚不支持在 IP 协议栈之外被 nftables 修改的数据包',
    evidence: [],
  });
}

/** ARP of a host: it asks by `output` and hears the answer by `input`; who answers, the other way round. */
export const nativeArp = (walk: Walk, ns: WorldNamespace, packet: Packet): Next | null => {
  if (packet.family !== 'ipv4') return null;
  return anyChain(walk, ns, packet, 'arp', 'output') ?? anyChain(walk, ns, packet, 'arp', 'input');
};
