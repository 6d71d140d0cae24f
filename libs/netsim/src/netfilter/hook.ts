/** All stations of one hook, in order: tables of both variants, conntrack, NAT, native nftables. */
import type { CtEntry } from '../conntrack/table.ts';
import { track } from '../conntrack/track.ts';
import { isSetUp, translate } from '../nat/translate.ts';
import type { Packet } from '../packet/packet.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { missingSection } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import type { Devices } from './context.ts';
import { HOOKS, type Hook, NFT_HOOK } from './hooks.ts';
import { nativeChains } from './native.ts';
import { type CompiledRuleset, type CompiledTable, toolOf } from './ruleset.ts';
import { type TableVerdict, traverse } from './traverse.ts';

export type HookResult = { readonly ok: true; readonly packet: Packet } | { readonly ok: false; readonly next: Next };

export interface At {
  readonly walk: Walk;
  readonly ns: WorldNamespace;
  readonly hook: Hook;
  readonly devices: Devices;
}

/** `onlyTables`: for OUTPUT, whose tables are met in two parts with a rerouting check between them. */
export function runHook(at: At, packet: Packet, onlyTables: readonly string[] | null = null): HookResult {
  let current = packet;
  const families = ['inet', packet.family === 'ipv4' ? 'ip' : 'ip6'];
  // What rewrites may do so before any table of iptables looks: it is asked first.
  if (!onlyTables || onlyTables.includes('raw')) {
    const stopped = nativeChains(at.walk, at.ns, current, { families, hook: NFT_HOOK[at.hook], only: 'rewriting' });
    if (stopped) return { ok: false, next: stopped };
  }
  for (const station of HOOKS[at.hook]) {
    const name = station.at === 'table' ? station.table : 'conntrack';
    if (onlyTables && !onlyTables.includes(name)) continue;
    if (station.at === 'conntrack') {
      const tracked = track(at, current);
      if (!tracked.ok) return tracked;
      current = tracked.packet;
    } else {
      const result = station.table === 'nat' ? natTable(at, current) : plainTable(at, station.table, current);
      if (!result.ok) return result;
      current = result.packet;
    }
  }
  if (!onlyTables || onlyTables.includes('filter')) {
    const stopped = nativeChains(at.walk, at.ns, current, { families, hook: NFT_HOOK[at.hook], only: 'filtering' });
    if (stopped) return { ok: false, next: stopped };
  }
  return { ok: true, packet: current };
}

/** The table in each variant that has it. Unknown rulesets are asked about once per hook and table. */
function* variants(at: At, name: string, packet: Packet): Iterable<{ ruleset: CompiledRuleset; table: CompiledTable }> {
  for (const known of at.ns.net.rulesets[packet.family]) {
    if (!known.known) continue;
    const table = known.value.tables.get(name as CompiledTable['name']);
    if (table) yield { ruleset: known.value, table };
  }
}

/** A ruleset that was not read can lose the packet or send it anywhere: asked once for a namespace and direction. */
export function unreadRulesets(walk: Walk, ns: WorldNamespace, packet: Packet): Next | null {
  for (const known of ns.net.rulesets[packet.family]) {
    if (known.known) continue;
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

function plainTable(at: At, name: string, packet: Packet): HookResult {
  let current = packet;
  for (const { ruleset, table } of variants(at, name, packet)) {
    const verdict = traverse(ruleset, table, {
      ...at.devices,
      walk: at.walk,
      ns: at.ns,
      hook: at.hook,
      packet: current,
    });
    if (!verdict) continue;
    const result = conclude(at, ruleset, table, current, verdict);
    if (!result.ok) return result;
    current = result.packet;
  }
  return { ok: true, packet: current };
}

/** The nat chains, until one has translated the packet. */
function natTable(at: At, packet: Packet): HookResult {
  return translate(at, packet, (first) => {
    const { walk, ns } = at;
    const entryId = first.ct?.id ?? 0;
    const done = (): boolean => isSetUp(at, first);
    let current = first;
    const found: Translation[] = [];
    for (const { ruleset, table } of variants(at, 'nat', first)) {
      const before = walk.conntrack.get(ns.key, entryId);
      const verdict = traverse(ruleset, table, { ...at.devices, walk, ns, hook: at.hook, packet: current });
      if (!verdict) continue;
      const after = walk.conntrack.get(ns.key, entryId);
      if (before && after && done()) {
        found.push({ ruleset, table, verdict, entry: after });
        walk.conntrack.update(ns.key, entryId, before);
      } else if (found.length === 0 || verdict.kind === 'abandoned') {
        const result = conclude(at, ruleset, table, current, verdict);
        if (!result.ok) return result;
        current = result.packet;
      }
    }
    const [one, ...others] = found;
    if (!one) return { ok: true, packet: current };
    const { ruleset, table, verdict, entry } = firstAsked(at, first, [one, ...others]);
    walk.conntrack.update(ns.key, entryId, entry);
    return conclude(at, ruleset, table, current, verdict);
  });
}

const NO_SOURCE_ZH = '地址转换所用的设备没有可用的地址';

interface Translation {
  readonly ruleset: CompiledRuleset;
  readonly table: CompiledTable;
  readonly verdict: TableVerdict;
  readonly entry: CtEntry;
}

/**
 * Of equal priority the hook registered last is asked first (nf_hook_entries_grow), and the first translation counts. Which
 * was registered last nothing tells: it matters only where both variants translate this packet.
 */
function firstAsked(at: At, packet: Packet, found: readonly [Translation, ...Translation[]]): Translation {
  const [first, second] = found;
  if (!second) return first;
  const { walk, ns } = at;
  const tools = found.map(({ ruleset }) => toolOf(ruleset));
  const missing = {
    kind: 'other' as const,
    place: ns.key,
    node: ns.node,
    text: `${tools.join(' and ')} both translate the packet at ${at.hook}, and the one set up last is asked first`,
    zh: `${tools.join(' 和 ')} 都会在 ${at.hook} 转换该数据包的地址,最后建立的一方优先`,
    evidence: found.flatMap(({ verdict }) => ('steps' in verdict ? (verdict.steps.at(-1)?.evidence ?? []) : [])),
  };
  const key = `${ns.key} nat order ${packet.family}`;
  return walk.ask(ns, `${tools[0]} is asked first`, missing, key) ? first : second;
}

function conclude(
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
      walk.step(ns, {
        kind: packet !== before && table.name === 'nat' ? 'nat' : 'table',
        text: `${where}: ${verdict.last}`,
        action: packet === before ? 'pass' : 'change',
        detail,
        steps: verdict.steps,
        ...(packet === before ? {} : { packet }),
      });
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
