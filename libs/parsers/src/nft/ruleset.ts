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
} from '../json/fields.ts';
import { Malformed, type ParseProblem, readLine } from '../problem.ts';

type BareChain = Omit<NftRuleset['baseChains'][number], 'ruleCount'>;

export function parseNftRuleset(source: string): Result<NftRuleset, ParseProblem> {
  const parsed = readLine(1, source, () => objectsOf(source));
  if (!parsed.ok) return parsed;
  const tables: NftRuleset['tables'][number][] = [];
  const chains: BareChain[] = [];
  const rules = new Map<string, number>();
  for (const [index, object] of parsed.value.entries()) {
    const result = readLine(index + 1, JSON.stringify(object), () => {
      const table = optionalFields(object, 'table');
      const chain = optionalFields(object, 'chain');
      const rule = optionalFields(object, 'rule');
      if (table) tables.push({ family: text(table, 'family'), name: text(table, 'name') });
      if (chain && 'hook' in chain) chains.push(readBaseChain(chain));
      if (rule) rules.set(chainKey(rule, 'chain'), (rules.get(chainKey(rule, 'chain')) ?? 0) + 1);
    });
    if (!result.ok) return result;
  }
  const countOf = (c: BareChain): number => rules.get(`${c.family} ${c.table} ${c.name}`) ?? 0;
  return ok({ tables, baseChains: chains.map((c) => ({ ...c, ruleCount: countOf(c) })) });
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

/** Names of priorities are printed by the plain form only; the JSON has numbers. */
function readBaseChain(chain: Fields): BareChain {
  return {
    family: text(chain, 'family'),
    table: text(chain, 'table'),
    name: text(chain, 'name'),
    type: optionalText(chain, 'type') ?? 'filter',
    hook: text(chain, 'hook'),
    priority: optionalNumber(chain, 'prio') ?? 0,
    policy: optionalText(chain, 'policy') ?? 'accept',
  };
}
