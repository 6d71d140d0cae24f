import { sectionDigest } from '@netverdict/collect';
import type { CollectChunk, CollectRequest } from '@netverdict/contracts';
import type { NodeSnapshot, SectionKind } from '@netverdict/linux-net';
import { describe, expect, it } from 'vitest';
import { NodeReader } from './node-reader.ts';
import type { Agents } from './ports.ts';

const FLOW = { protocol: 6, addresses: ['10.0.0.1'], ports: [80] };
const OTHER_FLOW = { protocol: 17, addresses: ['10.0.0.1'], ports: [53] };

/** An agent whose text, delay and honesty the test sets. */
class FakeAgent implements Agents {
  readonly requests: CollectRequest[] = [];
  text = 'net/ipv4/ip_forward = 1\n';
  delayMs = 5;
  broken = 0;
  outages = (): number => this.broken;
  mangle: (chunk: CollectChunk) => CollectChunk[] = (chunk) => [chunk];

  async *collect(node: string, request: CollectRequest): AsyncGenerator<CollectChunk> {
    this.requests.push(request);
    await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    const kind: SectionKind = 'sysctl';
    const digest = sectionDigest(kind, this.text);
    const section = { kind, digest, at: new Date().toISOString(), bytes: this.text.length };
    const manifest: NodeSnapshot = {
      node,
      at: section.at,
      clockOffsetMs: null,
      unavailable: null,
      namespaces: request.targets.flatMap((target) =>
        target.kind === 'host'
          ? [{ key: `${node}/host`, node, kind: 'host' as const, pod: null, inode: 1, sections: [section] }]
          : [],
      ),
    };
    const chunks: CollectChunk[] = [{ kind: 'manifest', node: manifest }];
    if (!request.knownDigests.includes(digest)) {
      const half = Math.floor(this.text.length / 2);
      const part = { kind: 'section', sectionKind: kind, digest, parts: 2 } as const;
      chunks.push(
        { ...part, part: 0, text: this.text.slice(0, half) },
        { ...part, part: 1, text: this.text.slice(half) },
      );
    }
    chunks.push({ kind: 'end' });
    for (const chunk of chunks) yield* this.mangle(chunk);
  }
}

function setUp() {
  const agent = new FakeAgent();
  const stored = new Map<string, string>();
  let now = 1000;
  const store = {
    has: async (digest: string) => stored.has(digest),
    put: async (digest: string, text: string) => void stored.set(digest, text),
  };
  const reader = new NodeReader('node-1', { agents: agent, store, now: () => now });
  const read = (more: Partial<Parameters<NodeReader['read']>[0]> = {}) =>
    reader.read({ targets: [{ kind: 'host' }], maxAgeMs: 1000, flow: FLOW, deadlineMs: 200, ...more });
  const pass = (ms: number): void => {
    now += ms;
  };
  return { agent, stored, read, pass };
}

const sectionsOf = (snapshot: NodeSnapshot) => snapshot.namespaces.flatMap((n) => n.sections);

describe('reading a node', () => {
  it('ten who ask at once share one request', async () => {
    const { agent, stored, read } = setUp();
    const all = await Promise.all(Array.from({ length: 10 }, () => read({ maxAgeMs: 0 })));
    expect(agent.requests).toHaveLength(1);
    expect([...stored.values()]).toEqual([agent.text]);
    expect(all.every((s) => s.unavailable === null && sectionsOf(s).length === 1)).toBe(true);
  });
  it('who asks for state of now while a request is under way shares the next one', async () => {
    const { agent, read } = setUp();
    const first = read({ maxAgeMs: 0 });
    await new Promise((resolve) => setTimeout(resolve, 1));
    await Promise.all([first, read({ maxAgeMs: 0 }), read({ maxAgeMs: 0 })]);
    expect(agent.requests.length).toBeLessThanOrEqual(2);
  });
  it('young state is used again, old state is not', async () => {
    const { agent, read, pass } = setUp();
    await read();
    pass(400);
    await read();
    expect(agent.requests).toHaveLength(1);
    pass(800);
    await read();
    expect(agent.requests).toHaveLength(2);
  });
  it('state that will soon be too old is read again while it still serves', async () => {
    const { agent, read, pass } = setUp();
    await read();
    pass(600);
    await read();
    await new Promise((resolve) => setTimeout(resolve, 100));
    pass(300);
    await read();
    expect(agent.requests).toHaveLength(2);
  });
  it('known texts are not sent again', async () => {
    const { agent, read, pass } = setUp();
    await read();
    pass(5000);
    await read();
    expect(agent.requests[1]?.knownDigests).toEqual([sectionDigest('sysctl', agent.text)]);
  });
  it('a store that lost its texts gets them again', async () => {
    const { agent, stored, read } = setUp();
    await read();
    stored.clear();
    const again = await read();
    expect(stored.size).toBe(1);
    expect(sectionsOf(again).some((s) => 'missing' in s)).toBe(false);
    expect(agent.requests).toHaveLength(2);
  });
  it('another flow needs its own connection tracking entries', async () => {
    const { agent, read } = setUp();
    await read();
    await read({ flow: OTHER_FLOW });
    await read();
    expect(agent.requests.map((r) => r.flows.length)).toEqual([1, 2]);
  });
  it('what the node does not have is a namespace of missing sections', async () => {
    const { read } = setUp();
    const snapshot = await read({ targets: [{ kind: 'pod', namespace: 'a', name: 'b' }] });
    expect(snapshot.namespaces.map((n) => n.key)).toEqual(['node-1/pod/a/b']);
    expect(sectionsOf(snapshot).every((s) => 'missing' in s)).toBe(true);
  });
});

