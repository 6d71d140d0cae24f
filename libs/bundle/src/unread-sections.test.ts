/** A section that cannot be read is never read as an empty one: over every section of every namespace of a real bundle. */
import { readFileSync } from 'node:fs';
import type { SectionKind } from '@netverdict/linux-net';
import { describe, expect, it } from 'vitest';
import { type Bundle, parseBundle, replay } from './index.ts';

const parsed = parseBundle(readFileSync(new URL('../fixtures/node-forward-drop/bundle.json', import.meta.url), 'utf8'));
if (!parsed.ok) throw new Error(parsed.error);
const given: Bundle = parsed.value;
const recorded = replay(given).diagnosis;

interface Spoilt {
  readonly text: (text: string) => string;
  /** Kinds of which a parser can tell: of lines without an end nobody sees that some are missing (their digest does). */
  readonly of: (kind: SectionKind, text: string) => boolean;
}

const isJson = (text: string): boolean => /^[[{]/.test(text);
const SPOILT: Readonly<Record<string, Spoilt>> = {
  'an error page': { text: () => '<html>502 Bad Gateway</html>\n', of: () => true },
  'a JSON null': { text: () => 'null\n', of: () => true },
  nothing: { text: () => '', of: (kind, text) => isJson(text) || kind === 'sockets' || kind === 'sysctl' },
  'its first half': {
    text: (text) => text.slice(0, text.length / 2),
    of: (kind, text) => isJson(text) || kind === 'iptables-nft-save',
  },
};

function spoil(key: string, kind: SectionKind, { text, of }: Spoilt): Bundle | null {
  const digest = 'sha256:spoilt';
  let sent: string | null = null;
  const nodes = given.snapshot.nodes.map((node) => ({
    ...node,
    namespaces: node.namespaces.map((ns) => ({
      ...ns,
      sections: ns.sections.map((s) => {
        if (ns.key !== key || s.kind !== kind || 'missing' in s) return s;
        const whole = given.sections[s.digest] ?? '';
        sent = text(whole);
        if (sent === whole || !of(kind, whole)) sent = null;
        return { ...s, digest };
      }),
    })),
  }));
  if (sent === null) return null;
  return { ...given, snapshot: { ...given.snapshot, nodes }, sections: { ...given.sections, [digest]: sent } };
}

const rows = given.snapshot.nodes.flatMap((node) =>
  node.namespaces.flatMap((ns) => ns.sections.flatMap((s) => ('missing' in s ? [] : [{ key: ns.key, kind: s.kind }]))),
);
const blocking = (d: typeof recorded): readonly string[] =>
  d.findings.filter((f) => f.severity === 'blocking').map((f) => `${f.code} at ${f.hop}`);

describe.each(Object.entries(SPOILT))('a section of which %s arrived', (_name, spoilt) => {
  it.each(rows)('$kind of $key decides nothing that it did not say', ({ key, kind }) => {
    const bundle = spoil(key, kind, spoilt);
    if (!bundle) return;
    const { diagnosis } = replay(bundle);
    expect(blocking(recorded)).toEqual(expect.arrayContaining([...blocking(diagnosis)]));
    const { share } = diagnosis.verdict;
    if (share.undetermined < 1e-9) {
      expect(share.reachable).toBeCloseTo(recorded.verdict.share.reachable);
      expect(blocking(diagnosis)).toEqual(blocking(recorded));
      return;
    }
    expect(share.reachable).toBeLessThanOrEqual(recorded.verdict.share.reachable + 1e-9);
    expect(share.unreachable).toBeLessThanOrEqual(recorded.verdict.share.unreachable + 1e-9);
    const unknown = diagnosis.findings.filter((f) => f.severity === 'suspicious');
    expect(unknown.map((f) => JSON.stringify([f.params, f.evidence])).join()).toContain(`${kind} of ${key}`);
  });
});
