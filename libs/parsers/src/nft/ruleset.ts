/** `nft -j list ruleset`: which tables and base chains there are. Expressions are not read yet. */
import { type NftRuleset, ok, type Result } from '@netverdict/linux-net';
import {
  type Fields,
  fieldList,
  isFields,
  optionalFields,
  optionalNumber,
  optionalText,
  text,
  textList,
} from '../json/fields.ts';
import { Malformed, type ParseProblem, readLine } from '../problem.ts';

type BareChain = Omit<NftRuleset['baseChains'][number], 'ruleCount' | 'rewrites'>;

/** Statements that decide about a packet and leave it as it is. A jump leads to chains of the same table. */
const FILTERING: ReadonlySet<string> = new Set(
  'match counter accept drop reject return continue jump goto log limit comment quota vmap'.split(' '),
);

export function parseNftRuleset(source: string): Result<NftRuleset, ParseProblem> {
  const parsed = readLine(1, source, () => objectsOf(source));
  if (!parsed.ok) return parsed;
  const tables: NftRuleset['tables'][number][] = [];
  const chains: BareChain[] = [];
  const rules = new Map<string, number>();
  const rewriting = new Set<string>();
  const dormant = new Set<string>();
  for (const [index, object] of parsed.value.entries()) {
    const result = readLine(index + 1, JSON.stringify(object), () => {
      const table = optionalFields(object, 'table');
      const chain = optionalFields(object, 'chain');
      const rule = optionalFields(object, 'rule');
      if (table && isDormant(table)) dormant.add(tableKey(table, 'name'));
      if (table) tables.push({ family: text(table, 'family'), name: text(table, 'name') });
      if (chain && 'hook' in chain) chains.push(readBaseChain(chain));
      if (rule && !fieldList(rule, 'expr').every((e) => Object.keys(e).every((key) => FILTERING.has(key))))
        rewriting.add(tableKey(rule, 'table'));
      if (rule) rules.set(chainKey(rule, 'chain'), (rules.get(chainKey(rule, 'chain')) ?? 0) + 1);
    });
    if (!result.ok) return result;
  }
  const countOf = (c: BareChain): number => rules.get(`${c.family} ${c.table} ${c.name}`) ?? 0;
  const active = chains.filter((c) => !dormant.has(`${c.family} ${c.table}`));
  return ok({
    tables,
    baseChains: active.map((c) => ({
      ...c,
      ruleCount: countOf(c),
      rewrites: c.type !== 'filter' || rewriting.has(`${c.family} ${c.table}`),
    })),
  });
}

function objectsOf(source: string): readonly Fields[] {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (cause) {
    throw new Malformed(`not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (!isFields(value) || !('nftables' in value)) throw new Malformed('expected {"nftables": […]}');
  return fieldList(value, 'nftables');
}

const chainKey = (fields: Fields, name: string): string =>
  `${text(fields, 'family')} ${text(fields, 'table')} ${text(fields, name)}`;

const tableKey = (fields: Fields, name: string): string => `${text(fields, 'family')} ${text(fields, name)}`;

/** A dormant table's chains are not hooked in. */
const isDormant = (table: Fields): boolean =>
  [table.flags].flat().some((flag) => typeof flag === 'string' && flag === 'dormant' && table.name !== 'dormant');

function devicesOf(chain: Fields): readonly string[] | null {
  const { dev } = chain;
  return typeof dev === 'string' ? [dev] : Array.isArray(dev) && dev.length > 0 ? textList(chain, 'dev') : null;
}

/** Names of priorities are printed by the plain form only; the JSON has numbers. */
function readBaseChain(chain: Fields): BareChain {
  const devices = devicesOf(chain);
  return {
    family: text(chain, 'family'),
    table: text(chain, 'table'),
    name: text(chain, 'name'),
    type: optionalText(chain, 'type') ?? 'filter',
    hook: text(chain, 'hook'),
    priority: optionalNumber(chain, 'prio') ?? 0,
    policy: optionalText(chain, 'policy') ?? 'accept',
    ...(devices === null ? {} : { devices }),
  };
}
