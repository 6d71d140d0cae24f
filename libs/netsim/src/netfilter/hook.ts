/** All that stands at one hook, in order: tables of both variants, base chains, conntrack, NAT (nf_hook_slow). */
import type { CtEntry } from '../conntrack/table.ts';
import { track } from '../conntrack/track.ts';
import { isSetUp, translate } from '../nat/translate.ts';
import { type NftResult, walkBase } from '../nft/chain.ts';
import type { Packet } from '../packet/packet.ts';
import { hookFeature } from '../walk/features/nftables.ts';
import type { Next } from '../walk/next.ts';
import type { RuleMet } from '../walk/observable.ts';
import type { Walk } from '../walk/walk.ts';
import { missingSection } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import type { Devices } from './context.ts';
import { type Hook, NFT_HOOK } from './hooks.ts';
import { concludeNft } from './native.ts';
import { type CompiledRuleset, type CompiledTable, toolOf } from './ruleset.ts';
import type { Act, Group, Rank } from './stations.ts';
import { type TableVerdict, traverse } from './traverse.ts';

export type HookResult = { readonly ok: true; readonly packet: Packet } | { readonly ok: false; readonly next: Next };

export type Rerouted =
  | { readonly ok: true; readonly devices: Devices; readonly packet?: Packet }
  | { readonly ok: false; readonly next: Next };

export interface At {
  readonly walk: Walk;
  readonly ns: WorldNamespace;
  readonly hook: Hook;
  readonly devices: Devices;
  /**
   * OUTPUT: ip_route_me_harder; PREROUTING: what loopback brought back loses its route. Called after a mangle table or a chain of type route that changed mark, an address or the
   * TOS, and after NAT that changed the destination; the rest of the hook sees the new route, but the device of the old one.
   */
  readonly reroute?: (packet: Packet, by: 'mangle' | 'nat') => Rerouted;
}

/** Nothing stands there: most namespaces have no rules at all. */
export const isIdle = (ns: WorldNamespace, packet: Packet, hook: Hook): boolean =>
  ns.net.hooks[packet.family][hook].length === 0;

export function runHook(given: At, packet: Packet): HookResult {
  let at = given;
  let current = packet;
  for (const rank of at.ns.net.hooks[packet.family][at.hook]) {
    for (const { acts } of inOrder(at, rank, current))
      for (const act of acts) {
        const before = current;
        const result = runAct(at, act, current);
        if (!result.ok) return result;
        current = result.packet;
        const by = rerouteBy(act, before, current);
        if (!by || !at.reroute) continue;
        const again = at.reroute(current, by);
        if (!again.ok) return again;
        at = { ...at, devices: again.devices };
        current = again.packet ?? current;
      }
  }
  return { ok: true, packet: current };
}

/** ipt_mangle_out and nf_route_table_hook4 compare these; nf_nat_ipv4_local_fn the destination. */
function rerouteBy(act: Act, before: Packet, after: Packet): 'mangle' | 'nat' | null {
  if (before === after) return null;
  if (act.kind === 'nat') return before.destination === after.destination ? null : 'nat';
  if ((act.kind !== 'xt' && act.kind !== 'nft') || !act.reroutes) return null;
  const same =
    before.mark === after.mark &&
    before.source === after.source &&
    before.destination === after.destination &&
    before.tos === after.tos;
  return same ? null : 'mangle';
}

function runAct(at: At, act: Act, packet: Packet): HookResult {
  switch (act.kind) {
    case 'conntrack':
      return track(at, packet);
    case 'nat':
      return translate(at, packet, (first) => askNat(at, act.ranks, first));
    case 'xt':
    case 'nft':
      return conclude(at, evaluate(at, act, packet), packet);
  }
}

/** A table's or a base chain's answer, before anything of it is told. */
type Answered =
  | {
      readonly by: 'xt';
      readonly ruleset: CompiledRuleset;
      readonly table: CompiledTable;
      readonly verdict: TableVerdict;
    }
  | { readonly by: 'nft'; readonly act: Extract<Act, { kind: 'nft' }>; readonly verdict: NftResult };

function evaluate(at: At, act: Extract<Act, { kind: 'xt' | 'nft' }>, packet: Packet): Answered {
  const { walk, ns, hook, devices } = at;
  if (act.kind === 'nft') {
    const { base } = act;
    const verdict: NftResult =
      walk.lens === null || walk.sees(hookFeature(base.table.family, base.hook), true)
        ? walkBase(base, { ...devices, walk, ns, packet, hook: NFT_HOOK[hook], layer: 'ip' })
        : { kind: 'accept', packet, steps: [], last: '' };
    return { by: 'nft', act, verdict };
  }
  const { ruleset, table } = act;
  const verdict = traverse(ruleset, table, { ...devices, walk, ns, hook, packet });
  return { by: 'xt', ruleset, table, verdict: verdict ?? { kind: 'accept', packet, steps: [], last: '' } };
}

