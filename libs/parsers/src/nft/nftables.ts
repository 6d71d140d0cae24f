/**
 * The section `nftables`: one JSON object a line, in the kernel's order. `ruleset`, then of each table `table`, `chain`s,
 * `set`s with an `elem` for each of their elements behind them, `obj`ects, `flowtable`s, `rule`s, and `end` at last.
 */
import {
  type NftChain,
  type NftElement,
  type NftFlowtable,
  type NftObject,
  type NftRule,
  type NftRuleset,
  type NftSet,
  type NftTable,
  ok,
  type PrintContext,
  printNftRule,
  type Result,
} from '@netverdict/linux-net';
import { type Fields, isFields } from '../json/fields.ts';
import { lines } from '../lines.ts';
import { fail, Malformed, type ParseProblem, readLine } from '../problem.ts';
import { count, nameOf, optionalName } from './attributes.ts';
import { isDormant, isFamily, readChain, readFlowtable } from './chains.ts';
import { readExpressions } from './expressions.ts';
import { readElement, readObject, readSet } from './sets.ts';
import { expectOnly } from './strict.ts';

/** A table while its lines are read. */
interface Growing extends NftTable {
  readonly chains: NftChain[];
  readonly sets: NftSet[];
  readonly objects: NftObject[];
  readonly flowtables: NftFlowtable[];
  readonly rulesOf: Map<string, NftRule[]>;
  /** kube-proxy has one for each service port. */
  readonly setByName: Map<string, NftSet>;
  readonly context: PrintContext;
}

interface Reading {
  byteOrder: 'little' | 'big' | null;
  readonly tables: Growing[];
  table: Growing | null;
  elements: NftElement[] | null;
  ended: boolean;
}

const TABLE_ATTRIBUTES = new Set('family name flags handle'.split(' '));
const RULE_ATTRIBUTES = new Set('chain handle expressions comment'.split(' '));
/** NFT_TABLE_F_DORMANT, _OWNER, _PERSIST. */
const ALL_TABLE_FLAGS = 7;

const tableOf = (reading: Reading): Growing => {
  if (reading.table === null) throw new Malformed('no table stands before it');
  return reading.table;
};

function addTable(a: Fields, reading: Reading): void {
  expectOnly(a, TABLE_ATTRIBUTES, 'table');
  if (count(a, 'flags', 0) > ALL_TABLE_FLAGS) throw new Malformed('a table has a flag that is not known');
  const family = nameOf(a, 'family');
  if (!isFamily(family)) throw new Malformed(`no family is called "${family}"`);
  const setByName = new Map<string, NftSet>();
  reading.table = {
    family,
    name: nameOf(a, 'name'),
    dormant: isDormant(a),
    chains: [],
    sets: [],
    objects: [],
    flowtables: [],
    rulesOf: new Map(),
    setByName,
    context: { family, byteOrder: reading.byteOrder ?? 'little', set: (wanted) => setByName.get(wanted) },
  };
  reading.tables.push(reading.table);
}

function addChain(a: Fields, reading: Reading, line: number): void {
  const table = tableOf(reading);
  const chain = readChain(a, table, line);
  if (table.rulesOf.has(chain.name)) throw new Malformed(`chain "${chain.name}" stands there twice`);
  const rules: NftRule[] = [];
  table.rulesOf.set(chain.name, rules);
  table.chains.push({ ...chain, rules });
}

function addRule(a: Fields, reading: Reading, line: number): void {
  expectOnly(a, RULE_ATTRIBUTES, 'rule');
  const rules = tableOf(reading).rulesOf.get(nameOf(a, 'chain'));
  if (rules === undefined) throw new Malformed(`no chain is called "${nameOf(a, 'chain')}"`);
  const expressions = readExpressions(a.expressions);
  const { context } = tableOf(reading);
  let printed: string | null = null;
  rules.push({
    handle: count(a, 'handle'),
    position: rules.length + 1,
    expressions,
    comment: optionalName(a, 'comment'),
    evidence: {
      line,
      get text() {
        printed ??= printNftRule(expressions, context);
        return printed;
      },
    },
  });
}

const LINES: Readonly<Record<string, (a: Fields, reading: Reading, line: number) => void>> = {
  ruleset: (a, reading) => {
    const { byteorder } = a;
    if (byteorder !== 'little' && byteorder !== 'big') throw new Malformed('"byteorder" is neither little nor big');
    reading.byteOrder = byteorder;
  },
  table: addTable,
  chain: addChain,
  set: (a, reading) => {
    const elements: NftElement[] = [];
    const table = tableOf(reading);
    const set = { ...readSet(a), elements };
    table.sets.push(set);
    if (!table.setByName.has(set.name)) table.setByName.set(set.name, set);
    reading.elements = elements;
  },
  elem: (a, reading) => {
    if (reading.elements === null) throw new Malformed('no set stands before it');
    reading.elements.push(readElement(a));
  },
  obj: (a, reading) => tableOf(reading).objects.push(readObject(a)),
  flowtable: (a, reading) => tableOf(reading).flowtables.push(readFlowtable(a)),
  rule: addRule,
  end: (_, reading) => {
    reading.ended = true;
  },
};

function readObjectLine(source: string, reading: Reading, line: number): void {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (cause) {
    throw new Malformed(`not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  const [name, ...more] = isFields(value) ? Object.keys(value) : [];
  const attributes = isFields(value) && name !== undefined ? value[name] : undefined;
  if (name === undefined || more.length > 0 || !isFields(attributes) || !Object.hasOwn(LINES, name))
    throw new Malformed(`expected one of ${Object.keys(LINES).join(', ')} with its attributes`);
  if (reading.ended) throw new Malformed('a line stands behind the end');
  if ((reading.byteOrder === null) !== (name === 'ruleset'))
    throw new Malformed('the first line, and only it, is "ruleset"');
  if (name !== 'elem') reading.elements = null;
  LINES[name]?.(attributes, reading, line);
}

export function parseNftables(source: string): Result<NftRuleset, ParseProblem> {
  const reading: Reading = { byteOrder: null, tables: [], table: null, elements: null, ended: false };
  let last = 1;
  for (const { line, text } of lines(source)) {
    last = line;
    const result = readLine(line, text, () => readObjectLine(text, reading, line));
    if (!result.ok) return result;
  }
  if (reading.byteOrder === null || !reading.ended)
    return fail('the text is cut: its end is missing', last, source.slice(-80));
  const tables = reading.tables.map(({ rulesOf: _rules, setByName: _sets, context: _context, ...table }) => table);
  return ok({ byteOrder: reading.byteOrder, tables });
}
