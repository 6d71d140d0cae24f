/** `ipset list`: a heading for each set, its options on one line as `create` takes them, and its members below. */
import { type IpSet, ok, type Result } from '@netverdict/linux-net';
import { addMember, type Building, startSet } from '../ipset/save.ts';
import { lines } from '../lines.ts';
import { Malformed, type ParseProblem, readLine } from '../problem.ts';
import { WordReader, words } from '../words.ts';
import { nothing, strange } from './pasted.ts';

interface Heading {
  readonly name: string;
  readonly line: number;
  type: string | null;
  options: string;
  building: Building | null;
  /** What "Number of entries" says. */
  entries: number | null;
  listed: number;
}

export function parseIpsetListText(text: string): Result<readonly IpSet[], ParseProblem> {
  const sets: Heading[] = [];
  for (const { line, text: raw } of lines(text)) {
    const read = readLine(line, raw, () => readListLine(raw.trim(), line, sets));
    if (!read.ok) return read;
  }
  const read: IpSet[] = [];
  for (const [at, set] of sets.entries()) {
    const whole = readLine(set.line, `Name: ${set.name}`, () => wholeSet(set, sets.slice(0, at)));
    if (!whole.ok) return whole;
    read.push(whole.value);
  }
  return read.length === 0 ? nothing(text) : ok(read);
}

function readListLine(content: string, line: number, sets: Heading[]): void {
  const heading = /^([A-Z][A-Za-z ]*):(?:\s+(.*))?$/.exec(content);
  const [, label, rest = ''] = heading ?? [];
  const set = sets.at(-1);
  if (label === 'Name') {
    if (rest === '') throw new Malformed('the set has no name');
    sets.push({ name: rest, line, type: null, options: '', building: null, entries: null, listed: 0 });
    return;
  }
  if (!set) throw new Malformed('this stands before the first set');
  if (set.building) {
    set.listed++;
    addMember(set.building, new WordReader(words(content)), line);
    return;
  }
  if (label === 'Type') {
    if (!/^\S+$/.test(rest)) throw new Malformed('the type of a set is one word');
    set.type = rest;
  } else if (label === 'Header') set.options = rest;
  else if (label === 'Number of entries') set.entries = count(rest);
  else if (label === 'Members') {
    if (rest !== '') throw strange(rest);
    if (set.type === null) throw new Malformed('the type of the set does not stand before its members');
    set.building = startSet(set.name, set.type, new WordReader(words(set.options)), set.line);
  } else if (label === 'Revision' || label === 'Size in memory' || label === 'References') count(rest);
  else throw new Malformed('expected a heading of a set');
}

function count(text: string): number {
  if (!/^\d+$/.test(text)) throw new Malformed(`"${text}" is not a number`);
  return Number(text);
}

function wholeSet(set: Heading, before: readonly Heading[]): IpSet {
  if (!set.building) throw new Malformed(`the members of set ${set.name} are not there`);
  if (before.some((other) => other.name === set.name)) throw new Malformed(`the set ${set.name} is there twice`);
  if (set.entries !== null && set.entries !== set.listed)
    throw new Malformed(`the set ${set.name} has ${set.entries} members, of which ${set.listed} are there`);
  return set.building.set;
}