function conclude(at: At, answered: Answered, before: Packet): HookResult {
  return answered.by === 'nft'
    ? concludeNft(at, answered.act.base, before, answered.verdict)
    : concludeXt(at, answered.ruleset, answered.table, before, answered.verdict);
}

const stops = (verdict: TableVerdict | NftResult): boolean => verdict.kind !== 'accept';

/**
 * The groups of a rank in the order in which this packet meets them. Where two cannot both be passed over in silence, and
 * nothing tells which comes first, both orders are followed.
 */
function inOrder(at: At, rank: Rank, packet: Packet): readonly Group[] {
  const { groups, ordered } = rank;
  if (ordered || groups.length < 2) return groups;
  const sorted: Group[] = [];
  for (const group of groups) {
    let place = sorted.length;
    while (place > 0 && comesBefore(at, group, sorted[place - 1] as Group, packet)) place--;
    sorted.splice(place, 0, group);
  }
  return sorted;
}

/** `other` stands before `group` unless the answer is yes. */
function comesBefore(at: At, group: Group, other: Group, packet: Packet): boolean {
  if (!mattersBetween(at, group, other, packet)) return false;
  const { walk, ns } = at;
  const missing = {
    kind: 'other' as const,
    place: ns.key,
    node: ns.node,
    text: `${other.name} and ${group.name} are hooked in at ${at.hook} with the same priority, and the one set up last is asked first`,
    zh: `${other.name} 与 ${group.name} 在 ${at.hook} 的优先级相同,最后建立的一方先处理`,
    evidence: [],
  };
  return !walk.ask(
    ns,
    `${other.name} is asked before ${group.name}`,
    missing,
    `${ns.key} order ${other.name} ${group.name}`,
    true,
  );
}

function mattersBetween(at: At, a: Group, b: Group, packet: Packet): boolean {
  const idle = (group: Group): boolean => !group.stops && !group.changes;
  if (idle(a) || idle(b)) return false;
  if (a.changes || b.changes) return true;
  // Both only lose packets: it matters where both would lose this one, for who does it is what is told.
  return loses(at, a, packet) && loses(at, b, packet);
}

const loses = (at: At, group: Group, packet: Packet): boolean =>
  at.walk.aside(() =>
    group.acts.some((act) => (act.kind === 'xt' || act.kind === 'nft') && stops(evaluate(at, act, packet).verdict)),
  );

/** nf_nat_inet_fn: one nat chain after the other, until one has translated the connection. */
function askNat(at: At, ranks: readonly Rank[], packet: Packet): HookResult {
  let current = packet;
  for (const rank of ranks) {
    const result = askGroups(at, rank, current);
    if (!result.ok || isSetUp(at, current)) return result;
    current = result.packet;
  }
  return { ok: true, packet: current };
}

interface Translation {
  readonly group: Group;
  readonly answered: Answered;
  readonly entry: CtEntry;
  readonly rules: readonly RuleMet[];
}

/** Groups of equal priority: which is asked first matters only where more than one would translate this packet. */
function askGroups(at: At, { groups, ordered }: Rank, packet: Packet): HookResult {
  const { walk, ns } = at;
  const id = packet.ct?.id ?? 0;
  let current = packet;
  const found: Translation[] = [];
  for (const group of groups) {
    if (ordered && found.length > 0) break;
    for (const act of group.acts) {
      if (act.kind !== 'xt' && act.kind !== 'nft') continue;
      if (found.some((f) => f.group === group)) break;
      const before = walk.conntrack.get(ns.key, id);
      const from = walk.rulesMet.length;
      const answered = evaluate(at, act, current);
      const after = walk.conntrack.get(ns.key, id);
      if (before && after && isSetUp(at, packet)) {
        found.push({ group, answered, entry: after, rules: walk.rulesMet.splice(from) });
        walk.conntrack.update(ns.key, id, before);
        if (groups.length === 1) break;
      } else if (found.length > 0 && answered.verdict.kind !== 'abandoned') walk.rulesMet.length = from;
      else {
        const result = conclude(at, answered, current);
        if (!result.ok) return result;
        current = result.packet;
      }
    }
  }
  const [one, ...others] = found;
  if (!one) return { ok: true, packet: current };
  const { answered, entry, rules } = firstAsked(at, [one, ...others]);
  walk.conntrack.update(ns.key, id, entry);
  walk.rulesMet.push(...rules);
  return conclude(at, answered, current);
}

