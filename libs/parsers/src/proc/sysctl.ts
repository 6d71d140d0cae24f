/** `path = value` lines with slashes as the agent writes them, or with dots as `sysctl -a` does. */
import { ok, type Result } from '@netverdict/linux-net';
import { parseLines } from '../lines.ts';
import { fail, Malformed, type ParseProblem } from '../problem.ts';
import { cutShort, isEnd, isHead } from '../whole.ts';

const LINE = /^\s*([^\s=]+)\s*=\s?(.*)$/;

export function parseSysctl(text: string): Result<ReadonlyMap<string, string>, ParseProblem> {
  const cut = cutShort(text);
  if (cut) return cut;
  const entries = parseLines(text, (line): readonly [string, string] | null => {
    if (isHead(line) || isEnd(line)) return null;
    const match = LINE.exec(line);
    if (!match) throw new Malformed('expected "path = value"');
    return [slashes(match[1] as string), (match[2] as string).trimEnd()];
  });
  if (!entries.ok) return entries;
  if (entries.value.length === 0) return fail('expected "path = value" lines, found none', 1, text);
  return ok(new Map(entries.value));
}

/** sysctl(8) swaps the two separators: `net.ipv4.conf.eth0/100.rp_filter` is the device `eth0.100`. */
function slashes(path: string): string {
  const separator = /[./]/.exec(path)?.[0];
  if (separator !== '.') return path;
  return path.replace(/[./]/g, (c) => (c === '.' ? '/' : '.'));
}
