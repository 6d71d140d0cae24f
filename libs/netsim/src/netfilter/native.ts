/** Chains of native nftables are not evaluated yet: one with rules, or with a policy of drop, is an unknown where it is hooked in. */
import type { NftExpr, NftRuleset, NftTable } from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { missingSection } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';

interface Where {
  readonly families: readonly string[];
  /** As nft names it. */
  readonly hook: string;
  /** For netdev. */
  readonly device?: string;
  /** What can change the packet is asked before what can only lose it. Absent: both. */
  readonly only?: 'rewriting' | 'filtering';
}

/** Expressions that decide about a packet and leave it as it is. A jump leads to chains of the same table. */
const FILTERING: ReadonlySet<NftExpr['kind']> = new Set(
  'payload meta ct cmp range bitwise byteorder immediate lookup fib rt socket exthdr verdict counter log last limit quota reject'.split(
    ' ',
  ) as NftExpr['kind'][],
);
const rewritesPackets = (table: NftTable): boolean =>
  table.chains.some((c) => c.rules.some((r) => !r.expressions.every((e) => FILTERING.has(e.kind))));

function* baseChains(ruleset: NftRuleset) {
  for (const table of ruleset.tables) {
    if (table.dormant) continue;
    for (const { name, base, rules } of table.chains) {
      if (base === null) continue;
      const rewrites = base.type !== 'filter' || rewritesPackets(table);
      yield { family: table.family, table: table.name, name, ...base, ruleCount: rules.length, rewrites };
    }
  }
}

/**
 * A chain that only filters passes the packet or loses it. One that may translate, mark or copy has more ways: what
 * becomes of the packet then is not known, nor is it where the ruleset was not read.
 */
export function nativeChains(walk: Walk, ns: WorldNamespace, packet: Packet, where: Where): Next | null {
  const part = ns.net.state.nftables;
  if (!part.known) {
    const missing = missingSection(ns, part, 'nftables');
    const question = 'native nftables let the packet through unchanged';
    return walk.ask(ns, question, missing, `${walk.direction} ${ns.key} nft`)
      ? null
      : walk.unknown(ns, packet, missing);
  }
  for (const chain of baseChains(part.value)) {
    if (!where.families.includes(chain.family) || chain.hook !== where.hook) continue;
    if (where.device !== undefined && chain.devices.length > 0 && !chain.devices.includes(where.device)) continue;
    if (chain.ruleCount === 0 && chain.policy !== 'drop') continue;
    const { rewrites } = chain;
    if (where.only !== undefined && (where.only === 'rewriting') !== rewrites) continue;
    const name = `${chain.family} ${chain.table} ${chain.name}`;
    const missing = {
      kind: 'nftables' as const,
      place: ns.key,
      node: ns.node,
      text: `nftables chain ${name} (${chain.ruleCount} rules, policy ${chain.policy}) is not evaluated`,
      zh: `未计算 nftables 链 ${name}(${chain.ruleCount} 条规则,默认策略 ${chain.policy})`,
      evidence: [
        {
          section: part.section?.digest ?? null,
          kind: 'nftables',
          line: null,
          text: name,
          at: part.section?.at ?? null,
        },
      ],
    };
    const key = `${walk.direction} ${ns.key} ${name} ${where.device ?? ''}`;
    if (!walk.ask(ns, `nftables chain ${name} lets the packet through unchanged`, missing, key))
      return rewrites ? walk.unknown(ns, packet, missing) : walk.lost(ns, packet, missing);
  }
  return null;
}

/** netdev at a device; `inet` has the same hook for packets that come in. */
export const nativeAtDevice = (
  walk: Walk,
  ns: WorldNamespace,
  device: string,
  hook: 'ingress' | 'egress',
  packet: Packet,
): Next | null =>
  ns.net.state.nftables.known ? nativeChains(walk, ns, packet, { families: ['netdev', 'inet'], hook, device }) : null;

export const nativeBridge = (
  walk: Walk,
  ns: WorldNamespace,
  hooks: readonly ('prerouting' | 'input' | 'forward' | 'output' | 'postrouting')[],
  packet: Packet,
): Next | null => {
  for (const hook of hooks) {
    const stopped = nativeChains(walk, ns, packet, { families: ['bridge'], hook });
    if (stopped) return stopped;
  }
  return null;
};

/** ARP of a host: it asks by `output` and hears the answer by `input`; who answers, the other way round. */
export const nativeArp = (walk: Walk, ns: WorldNamespace, packet: Packet): Next | null => {
  if (packet.family !== 'ipv4' || !ns.net.state.nftables.known) return null;
  return (
    nativeChains(walk, ns, packet, { families: ['arp'], hook: 'output' }) ??
    nativeChains(walk, ns, packet, { families: ['arp'], hook: 'input' })
  );
};
