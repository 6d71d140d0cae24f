/** Every complete dump of a tool's text parses without losing a line; what was edited or cut is a problem with its line. */
import type { Result } from '@netverdict/linux-net';
import { describe, expect, test } from 'vitest';
import type { ParseProblem } from '../problem.ts';
import { isEdited } from '../testing/edited.ts';
import { type Dump, dumps, dumpsOf, readDump } from '../testing/real-dumps.ts';
import { parseBridgeFdbText } from '../text/fdb.ts';
import { parseIpsetListText } from '../text/ipset-list.ts';
import { parseIpvsText } from '../text/ipvs.ts';
import { parseIpLinkText } from '../text/link.ts';
import { parseIpNeighText } from '../text/neigh.ts';
import { parseIpRouteText } from '../text/route.ts';
import { parseIpRuleText } from '../text/rule.ts';

/** Of each tool: how many values its text came to, and how many lines stand for one. */
interface Reader {
  readonly read: (text: string) => Result<number, ParseProblem>;
  readonly lines: RegExp;
}

const counted =
  <T>(parse: (text: string) => Result<T, ParseProblem>, count: (value: T) => number) =>
  (text: string): Result<number, ParseProblem> => {
    const parsed = parse(text);
    return parsed.ok ? { ok: true, value: count(parsed.value) } : parsed;
  };
const length = (list: readonly unknown[]): number => list.length;

const link: Reader = {
  read: counted(parseIpLinkText, ({ links, addresses }) => links.length + addresses.length),
  lines: /^(\d+: |\s*inet6? )/,
};
const READERS: Readonly<Record<string, Reader>> = {
  'ip-link': link,
  'ip-addr': link,
  'ip-route': {
    read: counted(parseIpRouteText, ({ routes4, routes6 }) => routes4.length + routes6.length),
    lines: /^(?!\s*(nexthop|nh_info))\s*\S/,
  },
  'ip-rule': { read: counted((text) => parseIpRuleText(text, 'ipv4'), length), lines: /\S/ },
  'ip-neigh': { read: counted(parseIpNeighText, length), lines: /\S/ },
  'bridge-fdb': { read: counted(parseBridgeFdbText, length), lines: /\S/ },
  'ipset-list': {
    read: counted(parseIpsetListText, (sets) =>
      sets.reduce((sum, set) => sum + 1 + (set.kind === 'members' ? set.members.length : 0), 0),
    ),
    lines: /^(Name: |[^A-Z\s])/,
  },
  ipvsadm: {
    read: counted(parseIpvsText, (services) => services.reduce((sum, service) => sum + 1 + service.servers.length, 0)),
    lines: /^\s*(TCP|UDP|SCTP|FWM|-> (?!Remote)|-[Aa] )/,
  },
};

/** Said to be complete, and cut in the middle of a line all the same. */
const CUT: ReadonlySet<string> = new Set(['ip-link/029-aceqbaceq_docs_bridge.txt_63.txt']);

describe.skipIf(dumps.length === 0).each(Object.keys(READERS))('%s dumps', (folder) => {
  const { read, lines } = READERS[folder] as Reader;
  const linesOf = (dump: Dump): readonly string[] => readDump(dump).split('\n');

  test.each(dumpsOf(folder).filter((dump) => dump.complete))('$file parses whole', (dump) => {
    const parsed = read(readDump(dump));
    const whole = linesOf(dump);
    if (parsed.ok) expect(parsed.value).toBe(whole.filter((line) => lines.test(line)).length);
    else {
      const { line, message, text } = parsed.error;
      expect(isEdited(whole[line - 1]) || CUT.has(dump.file), `line ${line}: ${message}: ${text}`).toBe(true);
    }
  });

  test.each(dumpsOf(folder).filter((dump) => !dump.complete))(
    '$file is a problem with its line, or loses nothing',
    (dump) => {
      const parsed = read(readDump(dump));
      if (parsed.ok) expect(parsed.value).toBe(linesOf(dump).filter((line) => lines.test(line)).length);
      else expect(linesOf(dump)[parsed.error.line - 1]?.trim() ?? '').not.toBe('');
    },
  );
});
