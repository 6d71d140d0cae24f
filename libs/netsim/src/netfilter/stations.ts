/**
 * What stands at each hook, in the order in which a packet meets it: tables of iptables (legacy and nft), base chains of native
 * nftables, connection tracking, and NAT, which asks the nat chains of all of them. Prepared once for a namespace.
 *
 * Of equal priority the hook that was registered last comes first (nf_hook_entries_grow puts a new one before those that are
 * not below it). Within one native table that is the chain that was made last, which its handle tells. Between tables, and
 * between the variants of iptables, only the kernel's list of hooks tells it, which few kernels have: without it they are
 * `groups` of one rank. The order given here, native tables from the last to the first, then iptables-nft, then legacy, is
 * that of a host whose rules were loaded the other way round, and is asked about where it matters.
 */
import type { Family, Known, NetfilterHook, XtTableName, XtVariant } from '@netverdict/linux-net';
import { tracksConnections } from '../conntrack/needed.ts';
import type { CompiledNft, NftBase } from '../nft/compile.ts';
import { type Hook, NFT_HOOK } from './hooks.ts';
import { type PlaceOf, placesOf } from './listed-hooks.ts';
import { type CompiledChain, type CompiledRuleset, type CompiledTable, toolOf } from './ruleset.ts';

export type Act =
  /** `reroutes`: what it changes of a packet that is sent out makes it be routed again (ip_route_me_harder). */
  | {
      readonly kind: 'xt';
      readonly ruleset: CompiledRuleset;
      readonly table: CompiledTable;
      readonly reroutes: boolean;
    }
  | { readonly kind: 'nft'; readonly base: NftBase; readonly reroutes: boolean }
  | { readonly kind: 'conntrack' }
  /** nf_nat's own hook: the first of its chains that translates a connection ends the search. */
  | { readonly kind: 'nat'; readonly ranks: readonly Rank[] };

/** Acts whose order among themselves is known. */
export interface Group {
  readonly name: string;
  readonly acts: readonly Act[];
  /** It can lose the packet. */
  readonly stops: boolean;
  /** It can change the packet or what is known of it. */
  readonly changes: boolean;
}

export interface Rank {
  readonly priority: number;
  /** The groups stand as the kernel says that they do. */
  readonly ordered: boolean;
  readonly groups: readonly Group[];
}

export type CompiledHooks = Readonly<Record<Family, Readonly<Record<Hook, readonly Rank[]>>>>;

/** include/uapi/linux/netfilter_ipv4.h: NF_IP_PRI_* */
const CONNTRACK_PRIORITY = -200;
const NAT_PRIORITY: Readonly<Record<Hook, number | null>> = {
  PREROUTING: -100,
  INPUT: 100,
  FORWARD: null,
  OUTPUT: -100,
  POSTROUTING: 100,
};
/** iptables-nft hooks its security table in elsewhere than the kernel's own iptables does (iptables/nft.c). */
const TABLE_PRIORITY: Readonly<Record<Exclude<XtTableName, 'nat'>, Readonly<Record<XtVariant, number>>>> = {
  raw: { legacy: -300, nft: -300 },
  mangle: { legacy: -150, nft: -150 },
  filter: { legacy: 0, nft: 0 },
  security: { legacy: 50, nft: 150 },
};

type Rulesets = Readonly<Record<Family, readonly Known<CompiledRuleset>[]>>;

const FAMILIES = ['ipv4', 'ipv6'] as const;

export function compileHooks(
  rulesets: Rulesets,
  nft: Known<CompiledNft>,
  listed: Known<readonly NetfilterHook[] | null>,
): CompiledHooks {
  const of = (family: Family): Readonly<Record<Hook, readonly Rank[]>> => {
    const known = rulesets[family].flatMap((r) => (r.known ? [r.value] : []));
    const families = ['inet', family === 'ipv4' ? 'ip' : 'ip6'];
    const bases = (nft.known ? nft.value.bases : []).filter((base) => families.includes(base.table.family));
    const anyNat =
      rulesets[family].some((r) => !r.known || r.value.tables.has('nat')) || bases.some((b) => b.type === 'nat');
    const tracked = tracksConnections(family, rulesets[family], nft);
    const at = (hook: Hook): readonly Rank[] =>
      ranksAt(
        hook,
        known,
        bases.filter((base) => base.hook === NFT_HOOK[hook]),
        tracked,
        tracked && anyNat,
        placesOf(listed, family, NFT_HOOK[hook]),
      );
    return {
      PREROUTING: at('PREROUTING'),
      INPUT: at('INPUT'),
      FORWARD: at('FORWARD'),
      OUTPUT: at('OUTPUT'),
      POSTROUTING: at('POSTROUTING'),
    };
  };
  const [ipv4, ipv6] = FAMILIES.map(of);
  return { ipv4, ipv6 } as CompiledHooks;
}

