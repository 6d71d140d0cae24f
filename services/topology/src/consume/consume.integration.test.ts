/** Both consumers on a real NATS, with agents that answer from fixture texts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sectionDigest } from '@netverdict/collect';
import type { BusUser, CollectRequest, DiagnosisFailed, DiagnosisRequest, PathBuilt } from '@netverdict/contracts';
import { type Engines, startEngines } from '@netverdict/embedded';
import type { ClusterView } from '@netverdict/kube';
import type { NamespaceSnapshot, SectionKind } from '@netverdict/linux-net';
import { type Bus, type Consumption, connectBus } from '@netverdict/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busAgents } from '../domain/collect/bus-agents.ts';
import { Collector } from '../domain/collect/collector.ts';
import { shop } from '../testing/objects.ts';
import type { Topology } from '../topology.ts';
import { consumeCollectionNeeded } from './collection-needed.ts';
import { consumeDiagnosisRequested } from './diagnosis-requested.ts';

const cluster = 'shop';
const log = { warn() {} };

describe('topology on a real bus', () => {
  const dir = mkdtempSync(join(tmpdir(), 'nv-topology-'));
  let engines: Engines;
  const buses: Bus[] = [];
  const built = new Map<string, PathBuilt[]>();
  const failed = new Map<string, DiagnosisFailed>();
  const rules = { text: '*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n' };
  let hold: Promise<void> | null = null;
  let api: Bus;
  let simulator: Bus;

  const connect = async (user: BusUser): Promise<Bus> => {
    const bus = await connectBus({ url: engines.natsUrl, nkeySeedFile: engines.natsKeyFile(user), user });
    buses.push(bus);
    return bus;
  };

  async function startAgent(node: string): Promise<void> {
    const bus = await connect({ role: 'agent', cluster, node });
    bus.serve('collect', { cluster, node }, async (request: CollectRequest, reply) => {
      await hold;
      const kind: SectionKind = 'iptables-save';
      const digest = sectionDigest(kind, rules.text);
      const at = new Date().toISOString();
      const sections = [{ kind, digest, at, bytes: rules.text.length }];
      const namespaces = request.targets.flatMap((target): NamespaceSnapshot[] => {
        if (target.kind === 'host') return [{ key: `${node}/host`, node, kind: 'host', pod: null, inode: 1, sections }];
        if (target.kind !== 'pod') return [];
        const { namespace, name } = target;
        const key = `${node}/pod/${namespace}/${name}`;
        return [{ key, node, kind: 'pod', pod: { namespace, name }, inode: 2, sections }];
      });
      await reply({ kind: 'manifest', node: { node, at, clockOffsetMs: null, unavailable: null, namespaces } });
      if (!request.knownDigests.includes(digest))
        await reply({ kind: 'section', sectionKind: kind, digest, part: 0, parts: 1, text: rules.text });
      await reply({ kind: 'end' });
    });
  }

  let consuming: Consumption[] = [];
  async function startTopology(): Promise<void> {
    const bus = await connect({ role: 'topology', cluster });
    const objects = shop();
    const view: ClusterView = {
      ready: async () => {},
      objects: () => objects,
      status: () => ({ synced: true, lastContactMs: 0, resources: [] }),
      onChange: () => () => {},
      close: () => {},
    };
    const collector = new Collector({
      agents: busAgents(bus, cluster),
      store: bus.sections(cluster),
      log,
      lastHeard: () => null,
    });
    const topology: Topology = { cluster, bus, view, viewReady: () => true, collector, nodeDeadlineMs: 1500 };
    consuming = [consumeDiagnosisRequested(topology), consumeCollectionNeeded(topology)];
  }

  beforeAll(async () => {
    engines = await startEngines({
      dir,
      clusters: [{ name: cluster, nodes: ['node-1', 'node-2', 'node-3'] }],
      only: ['nats'],
    });
    api = await connect({ role: 'api' });
    simulator = await connect({ role: 'simulator' });
    await Promise.all([startAgent('node-1'), startAgent('node-2')]);
    simulator.consume('path-built', async (body) => {
      built.set(body.diagnosisId, [...(built.get(body.diagnosisId) ?? []), body]);
    });
    api.consume('diagnosis-failed', async (body) => void failed.set(body.diagnosisId, body));
  });
  afterAll(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await engines?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  let n = 0;
  async function ask(request: DiagnosisRequest): Promise<string> {
    const diagnosisId = `dg_${Date.now()
      .toString(16)
      .padStart(12, '0')
      .replace(/^(.{8})/, '$1-')}-7000-8000-${String(++n).padStart(12, '0')}`;
    const deadlineAt = new Date(Date.now() + 30_000).toISOString();
    const body = { diagnosisId, attempt: 1, request, deadlineAt };
    await api.publish('diagnosis-requested', cluster, body, { id: `${diagnosisId}/1/diagnosis-requested/0` });
    return diagnosisId;
  }
  const rounds = (id: string, count: number): Promise<PathBuilt[]> =>
    expect
      .poll(() => built.get(id)?.length ?? 0, { timeout: 40_000 })
      .toBe(count)
      .then(() => built.get(id) ?? []);
  const toWeb2: DiagnosisRequest = { source: { pod: 'shop/cart' }, destination: { pod: 'shop/web-2', port: 8080 } };

  it('a request becomes a path with a snapshot whose sections the simulator can read', async () => {
    await startTopology();
    const [path] = await rounds(await ask(toWeb2), 1);
    expect(
      path?.snapshot.nodes.map((node) => [node.node, node.unavailable, node.namespaces.map((ns) => ns.key)]),
    ).toEqual([
      ['node-1', null, ['node-1/host', 'node-1/pod/shop/cart']],
      ['node-2', null, ['node-2/host', 'node-2/pod/shop/web-2']],
    ]);
    const stored = await simulator.sections(cluster).get(sectionDigest('iptables-save', rules.text));
    expect(stored?.toString()).toBe(rules.text);
  });

  it('an unknown name is answered with what exists', async () => {
    const id = await ask({ source: { pod: 'shop/crat' }, destination: { pod: 'shop/web-2', port: 80 } });
    await expect.poll(() => failed.get(id)?.problem, { timeout: 40_000 }).toBe('unknown-pod');
    expect(failed.get(id)?.suggestions).toContain('pod shop/cart');
  });

  it('a node without an agent makes the snapshot partial at once', async () => {
    const [path] = await rounds(await ask({ ...toWeb2, destination: { pod: 'shop/web-3', port: 80 } }), 1);
    const node3 = path?.snapshot.nodes.find((node) => node.node === 'node-3');
    expect(node3?.unavailable).toBe('no agent answers for node-3 (agent never heard)');
  });

  it('what the simulator needs besides is merged into the next round', async () => {
    const id = await ask({ source: { pod: 'shop/cart' }, destination: { pod: 'shop/web-1', port: 80 } });
    const [previous] = await rounds(id, 1);
    if (!previous) throw new Error('no path');
    const needs = [{ kind: 'node' as const, node: 'node-2', why: 'the route leads there' }];
    const body = { diagnosisId: id, attempt: 1, round: 0, needs, recheck: false, previous };
    await simulator.publish('collection-needed', cluster, body, { id: `${id}/1/collection-needed/0` });
    const next = (await rounds(id, 2))[1];
    expect(next?.round).toBe(1);
    expect(next?.snapshot.nodes.map((node) => node.namespaces.length)).toEqual([3, 1]);
    expect(next?.snapshotDigest).not.toBe(previous.snapshotDigest);
  });

  it.each([
    ['unchanged', false],
    ['changed', true],
  ])('deciding sections are read again: %s', async (_row, changes) => {
    const id = await ask(toWeb2);
    const [previous] = await rounds(id, 1);
    if (!previous) throw new Error('no path');
    if (changes) rules.text = '*filter\n:FORWARD DROP [0:0]\nCOMMIT\n';
    const needs = [{ kind: 'node' as const, node: 'node-2', why: 'the verdict rests on it' }];
    const deciding = [{ namespace: 'node-2/host', kinds: ['iptables-save'] }];
    const body = { diagnosisId: id, attempt: 1, round: 0, needs, recheck: true, deciding, previous };
    await simulator.publish('collection-needed', cluster, body, { id: `${id}/1/collection-needed/0` });
    expect((await rounds(id, 2))[1]?.recheck).toEqual({ count: 1, changed: changes });
  });

  it('topology is killed while collecting: another finishes, and one path is built', async () => {
    const release = Promise.withResolvers<void>();
    hold = release.promise;
    const id = await ask({ ...toWeb2, maxAgeMs: 0 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    // Gives its message back unanswered, as the server does for a consumer that is gone.
    await Promise.all(consuming.map((consumption) => consumption.stop(0)));
    expect(built.get(id)).toBeUndefined();
    hold = null;
    await startTopology();
    release.resolve();
    const paths = await rounds(id, 1);
    expect(paths[0]?.snapshot.nodes.every((node) => node.unavailable === null)).toBe(true);
  });
});
