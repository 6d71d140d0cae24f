/**
 * `iptables-save` of one variant and family. A text that does not end with COMMIT is cut, and a line that is not
 * understood is an error: half a ruleset would accept what the whole one drops.
 */
import {
  type Family,
  ok,
  type Result,
  type XtChain,
  type XtRule,
  type XtRuleset,
  type XtTable,
  type XtTableName,
  type XtVariant,
} from '@netverdict/linux-net';
import { fail, Malformed, type ParseProblem } from '../problem.ts';
import { RuleReader } from './rule.ts';

const TABLES: readonly XtTableName[] = ['raw', 'mangle', 'nat', 'filter', 'security'];
/** What iptables-nft-save prints instead of a table that holds rules of nft's own making. */
const INCOMPATIBLE = /^# Table [`'"](\w+)' is incompatible/;
const COUNTERS = /^\[\d+:\d+\]$/;
const BUILT_IN: ReadonlySet<string> = new Set(['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']);

interface OpenTable {
  readonly name: XtTableName;
  readonly chains: Map<string, OpenChain>;
  readonly line: number;
}
type OpenChain = Omit<XtChain, 'rules'> & { readonly rules: XtRule[] };

export function parseIptablesSave(text: string, variant: XtVariant, family: Family): Result<XtRuleset, ParseProblem> {
  const tables: XtTable[] = [];
  const reader = new RuleReader(family);
  let table: OpenTable | null = null;
  let line = 0;
  let start = 0;
  let end = 0;
  try {
    for (; start < text.length; start = end + 1) {
      line++;
      end = text.indexOf('\n', start);
      if (end < 0) end = text.length;
      const from = skipSpace(text, start, end);
      const to = trimEnd(text, from, end);
      if (from === to) continue;
      switch (text.charAt(from)) {
        case '#': {
          const broken = INCOMPATIBLE.exec(text.slice(from, to));
          if (broken)
            throw new Malformed(`iptables cannot show the table ${broken[1]}: it holds rules that are not iptables'`);
          break;
        }
        case '*':
          if (table) throw new Malformed(`the table ${table.name} has no COMMIT before the next begins`);
          table = openTable(text.slice(from + 1, to), line, tables);
          break;
        case ':':
          declareChain(text.slice(from + 1, to), opened(table), line);
          break;
        case '[':
        case '-': {
          const at = skipCounters(text, from, to);
          const into = opened(table);
          const { chain: name, matches, target, comment } = reader.read(text, at, to, into.chains);
          const chain = into.chains.get(name);
          if (!chain) throw new Malformed(`the chain ${name} is not declared in table ${into.name}`);
          const number = chain.rules.length + 1;
          chain.rules.push({ number, line, text: text.slice(at, to), matches, target, comment });
          break;
        }
        default:
          if (text.slice(from, to) !== 'COMMIT') throw new Malformed('not a line of iptables-save');
          tables.push({ name: opened(table).name, chains: [...opened(table).chains.values()] });
          table = null;
      }
    }
  } catch (error) {
    if (error instanceof Malformed) return fail(error.message, line, text.slice(start, end));
    throw error;
  }
  if (table)
    return fail(`the text is cut: the table ${table.name} of line ${table.line} has no COMMIT`, line, lastLine(text));
  return ok({ variant, family, tables });
}

function opened(table: OpenTable | null): OpenTable {
  if (!table) throw new Malformed('expected a table such as "*filter" first');
  return table;
}

function openTable(name: string, line: number, before: readonly XtTable[]): OpenTable {
  const known = TABLES.find((t) => t === name);
  if (!known) throw new Malformed(`"${name}" is not a table`);
  if (before.some((t) => t.name === known)) throw new Malformed(`the table ${known} comes a second time`);
  return { name: known, chains: new Map(), line };
}

/** `:NAME POLICY [packets:bytes]`; a user-defined chain has `-` for its policy. */
function declareChain(text: string, table: OpenTable, line: number): void {
  const afterName = text.indexOf(' ');
  const name = text.slice(0, Math.max(0, afterName));
  const rest = text.slice(afterName + 1).trim();
  const afterPolicy = rest.indexOf(' ');
  const policy = afterPolicy < 0 ? rest : rest.slice(0, afterPolicy);
  if (name === '' || (afterPolicy >= 0 && !COUNTERS.test(rest.slice(afterPolicy).trimStart())))
    throw new Malformed('expected ":CHAIN POLICY [packets:bytes]"');
  if (policy !== 'ACCEPT' && policy !== 'DROP' && policy !== '-') throw new Malformed(`"${policy}" is not a policy`);
  if ((policy === '-') === BUILT_IN.has(name))
    throw new Malformed(`the chain ${name} ${policy === '-' ? 'has no' : 'cannot have a'} policy`);
  if (table.chains.has(name)) throw new Malformed(`the chain ${name} is declared twice`);
  table.chains.set(name, { name, policy: policy === '-' ? null : policy, rules: [], line });
}

/** `[packets:bytes] -A …`, as `iptables-save -c` prints. */
function skipCounters(text: string, from: number, to: number): number {
  if (text.charAt(from) !== '[') return from;
  const close = text.indexOf(']', from);
  if (close < 0 || close >= to || !/^\[\d+:\d+$/.test(text.slice(from, close)))
    throw new Malformed('expected "[packets:bytes]"');
  return skipSpace(text, close + 1, to);
}

function skipSpace(text: string, from: number, to: number): number {
  let i = from;
  while (i < to && isSpace(text.charCodeAt(i))) i++;
  return i;
}
function trimEnd(text: string, from: number, to: number): number {
  let i = to;
  while (i > from && isSpace(text.charCodeAt(i - 1))) i--;
  return i;
}
const isSpace = (c: number): boolean => c === 32 || c === 9 || c === 13;
const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1) ?? '';