function firstAsked(at: At, found: readonly [Translation, ...Translation[]]): Translation {
  const [first, second] = found;
  if (!second) return first;
  const { walk, ns } = at;
  const missing = {
    kind: 'other' as const,
    place: ns.key,
    node: ns.node,
    text: `${found.map((f) => f.group.name).join(' and ')} both translate the packet at ${at.hook}, and the one set up last is asked first`,
    zh: `${found.map((f) => f.group.name).join(' 和 ')} 都会在 ${at.hook} 转换该数据包的地址,最后建立的一方优先`,
    evidence: found.flatMap(({ answered: { verdict } }) =>
      'steps' in verdict ? (verdict.steps.at(-1)?.evidence ?? []) : [],
    ),
  };
  const key = `${ns.key} nat order ${first.group.name} ${second.group.name}`;
  return walk.ask(ns, `${first.group.name} is asked first`, missing, key, true) ? first : second;
}

/** A ruleset that was not read can lose the packet or send it anywhere: asked once for a namespace and direction. */
export function unreadRulesets(walk: Walk, ns: WorldNamespace, packet: Packet): Next | null {
  for (const known of ns.net.unreadRulesets[packet.family]) {
    const missing = missingSection(ns, known, known.kind);
    if (
      !walk.ask(
        ns,
        `the rules of ${known.kind} let the packet through unchanged`,
        missing,
        `${walk.direction} ${ns.key} ${known.kind}`,
      )
    )
      return walk.unknown(ns, packet, missing);
  }
  return null;
}

export const NO_SOURCE_ZH = '地址转换所用的设备没有可用的地址';

function concludeXt(
  at: At,
  ruleset: CompiledRuleset,
  table: CompiledTable,
  before: Packet,
  verdict: TableVerdict,
): HookResult {
  const { walk, ns } = at;
  if (verdict.kind === 'abandoned') return { ok: false, next: { do: 'abandon' } };
  if (verdict.kind === 'unknown') return { ok: false, next: walk.unknown(ns, before, verdict.missing) };
  const where = `${table.name} ${at.hook}`;
  const detail = { hook: at.hook, table: table.name, tool: toolOf(ruleset) };
  if (verdict.kind === 'accept') {
    const { packet } = verdict;
    if (verdict.steps.length > 0)
      walk.step(ns, () => ({
        kind: packet !== before && table.name === 'nat' ? 'nat' : 'table',
        text: `${where}: ${verdict.last}`,
        action: packet === before ? 'pass' : 'change',
        detail,
        steps: verdict.steps,
        ...(packet === before ? {} : { packet }),
      }));
    return { ok: true, packet };
  }
  const evidence = verdict.steps.at(-1)?.evidence ?? [];
  const place = { ruleset, table: table.name, chain: verdict.chain };
  if (verdict.kind === 'no-source') {
    const link = at.devices.oif ?? at.devices.iif;
    const missing = {
      kind: 'other' as const,
      place: ns.key,
      node: ns.node,
      text: verdict.said,
      zh: NO_SOURCE_ZH,
      evidence,
    };
    if (!link) return { ok: false, next: walk.unknown(ns, before, missing) };
    return {
      ok: false,
      next: walk.stop(ns, before, 'dropped', { kind: 'nat-no-source', link }, `${where}: ${verdict.said}`, {
        evidence,
        steps: verdict.steps,
      }),
    };
  }
  if (verdict.rule === null) {
    const chain = table.chains.get(verdict.chain)?.chain;
    const section = ruleset.section;
    const line = chain
      ? [
          {
            section: section?.digest ?? null,
            kind: ruleset.sectionKind,
            line: chain.line,
            text: `:${chain.name} DROP`,
            at: section?.at ?? null,
          },
        ]
      : [];
    return {
      ok: false,
      next: walk.stop(ns, before, 'dropped', { kind: 'policy-drop', ...place }, `${where}: ${verdict.said}`, {
        evidence: line,
        kind: 'table',
        steps: verdict.steps,
      }),
    };
  }
  const { rule } = verdict;
  return {
    ok: false,
    next:
      verdict.kind === 'reject'
        ? walk.stop(
            ns,
            before,
            'rejected',
            { kind: 'rule-reject', ...place, rule, with: verdict.with },
            `${where}: ${verdict.said}`,
            { evidence, kind: 'table', steps: verdict.steps },
          )
        : walk.stop(ns, before, 'dropped', { kind: 'rule-drop', ...place, rule }, `${where}: ${verdict.said}`, {
            evidence,
            kind: 'table',
            steps: verdict.steps,
          }),
  };
}
