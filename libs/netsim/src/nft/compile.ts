/** A ruleset of native nftables prepared for evaluation: chains, sets and objects by name, base chains by where they are hooked in. */
import type {
  NftChain,
  NftExpr,
  NftFamily,
  NftHook,
  NftObject,
  NftRule,
  NftRuleset,
  NftTable,
  SectionRef,
} from '@netverdict/linux-net';
import { type HostOrder, hostOrder } from './bytes.ts';
import type { Evaluation } from './evaluation.ts';
import type { Outcome } from './outcome.ts';
import { type CompiledSet, compileSet } from './set.ts';

export interface CompiledNft {
  readonly section: SectionRef | null;
  readonly source: NftRuleset;
  readonly host: HostOrder;
  readonly tables: readonly CompiledNftTable[];
  /** Of tables that are not dormant. */
  readonly bases: readonly NftBase[];
  /** Whose base chains there are any of. */
  readonly families: ReadonlySet<NftFamily>;
}

export interface CompiledNftTable {
  readonly family: NftFamily;
  readonly name: string;
  /** Position in the dump, which is the order of creation. */
  readonly index: number;
  readonly host: HostOrder;
  readonly section: SectionRef | null;
  readonly chains: ReadonlyMap<string, CompiledNftChain>;
  readonly sets: ReadonlyMap<string, CompiledSet>;
  readonly objects: ReadonlyMap<string, NftObject>;
}

export interface CompiledNftChain {
  readonly chain: NftChain;
  readonly rules: readonly CompiledNftRule[];
}

export type ExpressionEvaluator = (expression: NftExpr, e: Evaluation) => Outcome;

export interface CompiledNftRule {
  readonly rule: NftRule;
  readonly expressions: readonly NftExpr[];
  /** What evaluates each of them, looked up when the first packet comes to the rule. */
  evaluators: readonly ExpressionEvaluator[] | null;
  /** From this expression on nothing can change what becomes of the packet. */
  readonly inertFrom: number;
}

export interface NftBase {
  readonly table: CompiledNftTable;
  readonly chain: CompiledNftChain;
  readonly type: 'filter' | 'nat' | 'route';
  readonly hook: NftHook;
  readonly priority: number;
  readonly policy: 'accept' | 'drop';
  readonly devices: readonly string[];
  /** What the chain and those that it leads to can do: lose the packet; change it, or what is known of it. */
  readonly stops: boolean;
  readonly changes: boolean;
}

export function compileNft(source: NftRuleset, section: SectionRef | null): CompiledNft {
  const host = hostOrder(source.byteOrder);
  const tables = source.tables.map((table, index) => compileTable(table, index, host, section));
  const bases = tables.flatMap((table, index) => (source.tables[index]?.dormant ? [] : basesOf(table)));
  return { section, source, host, tables, bases, families: new Set(bases.map((base) => base.table.family)) };
}

function compileTable(table: NftTable, index: number, host: HostOrder, section: SectionRef | null): CompiledNftTable {
  return {
    family: table.family,
    name: table.name,
    index,
    host,
    section,
    chains: new Map(table.chains.map((chain) => [chain.name, { chain, rules: chain.rules.map(compileRule) }])),
    sets: new Map(table.sets.map((set) => [set.name, compileSet(set)])),
    objects: new Map(table.objects.map((object) => [`${object.type} ${object.name}`, object])),
  };
}

/** They read, compare, count or log. */
const INERT: ReadonlySet<NftExpr['kind']> = new Set<NftExpr['kind']>([
  'payload',
  'meta',
  'ct',
  'cmp',
  'range',
  'bitwise',
  'immediate',
  'fib',
  'rt',
  'socket',
  'numgen',
  'hash',
  'exthdr',
  'exthdr-set',
  'exthdr-strip',
  'byteorder',
  'counter',
  'log',
  'last',
  'limit',
  'quota',
  'connlimit',
  'dup',
  'flow-offload',
]);

const isInert = (e: NftExpr): boolean =>
  INERT.has(e.kind) ||
  (e.kind === 'lookup' && !e.verdict) ||
  (e.kind === 'verdict' && e.verdict.code === 'continue') ||
  (e.kind === 'objref' && e.type !== SYNPROXY_OBJECT) ||
  (e.kind === 'meta-set' && e.key !== 'mark');

const SYNPROXY_OBJECT = 10;

function compileRule(rule: NftRule): CompiledNftRule {
  let inertFrom = rule.expressions.length;
  while (inertFrom > 0 && isInert(rule.expressions[inertFrom - 1] as NftExpr)) inertFrom--;
  return { rule, expressions: rule.expressions, evaluators: null, inertFrom };
}

function basesOf(table: CompiledNftTable): NftBase[] {
  const bases: NftBase[] = [];
  for (const chain of table.chains.values()) {
    const { base } = chain.chain;
    if (!base) continue;
    let found: Abilities | null = null;
    const can = (): Abilities => (found ??= abilities(table, chain));
    bases.push({
      ...base,
      table,
      chain,
      get stops() {
        return base.policy === 'drop' || can().stops;
      },
      get changes() {
        return can().changes;
      },
    });
  }
  return bases;
}

interface Abilities {
  readonly stops: boolean;
  readonly changes: boolean;
}

/**
 * By all chains that can be reached: those that verdicts of rules and of verdict maps name. Found out when it is asked for,
 * which is where two stand at one hook with the same priority: kube-proxy's chains lead to tens of thousands.
 */
function abilities(table: CompiledNftTable, from: CompiledNftChain): Abilities {
  const seen = new Set<CompiledNftChain>();
  const open = [from];
  const can = { stops: false, changes: false };
  const verdict = (v: { readonly code: string; readonly chain?: string }): void => {
    if (v.code === 'drop' || v.code === 'queue' || v.code === 'stolen') can.stops = true;
    const next = v.chain === undefined ? undefined : table.chains.get(v.chain);
    if (next && !seen.has(next)) open.push(next);
  };
  for (let chain = open.pop(); chain; chain = open.pop()) {
    if (seen.has(chain)) continue;
    seen.add(chain);
    for (const { expressions } of chain.rules)
      for (const e of expressions) {
        if (e.kind === 'verdict') verdict(e.verdict);
        else if (e.kind === 'lookup' && e.verdict)
          for (const { data } of table.sets.get(e.set)?.set.elements ?? [])
            if (data?.kind === 'verdict') verdict(data.verdict);
        if (e.kind === 'reject' || e.kind === 'queue' || e.kind === 'synproxy') can.stops = true;
        else if (!isInert(e) && e.kind !== 'verdict' && e.kind !== 'lookup') {
          can.changes = true;
          if (e.kind === 'unsupported' || e.kind === 'xt') can.stops = true;
        }
      }
  }
  return can;
}
