import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Bundle, parseBundle, replay, WorldCache } from './index.ts';

const text = readFileSync(new URL('../fixtures/node-forward-drop/bundle.json', import.meta.url), 'utf8');
const bundle = (): Bundle => {
  const parsed = parseBundle(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

describe('replay of a bundle', () => {
  it('reaches the recorded verdict again', () => {
    const recorded = bundle();
    const { diagnosis, needs } = replay(recorded);
    expect(needs).toEqual([]);
    expect(diagnosis.verdict).toEqual(recorded.diagnosis?.verdict);
    expect(diagnosis.findings.map((f) => [f.code, f.hop])).toEqual([['NV-FILTER-DROP', 'node-2/host']]);
  });
  it('evidence says when its line was read', () => {
    const [finding] = replay(bundle()).diagnosis.findings;
    const node2 = bundle().snapshot.nodes.find((node) => node.node === 'node-2');
    const times = node2?.namespaces.flatMap((ns) => ns.sections.flatMap((s) => ('missing' in s ? [] : [s.at])));
    expect(times).toContain(finding?.evidence[0]?.at);
  });
  it('is the same each time', () => {
    expect(replay(bundle())).toEqual(replay(bundle()));
  });

  const sectionOf = (given: Bundle, key: string, kind: string): string => {
    const namespace = given.snapshot.nodes.flatMap((node) => node.namespaces).find((ns) => ns.key === key);
    const section = namespace?.sections.find((s) => s.kind === kind);
    if (!section || 'missing' in section) throw new Error(`no ${kind} of ${key}`);
    return section.digest;
  };
  it.each([
    [
      'garbage in the deciding section',
      (sections: Record<string, string>, digest: string) => ({ ...sections, [digest]: '*filter\ngarbage\n' }),
    ],
    [
      'the deciding section lost',
      (sections: Record<string, string>, digest: string) =>
        Object.fromEntries(Object.entries(sections).filter(([d]) => d !== digest)),
    ],
  ])('%s: undetermined for what it decides, never accepted', (_row, spoil) => {
    const given = bundle();
    const digest = sectionOf(given, 'node-2/host', 'iptables-nft-save');
    const { diagnosis } = replay({ ...given, sections: spoil({ ...given.sections }, digest) });
    expect(diagnosis.verdict.share.reachable).toBeLessThan(1);
    expect(diagnosis.verdict.share.undetermined).toBeGreaterThan(0);
  });
});

describe('what is no bundle', () => {
  it.each([
    ['no JSON', '{', 'not JSON'],
    ['a list', '[]', 'no JSON object'],
    ['another format', '{"formatVersion":2}', 'format 2 is not known'],
    ['a part missing', '{"formatVersion":1,"flow":{},"names":{},"snapshot":{}}', '"sections" is missing'],
    ['a hollow snapshot', '{"formatVersion":1,"flow":{},"names":{},"snapshot":{},"sections":{}}', 'no nodes'],
  ])('%s', (_row, given, reason) => {
    const parsed = parseBundle(given);
    expect(parsed.ok ? '' : parsed.error).toContain(reason);
  });
});

describe('the cache of worlds', () => {
  it('asks for each text once, and for nothing when all is compiled', () => {
    const { snapshot, sections } = bundle();
    const cache = new WorldCache();
    const first = cache.build(snapshot, () => undefined);
    expect(first.kind === 'texts-wanted' && new Set(first.digests)).toEqual(new Set(Object.keys(sections)));
    expect(cache.build(snapshot, (digest) => sections[digest]).kind).toBe('world');
    expect(cache.build(snapshot, () => undefined).kind).toBe('world');
  });
  it('asks only for what changed', () => {
    const { snapshot, sections } = bundle();
    const cache = new WorldCache();
    cache.build(snapshot, (digest) => sections[digest]);
    const nodes = snapshot.nodes.map((node) => ({
      ...node,
      namespaces: node.namespaces.map((ns) => ({
        ...ns,
        sections: ns.sections.map((s) =>
          s.kind === 'conntrack' && !('missing' in s) ? { ...s, digest: 'sha256:new' } : s,
        ),
      })),
    }));
    const next = cache.build({ ...snapshot, nodes }, () => undefined);
    expect(next.kind === 'texts-wanted' && next.digests).toEqual(['sha256:new']);
  });
});
