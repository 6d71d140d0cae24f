/**
 * `nft list ruleset` as people paste it: every table, chain, set and rule with its line. Rules stay text; what the kernel makes
 * of them only the kernel tells (the section `nftables`). Nothing is left out: what has no place here is an error.
 */
import { ok, type Result } from '@netverdict/linux-net';
import { fail, type ParseProblem } from '../../problem.ts';
import { BrokenAt, type Statement, StatementScanner } from './statements.ts';

export interface NftTextRule {
  readonly line: number;
  readonly text: string;
  readonly handle: number | null;
}
export interface NftTextChain {
  readonly name: string;
  readonly line: number;
  /** `type filter hook input priority filter`; null where it is no base chain. */
  readonly base: string | null;
  readonly policy: string | null;
  readonly rules: readonly NftTextRule[];
}
export interface NftTextSet {
  readonly kind: 'set' | 'map' | 'meter';
  readonly name: string;
  readonly line: number;
  /** `type ipv4_addr`, `flags interval`… */
  readonly properties: readonly string[];
  readonly elements: readonly string[];
}
/** Counters, quotas, flowtables and the like. */
export interface NftTextObject {
  readonly kind: string;
  readonly name: string;
  readonly line: number;
  readonly properties: readonly string[];
}
export interface NftTextTable {
  readonly family: string;
  readonly name: string;
  readonly line: number;
  readonly flags: readonly string[];
  readonly chains: readonly NftTextChain[];
  readonly sets: readonly NftTextSet[];
  readonly objects: readonly NftTextObject[];
}

const FAMILIES = new Set(['ip', 'ip6', 'inet', 'arp', 'bridge', 'netdev']);
const OBJECTS = /^(counter|quota|limit|secmark|synproxy|flowtable|ct helper|ct timeout|ct expectation) (\S+)$/;

function readChain(statement: Statement, name: string): NftTextChain {
  const rules: NftTextRule[] = [];
  let base: string | null = null;
  let policy: string | null = null;
  for (const { line, text, handle } of statement.block ?? []) {
    if (/^type \S+ hook /.test(text)) base = text;
    else if (/^policy \S+$/.test(text)) policy = text.slice('policy '.length);
    else if (/^(?:comment "|devices? =|flags )/.test(text)) continue;
    else rules.push({ line, text, handle });
  }
  return { name, line: statement.line, base, policy, rules };
}

/** At the commas that stand neither in quotes nor in braces. */
function elementsOf(text: string): readonly string[] {
  const inner = text.slice(text.indexOf('{') + 1, text.lastIndexOf('}'));
  const elements: string[] = [];
  let depth = 0;
  let quoted = false;
  let from = 0;
  for (let i = 0; i <= inner.length; i++) {
    const c = inner[i];
    if (c === '"') quoted = !quoted;
    if (!quoted && c === '{') depth++;
    if (!quoted && c === '}') depth--;
    if (c !== undefined && (c !== ',' || quoted || depth > 0)) continue;
    const element = inner.slice(from, i).trim();
    if (element !== '') elements.push(element);
    from = i + 1;
  }
  return elements;
}

function readSet(statement: Statement, kind: NftTextSet['kind'], name: string): NftTextSet {
  const lines = (statement.block ?? []).map(({ text }) => text);
  const isElements = (text: string): boolean => /^elements = \{/.test(text);
  return {
    kind,
    name,
    line: statement.line,
    properties: lines.filter((text) => !isElements(text)),
    elements: lines.filter(isElements).flatMap(elementsOf),
  };
}

function readTable(statement: Statement): NftTextTable {
  const [word, ...names] = statement.text.split(' ');
  const [family, name] = names.length === 1 ? ['ip', names[0]] : names;
  const isTable = word === 'table' && family !== undefined && FAMILIES.has(family) && names.length <= 2;
  if (!isTable || name === undefined || statement.block === null)
    throw new BrokenAt(`expected "table FAMILY NAME {", found "${statement.text}"`, statement.line);
  const [chains, sets]: [NftTextChain[], NftTextSet[]] = [[], []];
  const [objects, flags]: [NftTextObject[], string[]] = [[], []];
  for (const inner of statement.block) {
    const [kind, called, ...more] = inner.text.split(' ');
    const object = OBJECTS.exec(inner.text);
    if (inner.block === null) {
      if (kind === 'flags') flags.push(...inner.text.slice('flags '.length).split(/,\s*/));
      else if (kind !== 'comment') throw new BrokenAt(`a table has no "${inner.text}"`, inner.line);
    } else if (kind === 'chain' && called !== undefined && more.length === 0) chains.push(readChain(inner, called));
    else if ((kind === 'set' || kind === 'map' || kind === 'meter') && called !== undefined && more.length === 0)
      sets.push(readSet(inner, kind, called));
    else if (object?.[1] !== undefined && object[2] !== undefined) {
      const properties = inner.block.map(({ text }) => text);
      objects.push({ kind: object[1], name: object[2], line: inner.line, properties });
    } else throw new BrokenAt(`a table has no "${inner.text} {"`, inner.line);
  }
  return { family, name, line: statement.line, flags, chains, sets, objects };
}

export function parseNftText(source: string): Result<readonly NftTextTable[], ParseProblem> {
  try {
    return ok(new StatementScanner(source).statements().map(readTable));
  } catch (error) {
    if (!(error instanceof BrokenAt)) throw error;
    return fail(error.message, error.line, source.split('\n')[error.line - 1] ?? '');
  }
}