function ranksAt(
  hook: Hook,
  rulesets: readonly CompiledRuleset[],
  bases: readonly NftBase[],
  tracked: boolean,
  anyNat: boolean,
  placeOf: PlaceOf | null,
): readonly Rank[] {
  const groups: { priority: number; group: Group }[] = [];
  const natGroups: { priority: number; group: Group }[] = [];
  for (const [key, chains] of byTableAndPriority(bases, placeOf !== null)) {
    const [first] = chains;
    if (!first) continue;
    const group = nativeGroup(key, hook, chains);
    (first.type === 'nat' ? natGroups : groups).push({ priority: first.priority, group });
  }
  for (const ruleset of [...rulesets].reverse())
    for (const table of ruleset.tables.values()) {
      const chain = table.chains.get(hook);
      if (!chain) continue;
      const group = tableGroup(ruleset, table, chain, hook);
      const nat = NAT_PRIORITY[hook];
      if (table.name !== 'nat') groups.push({ priority: TABLE_PRIORITY[table.name][ruleset.variant], group });
      else if (nat !== null) natGroups.push({ priority: nat, group });
    }
  const nat = NAT_PRIORITY[hook];
  if (nat !== null && anyNat) {
    const act: Act = { kind: 'nat', ranks: rank(natGroups, hook, placeOf) };
    groups.push({ priority: nat, group: { name: 'NAT', acts: [act], stops: true, changes: true } });
  }
  if (tracked && (hook === 'PREROUTING' || hook === 'OUTPUT'))
    groups.push({
      priority: CONNTRACK_PRIORITY,
      group: { name: 'connection tracking', acts: [{ kind: 'conntrack' }], stops: true, changes: true },
    });
  return rank(groups, hook, placeOf);
}

/** Chains of one table and priority, the last made first; tables from the last to the first. `singly`: each by itself. */
function byTableAndPriority(bases: readonly NftBase[], singly: boolean): Map<string, NftBase[]> {
  const groups = new Map<string, NftBase[]>();
  const newest = [...bases].sort(
    (a, b) => b.table.index - a.table.index || b.chain.chain.handle - a.chain.chain.handle,
  );
  for (const base of newest) {
    const chain = singly ? `chain ${base.chain.chain.name} ` : '';
    const key = `nft ${base.table.family} ${base.table.name} ${chain}${base.type === 'nat' ? 'nat ' : ''}${base.priority}`;
    const list = groups.get(key);
    if (list) list.push(base);
    else groups.set(key, [base]);
  }
  return groups;
}

const nativeGroup = (key: string, hook: Hook, chains: readonly NftBase[]): Group => ({
  name: key.replace(/ -?\d+$/, ''),
  acts: chains.map((base) => ({ kind: 'nft', base, reroutes: hook === 'OUTPUT' && base.type === 'route' })),
  get stops() {
    return chains.some((base) => base.stops);
  },
  get changes() {
    return chains.some((base) => base.changes);
  },
});

function tableGroup(ruleset: CompiledRuleset, table: CompiledTable, chain: CompiledChain, hook: Hook): Group {
  let found: Abilities | null = null;
  const can = (): Abilities => (found ??= abilities(table, chain));
  return {
    name: toolOf(ruleset),
    acts: [{ kind: 'xt', ruleset, table, reroutes: hook === 'OUTPUT' && table.name === 'mangle' }],
    get stops() {
      return can().stops;
    },
    get changes() {
      return can().changes;
    },
  };
}

interface Abilities {
  readonly stops: boolean;
  readonly changes: boolean;
}

const PASSING: ReadonlySet<string> = new Set(['accept', 'return', 'jump', 'goto', 'observe', 'tcpmss', 'tee']);

/** By all chains that can be reached, when it is asked for. A match may keep a memory (`recent`), which is as good as a change. */
function abilities(table: CompiledTable, from: CompiledChain): Abilities {
  const seen = new Set<CompiledChain>();
  const open = [from];
  const can = { stops: from.chain.policy === 'DROP', changes: false };
  for (let chain = open.pop(); chain; chain = open.pop()) {
    if (seen.has(chain)) continue;
    seen.add(chain);
    for (const { target, matches } of chain.rules) {
      if (matches.some((match) => match.kind === 'recent')) can.changes = true;
      if (target === null) continue;
      if (target.kind === 'drop' || target.kind === 'reject') can.stops = true;
      else if (target.kind === 'jump' || target.kind === 'goto') {
        const next = table.chains.get(target.chain);
        if (next) open.push(next);
      } else if (!PASSING.has(target.kind)) can.changes = true;
      if (target.kind === 'unsupported') can.stops = true;
    }
  }
  return can;
}

function rank(
  groups: readonly { readonly priority: number; readonly group: Group }[],
  hook: Hook,
  placeOf: PlaceOf | null,
): readonly Rank[] {
  const ranks = new Map<number, Group[]>();
  for (const { priority, group } of groups) {
    const list = ranks.get(priority);
    if (list) list.push(group);
    else ranks.set(priority, [group]);
  }
  return [...ranks]
    .sort(([a], [b]) => a - b)
    .map(
      ([priority, list]) => inListedOrder(priority, list, hook, placeOf) ?? { priority, groups: list, ordered: false },
    );
}

/** null where the list does not name them all: it was read at another time than the rules. */
function inListedOrder(priority: number, groups: readonly Group[], hook: Hook, placeOf: PlaceOf | null): Rank | null {
  if (placeOf === null || groups.length < 2) return null;
  const placed = groups.map((group) => ({ group, place: placeOf(group.acts[0], priority, hook) }));
  if (placed.some(({ place }) => place < 0)) return null;
  return { priority, groups: placed.sort((a, b) => a.place - b.place).map(({ group }) => group), ordered: true };
}
