/** `ipset save`: `create NAME TYPE options` and `add NAME member options`. */
import { type IpSet, ok, type Result } from '@netverdict/linux-net';
import { lines } from '../lines.ts';
import { fail, type ParseProblem } from '../problem.ts';

interface Building {
  readonly name: string;
  readonly type: string;
  readonly options: string;
  readonly members: string[];
  readonly line: number;
}

export function parseIpsetSave(text: string): Result<readonly IpSet[], ParseProblem> {
  const sets = new Map<string, Building>();
  for (const { line, text: raw } of lines(text)) {
    const content = raw.trim();
    if (content.startsWith('#') || content === 'COMMIT') continue;
    const [command = '', name, ...rest] = content.split(' ');
    if (command === 'create' || command === '-N') {
      const type = rest[0];
      if (name === undefined || type === undefined) return fail('expected "create NAME TYPE"', line, raw);
      if (sets.has(name)) return fail(`the set ${name} is created twice`, line, raw);
      sets.set(name, { name, type, options: rest.slice(1).join(' '), members: [], line });
    } else if (command === 'add' || command === '-A') {
      const set = name === undefined ? undefined : sets.get(name);
      if (!set) return fail(`the set ${name ?? ''} is not created before`, line, raw);
      if (rest.length === 0) return fail('expected "add NAME MEMBER"', line, raw);
      set.members.push(rest.join(' '));
    } else return fail('expected "create" or "add"', line, raw);
  }
  return ok([...sets.values()]);
}
