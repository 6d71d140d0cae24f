/** The consumer on a real NATS and a real object store; the evaluation thread runs a stand-in that the flow steers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BusUser, CollectionNeeded, DiagnosisFailed, PathBuilt, VerdictReached } from '@netverdict/contracts';
import { type Engines, startEngines } from '@netverdict/embedded';
import { type Bus, type Consumption, connectBus } from '@netverdict/messaging';
import type { Log } from '@netverdict/telemetry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EvaluationThread } from '../domain/evaluation/thread.ts';
import { consumePathBuilt } from './path-built.ts';

const cluster = 'lab';
const log = { warn() {}, error() {}, info() {}, debug() {} } as unknown as Log;

/** Source port 1 crashes, 2 takes a second, 3 needs node-2; otherwise reachable, with the first section's text as summary. */
const WORKER = `
const { parentPort } = require('node:worker_threads');
parentPort.on('message', ({ id, job, texts }) => {
  const port = job.flow.sourcePort;
  const digests = job.snapshot.nodes.flatMap((n) => n.namespaces).flatMap((n) => n.sections).map((s) => s.digest);
  if (port === 1) process.exit(3);
  if (digests.some((d) => !texts.has(d))) return parentPort.postMessage({ kind: 'texts-wanted', id, digests });
  const answer = () => parentPort.postMessage({ kind: 'result', id, result: {
    diagnosis: {
      context: job.names, findings: [], trace: { branches: [] }, unexamined: 0,
      verdict: { outcome: 'reachable', share: { reachable: 1, unreachable: 0, undetermined: 0 }, summary: { en: String([...texts.values()][0]), zh: '' } },
    },
    needs: port === 3 ? [{ kind: 'node', node: 'node-2', why: 'the route leads there' }] : [],
    deciding: [], simulateMs: 1,
  } });
  if (port === 2) setTimeout(answer, 1000); else answer();
});`;

describe('the simulator on a real bus', () => {
  const dir = mkdtempSync(join(tmpdir(), 'nv-simulator-'));
  const file = join(dir, 'worker.cjs');
  let engines: Engines;
  const buses: Bus[] = [];
  const threads: EvaluationThread[] = [];
  const verdicts = new Map<string, VerdictReached[]>();
  const failures = new Map<string, DiagnosisFailed>();
  const needed = new Map<string, CollectionNeeded>();
  let topology: Bus;
  let consuming: Consumption;

  const connect = async (user: BusUser): Promise<Bus> => {
    const bus = await connectBus({ url: engines.natsUrl, nkeySeedFile: engines.natsKeyFile(user), user });
    buses.push(bus);
    return bus;
  };
  async function startSimulator(): Promise<void> {
    const bus = await connect({ role: 'simulator' });
    const thread = new EvaluationThread({ limitMs: 5000, maxHeapMb: 64, file: pathToFileURL(file) });
    threads.push(thread);
    consuming = consumePathBuilt({ bus, thread, log });
  }

  beforeAll(async () => {
    writeFileSync(file, WORKER);
    engines = await startEngines({ dir, clusters: [{ name: cluster, nodes: [] }], only: ['nats'] });
    const api = await connect({ role: 'api' });
    topology = await connect({ role: 'topology', cluster });
    await startSimulator();
    api.consume('verdict', async (body) => {
      verdicts.set(body.diagnosisId, [...(verdicts.get(body.diagnosisId) ?? []), body]);
    });
    api.consume('diagnosis-failed', async (body) => void failures.set(body.diagnosisId, body));
    topology.consume('collection-needed', async (body) => void needed.set(body.diagnosisId, body));
    await topology.sections(cluster).put('sha256:there', 'the text');
  });
  afterAll(async () => {
    await Promise.all(threads.map((thread) => thread.close()));
    await Promise.all(buses.map((bus) => bus.close()));
    await engines?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  let n = 0;
  async function publish(sourcePort: number, digest = 'sha256:there'): Promise<string> {
    const diagnosisId = `dg_${Date.now()
      .toString(16)
      .padStart(12, '0')
      .replace(/^(.{8})/, '$1-')}-7000-8000-${String(++n).padStart(12, '0')}`;
    const at = new Date().toISOString();
    const section = { kind: 'sysctl', digest, at, bytes: 8 } as const;
    const namespace = {
      key: 'node-1/host',
      node: 'node-1',
      kind: 'host',
      pod: null,
      inode: 1,
      sections: [section],
    } as const;
    const nodes = ['node-1', 'node-2'].map((name) => ({ name, addresses: [], podCidrs: [] }));
    const body: PathBuilt = {
      diagnosisId,
      attempt: 1,
      round: 0,
      request: { source: { node: 'node-1' }, destination: { ip: '10.0.0.1', port: 80 } },
      flow: {
        family: 'ipv4',
        protocol: 'tcp',
        source: { kind: 'namespace', namespace: 'node-1/host', address: null },
        destination: { address: '10.0.0.1', port: 80 },
        sourcePort,
        sizeBytes: 60,
        dontFragment: true,
      },
      names: { source: 'node node-1', destination: '10.0.0.1:80' },
      intendedPath: { cni: null, hops: [] },
      snapshot: {
        cluster,
        at,
        nodes: [{ node: 'node-1', at, clockOffsetMs: null, unavailable: null, namespaces: [namespace] }],
        map: { nodes, pods: [], services: [], podCidrs: [], serviceCidrs: [] },
      },
      snapshotDigest: 'sha256:0',
      timing: { resolveMs: 1, collectMs: 2, simulateMs: 0 },
      deadlineAt: new Date(Date.now() + 30_000).toISOString(),
    };
    await topology.publish('path-built', cluster, body, { id: `${diagnosisId}/1/path-built/0` });
    return diagnosisId;
  }

  it('a path becomes a verdict over the stored texts', async () => {
    const id = await publish(50000);
    await expect.poll(() => verdicts.get(id)?.length, { timeout: 10_000 }).toBe(1);
    const [verdict] = verdicts.get(id) ?? [];
    expect(verdict?.diagnosis.verdict.summary.en).toBe('the text');
    expect(verdict?.timing).toEqual({ resolveMs: 1, collectMs: 2, simulateMs: 1 });
  });
  it('a packet that leaves the snapshot asks for more', async () => {
    const id = await publish(3);
    await expect.poll(() => needed.get(id)?.needs[0]?.node, { timeout: 10_000 }).toBe('node-2');
    expect(needed.get(id)).toMatchObject({ recheck: false, round: 0 });
  });
  it('a section that was lost is collected again', async () => {
    const id = await publish(50000, 'sha256:gone');
    await expect
      .poll(() => needed.get(id)?.needs, { timeout: 10_000 })
      .toEqual([{ kind: 'node', node: 'node-1', why: 'stored sections were lost, reading them again' }]);
  });
  it('an evaluation that crashes is told to the asker, and the next one runs', async () => {
    const id = await publish(1);
    await expect.poll(() => failures.get(id)?.detail, { timeout: 10_000 }).toContain('ended with code 3');
    const next = await publish(50000);
    await expect.poll(() => verdicts.get(next)?.length, { timeout: 10_000 }).toBe(1);
  });
  it('a simulator that goes away while computing: another gives the one verdict', async () => {
    const id = await publish(2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await consuming.stop(0);
    expect(verdicts.get(id)).toBeUndefined();
    await startSimulator();
    await expect.poll(() => verdicts.get(id)?.length, { timeout: 15_000 }).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(verdicts.get(id)).toHaveLength(1);
  });
});
