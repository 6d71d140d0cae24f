/** `conntrack -L`, with or without `-o extended`, and /proc/net/nf_conntrack. */
import { type ConntrackEntry, type ConntrackTable, ok, parseIp, type Result, type Tuple } from '@netverdict/linux-net';
import { protocolNumber } from '../ip/names.ts';
import { parseLines } from '../lines.ts';
import { fail, Malformed, must, type ParseProblem } from '../problem.ts';

const SUMMARY = /^conntrack v[\d.]+ \(conntrack-tools\)/;

export const parseConntrack = (text: string): Result<readonly ConntrackEntry[], ParseProblem> =>
  parseLines(text, (line, number) => (SUMMARY.test(line) ? null : readEntry(line, number)));

function readEntry(line: string, number: number): ConntrackEntry {
  const words = line.trim().split(/\s+/);
  if (words[0] === 'ipv4' || words[0] === 'ipv6') words.splice(0, 2);
  const protocol = /^\d+$/.test(words[1] ?? '') ? Number(words[1]) : protocolNumber(words[0] ?? '');
  const state = words.slice(2).find((word) => /^[A-Z][A-Z0-9_]+$/.test(word)) ?? null;
  const tuples: Map<string, string>[] = [];
  const rest = new Map<string, string>();
  for (const word of words.slice(2)) {
    const at = word.indexOf('=');
    if (at < 0) continue;
    const key = word.slice(0, at);
    if (key === 'src') tuples.push(new Map());
    const into = TUPLE_KEYS.has(key) ? tuples.at(-1) : rest;
    if (!into) throw new Malformed(`"${key}" before the first "src"`);
    into.set(key, word.slice(at + 1));
  }
  const [original, reply] = tuples;
  if (!original || !reply || tuples.length > 2) throw new Malformed('expected an original and a reply tuple');
  return {
    protocol,
    original: readTuple(original),
    reply: readTuple(reply),
    state,
    assured: words.includes('[ASSURED]'),
    unreplied: words.includes('[UNREPLIED]'),
    expected: words.includes('[EXPECTED]'),
    mark: whole(rest.get('mark'), 'mark'),
    ...zoneOf(rest),
    ...carriedBy(original, reply),
    line: number,
    text: line,
  };
}

/** `packets=3 bytes=180` behind each tuple, where connections are accounted. */
function carriedBy(
  original: ReadonlyMap<string, string>,
  reply: ReadonlyMap<string, string>,
): Pick<ConntrackEntry, 'carried'> {
  if (!original.has('packets') || !reply.has('packets')) return {};
  const counts = (fields: ReadonlyMap<string, string>) => ({
    packets: whole(fields.get('packets'), 'packets'),
    bytes: whole(fields.get('bytes'), 'bytes'),
  });
  return { carried: { original: counts(original), reply: counts(reply) } };
}

/** `zone=5`, or `zone-orig=5` and `zone-reply=5` where the zone is one direction's. */
function zoneOf(fields: ReadonlyMap<string, string>): Pick<ConntrackEntry, 'zone' | 'zoneOf'> {
  for (const [key, direction] of [
    ['zone-orig', 'original'],
    ['zone-reply', 'reply'],
  ] as const)
    if (fields.has(key)) return { zone: whole(fields.get(key), key), zoneOf: direction };
  return { zone: whole(fields.get('zone'), 'zone') };
}

const TUPLE_KEYS: ReadonlySet<string> = new Set([
  'src',
  'dst',
  'sport',
  'dport',
  'type',
  'code',
  'id',
  'packets',
  'bytes',
]);

function readTuple(fields: ReadonlyMap<string, string>): Tuple {
  const port = (name: string): number | null => {
    const value = fields.get(name);
    return value === undefined ? null : whole(value, name);
  };
  return {
    source: must(parseIp(fields.get('src') ?? '')),
    destination: must(parseIp(fields.get('dst') ?? '')),
    sport: port('sport'),
    dport: port('dport'),
    ...(fields.has('id') ? { icmp: { type: port('type') ?? 0, code: port('code') ?? 0, id: port('id') ?? 0 } } : {}),
  };
}

function whole(value: string | undefined, name: string): number {
  if (value === undefined) return 0;
  const parsed = Number(value);
  if (!Number.isInteger(parsed)) throw new Malformed(`"${value}" is not a ${name}`);
  return parsed;
}

export function parseConntrackTable(text: string): Result<ConntrackTable, ParseProblem> {
  const pairs = parseLines(text, (line): readonly [string, number] => {
    const match = /^\s*(\w+)\s*=\s*(\d+)\s*$/.exec(line);
    if (!match) throw new Malformed('expected "count = n" or "max = n"');
    return [match[1] as string, Number(match[2])];
  });
  if (!pairs.ok) return pairs;
  const values = new Map(pairs.value);
  const count = values.get('count');
  const max = values.get('max');
  if (count === undefined || max === undefined) return fail('expected both "count = n" and "max = n"', 1, text);
  return ok({ count, max });
}