describe('an agent that fails', () => {
  it.each([
    ['is silent', (a: FakeAgent) => void Object.assign(a, { delayMs: 1000 }), 'no complete answer'],
    [
      'says an error',
      (a: FakeAgent) => void Object.assign(a, { mangle: () => [{ kind: 'error', message: 'helper died' }] }),
      'helper died',
    ],
    [
      'breaks off',
      (a: FakeAgent) => void Object.assign(a, { mangle: (c: CollectChunk) => (c.kind === 'end' ? [] : [c]) }),
      'broke off',
    ],
  ])('%s: the node is unavailable, with the reason', async (_row, spoil, reason) => {
    const { agent, read } = setUp();
    spoil(agent);
    expect((await read()).unavailable).toContain(reason);
  });
  it.each([
    [
      'sends a text that is not its digest’s',
      (c: CollectChunk) => [c.kind === 'section' ? { ...c, text: 'x' } : c],
      'does not have its digest',
    ],
    ['leaves a text out', (c: CollectChunk) => (c.kind === 'section' ? [] : [c]), 'did not send its text'],
  ])('%s: the section is missing and nothing is stored', async (_row, mangle, reason) => {
    const { agent, stored, read } = setUp();
    agent.mangle = mangle;
    const [section] = sectionsOf(await read());
    expect(section && 'missing' in section ? section.missing : section).toContain(reason);
    expect(stored.size).toBe(0);
  });
  it('an answer that is lost with the bus is asked for again', async () => {
    const { agent, stored, read } = setUp();
    agent.mangle = (c) => {
      if (agent.requests.length > 1 || c.kind !== 'end') return [c];
      agent.broken++;
      stored.clear();
      return [];
    };
    const snapshot = await read();
    expect(snapshot.unavailable).toBeNull();
    expect(agent.requests).toHaveLength(2);
    expect(stored.size).toBe(1);
  });
  it('so is one that was complete, but whose texts went to a store that is gone', async () => {
    const { agent, stored, read } = setUp();
    agent.mangle = (c) => {
      if (agent.requests.length === 1 && c.kind === 'end') {
        agent.broken++;
        stored.clear();
      }
      return [c];
    };
    expect((await read()).unavailable).toBeNull();
    expect(stored.size).toBe(1);
  });
  it('so is one that left out a text as known, which the store lost before it came', async () => {
    const { agent, stored, read, pass } = setUp();
    await read();
    pass(5000);
    agent.mangle = (c) => {
      if (agent.requests.length === 2) stored.clear();
      return [c];
    };
    const snapshot = await read();
    expect(agent.requests.map((r) => r.knownDigests.length)).toEqual([0, 1, 0]);
    expect(sectionsOf(snapshot).some((s) => 'missing' in s)).toBe(false);
    expect(stored.size).toBe(1);
  });
  it('an agent whose answer breaks off while the bus stands is not asked again', async () => {
    const { agent, read } = setUp();
    agent.mangle = (c) => (c.kind === 'end' ? [] : [c]);
    expect((await read()).unavailable).toContain('broke off');
    expect(agent.requests).toHaveLength(1);
  });
  it('the node is read again afterwards', async () => {
    const { agent, read } = setUp();
    agent.mangle = () => [{ kind: 'error', message: 'helper died' }];
    await read();
    agent.mangle = (c) => [c];
    expect((await read()).unavailable).toBeNull();
  });
});
