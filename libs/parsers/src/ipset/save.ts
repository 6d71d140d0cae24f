/** `ipset save`: `create NAME TYPE options` and `add NAME member options`. Strict: what is not understood is a problem. */
import { type IpSet, type IpSetMember, ok, type Result } from '@netverdict/linux-net';
import { lines } from '../lines.ts';
import { Malformed, type ParseProblem, readLine } from '../problem.ts';
import { WordReader, words } from '../words.ts';
import { isIpSetType, readOptions } from './create.ts';
import { readMembers } from './member.ts';

/** A set whose members are still being read. */
export interface Building {
  readonly set: IpSet;
  readonly members: IpSetMember[];
}

export function parseIpsetSave(text: string): Result<readonly IpSet[], ParseProblem> {
  const sets = new Map<string, Building>();
  for (const { line, text: raw } of lines(text)) {
    const read = readLine(line, raw, () => readCommand(raw, line, sets));
    if (!read.ok) return read;
  }
  return ok([...sets.values()].map((building) => building.set));
}

function readCommand(raw: string, line: number, sets: Map<string, Building>): void {
  const content = raw.trim();
  if (content.startsWith('#') || content === 'COMMIT') return;
  const reader = new WordReader(words(content));
  const command = reader.next();
  if (command === 'create' || command === '-N') {
    const name = reader.value('the name of a set');
    if (sets.has(name)) throw new Malformed(`the set ${name} is created twice`);
    sets.set(name, startSet(name, reader.value('the type of the set'), reader, line));
  } else if (command === 'add' || command === '-A') {
    const name = reader.value('the name of a set');
    const building = sets.get(name);
    if (!building) throw new Malformed(`the set ${name} is not created before`);
    addMember(building, reader, line);
  } else throw new Malformed('expected "create" or "add"');
}

export function startSet(name: string, type: string, options: WordReader, line: number): Building {
  const members: IpSetMember[] = [];
  const set: IpSet = isIpSetType(type)
    ? { kind: 'members', name, type, options: readOptions(type, options), members, line }
    : { kind: 'unsupported', name, type, line };
  return { set, members };
}

export function addMember({ set, members }: Building, reader: WordReader, line: number): void {
  if (set.kind === 'unsupported') reader.value('a member');
  else for (const member of readMembers(set.type, set.options, reader, line)) members.push(member);
}
