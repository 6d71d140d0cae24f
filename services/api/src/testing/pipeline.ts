/**
 * A stand-in for topology and simulator: a small publisher on the real bus. What it does to a diagnosis is the test's
 * to say. Names decide by default: a destination pod of namespace `missing` is unknown, all else is reachable.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { DiagnosisRequested, MessageBody } from '@netverdict/contracts';
import type { Snapshot } from '@netverdict/linux-net';
import { type Bus, connectBus } from '@netverdict/messaging';
import type { BusLog } from './silent.ts';

export type Reaction = 'answer' | 'answer-twice' | 'progress-only' | 'ignore';

export interface Pipeline {
  /** Asked for each diagnosis-requested; `answer` when not set. */
  react: (requested: DiagnosisRequested) => Reaction | Promise<Reaction>;
  readonly seen: DiagnosisRequested[];
  readonly topology: Bus;
  readonly simulator: Bus;
  /** Sections put into the object store for every diagnosis: digest to text. */
  readonly sections: Map<string, string>;
  close(): Promise<void>;
}

const SECTION = { digest: `sha256:${'a'.repeat(64)}`, text: '-A FORWARD -d 10.244.2.0/24 -j DROP\n' };

function snapshotOf(cluster: string): Snapshot {
  const at = new Date().toISOString();
  return {
    cluster,
    at,
    nodes: [
      {
        node: 'node-1',
        at,
        clockOffsetMs: 0,
        unavailable: null,
        namespaces: [
          {
            key: 'node-1/host',
            node: 'node-1',
            kind: 'host',
            pod: null,
            inode: 1,
            sections: [
              { kind: 'iptables-save', digest: SECTION.digest, at, bytes: SECTION.text.length },
              { kind: 'conntrack', missing: 'permission denied' },
            ],
          },
        ],
      },
    ],
    map: { nodes: [], pods: [], services: [], podCidrs: [], serviceCidrs: [] },
  };
}

export function verdictFor(requested: DiagnosisRequested, cluster: string): MessageBody<'verdict'> {
  const { diagnosisId, attempt } = requested;
  return {
    diagnosisId,
    attempt,
    round: 0,
    diagnosis: {
      context: { source: 'default/client', destination: 'service default/web:80' },
      verdict: {
        outcome: 'reachable',
        share: { reachable: 1, unreachable: 0, undetermined: 0 },
        summary: { en: 'It works.', zh: '可以访问。' },
      },
      findings: [],
      trace: { branches: [] },
      unexamined: 0,
    },
    flow: {
      family: 'ipv4',
      protocol: 'tcp',
      source: { kind: 'namespace', namespace: 'node-1/pod/default/client', address: null },
      destination: { address: '10.96.0.80', port: 80 },
      sourcePort: 40000,
      sizeBytes: 60,
      dontFragment: true,
    },
    intendedPath: { cni: 'flannel', hops: [] },
    snapshot: snapshotOf(cluster),
    snapshotDigest: `sha256:${'b'.repeat(64)}`,
    timing: { resolveMs: 1, collectMs: 2, simulateMs: 3 },
  };
}

export async function startPipeline(
  natsUrl: string,
  keyFile: (user: Bus['user']) => string,
  log: BusLog,
): Promise<Pipeline> {
  const connect = (user: Bus['user']): Promise<Bus> =>
    connectBus({ url: natsUrl, user, nkeySeedFile: keyFile(user), log });
  const topology = await connect({ role: 'topology', cluster: 'default' });
  const simulator = await connect({ role: 'simulator' });
  const pipeline: Pipeline = {
    react: () => 'answer',
    seen: [],
    topology,
    simulator,
    sections: new Map([[SECTION.digest, SECTION.text]]),
    async close() {
      await topology.close();
      await simulator.close();
    },
  };
  topology.consume('diagnosis-requested', async (requested, { cluster }) => {
    pipeline.seen.push(requested);
    const reaction = await pipeline.react(requested);
    if (reaction === 'ignore') return;
    const { diagnosisId, attempt, request } = requested;
    const prefix = `${diagnosisId}/${attempt}`;
    const stages = ['resolving', 'collecting', 'simulating'] as const;
    for (const stage of stages)
      await topology.publishCore(
        'diagnosis-progress',
        cluster,
        { diagnosisId, attempt, stage, message: `${stage} for the test` },
        { id: `${prefix}/diagnosis-progress/${stage}` },
      );
    if (reaction === 'progress-only') return;
    // Progress and the end go over different connections: a round trip puts them in order, as real work would.
    await topology.sections(cluster).get('sha256:none');
    // And a real diagnosis takes longer than the api gathers progress.
    await pause(120);
    if (request.destination.pod?.startsWith('missing/')) {
      const failed = {
        diagnosisId,
        attempt,
        problem: 'unknown-pod',
        title: 'There is no such pod',
        detail: `Pod ${request.destination.pod} does not exist.`,
        suggestions: ['default/web-1'],
      };
      await topology.publish('diagnosis-failed', cluster, failed, { id: `${prefix}/diagnosis-failed/0` });
      return;
    }
    for (const [digest, text] of pipeline.sections) await topology.sections(cluster).put(digest, text);
    const verdict = verdictFor(requested, cluster);
    await simulator.publish('verdict', cluster, verdict, { id: `${prefix}/verdict/0` });
    if (reaction === 'answer-twice')
      await simulator.publish('verdict', cluster, verdict, { id: `${prefix}/verdict/1` });
  });
  return pipeline;
}
