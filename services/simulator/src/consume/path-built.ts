/**
 * A path is built and its snapshot stored: simulate, then answer or ask for more. The ack follows the publish; a
 * crash in between gives the message to another replica, whose answer has the same id.
 */
import type { PathBuilt } from '@netverdict/contracts';
import type { Need } from '@netverdict/linux-net';
import type { Bus, Consumption } from '@netverdict/messaging';
import { inSpan, type Log } from '@netverdict/telemetry';
import { EvaluationFailed, type EvaluationThread } from '../domain/evaluation/thread.ts';
import { needFor, nextStep } from '../domain/next-step.ts';
import { publishCollectionNeeded } from '../publish/collection-needed.ts';
import { publishInternalFailure } from '../publish/diagnosis-failed.ts';
import { publishProbeNeeded } from '../publish/probe-needed.ts';
import { publishSimulating } from '../publish/progress.ts';
import { publishVerdict } from '../publish/verdict.ts';

export interface Simulator {
  readonly bus: Bus;
  readonly thread: EvaluationThread;
  readonly log: Log;
  /** Told what each evaluation took, in milliseconds. */
  readonly evaluated?: (milliseconds: number) => void;
}

/** Beyond this round nothing is collected again, whatever is lost: the answer says what is missing. */
const LAST_ROUND = 12;

export function consumePathBuilt(simulator: Simulator): Consumption {
  return simulator.bus.consume('path-built', (body, { cluster }) => handlePathBuilt(simulator, cluster, body), {
    concurrency: 16,
    maxDeliver: 4,
    onDeadLetter: async (letter, body) => {
      // The cluster is in the subject: diagnosis.path-built.<cluster>, and in the snapshot as it was written.
      if (body)
        await publishInternalFailure(
          simulator.bus,
          body.snapshot.cluster,
          body,
          `the simulator gave up: ${letter.reason}`,
        );
    },
  });
}

export async function handlePathBuilt(simulator: Simulator, cluster: string, asked: PathBuilt): Promise<void> {
  const { bus, thread, log } = simulator;
  if (Date.parse(asked.deadlineAt) < Date.now()) return;
  publishSimulating(bus, cluster, asked);
  const sections = bus.sections(cluster);
  const lost = new Set<string>();
  const load = async (digest: string): Promise<string | null> => {
    const bytes = await sections.get(digest);
    if (bytes === null) lost.add(digest);
    return bytes === null ? null : bytes.toString('utf8');
  };
  try {
    const { flow, names, snapshot } = asked;
    const result = await inSpan('simulate', { 'netverdict.round': asked.round }, () =>
      thread.evaluate({ flow, names, snapshot, ...(probes(asked) ? { expect: true } : {}) }, load),
    );
    simulator.evaluated?.(result.simulateMs);
    const timing = { ...asked.timing, simulateMs: asked.timing.simulateMs + result.simulateMs };
    const current = { ...asked, timing };
    if (lost.size > 0 && asked.round < LAST_ROUND) {
      log.warn({ diagnosisId: asked.diagnosisId, sections: lost.size }, 'sections are lost, collecting again');
      const needs = lostNeeds(asked, lost);
      return await publishCollectionNeeded(bus, cluster, current, { needs, recheck: false });
    }
    const step = nextStep(asked, result, Date.now());
    if (step.kind === 'verdict' && probes(asked))
      return await publishProbeNeeded(bus, cluster, current, step.diagnosis, result.expected ?? []);
    if (step.kind === 'verdict') return await publishVerdict(bus, cluster, current, step.diagnosis);
    const { needs, recheck, deciding } = step;
    return await publishCollectionNeeded(bus, cluster, current, { needs: [...needs], recheck, deciding });
  } catch (error) {
    if (!(error instanceof EvaluationFailed)) throw error;
    log.error({ err: error, diagnosisId: asked.diagnosisId }, 'evaluation failed');
    await publishInternalFailure(bus, cluster, asked, error.message.split('\n')[0] ?? error.message);
  }
}

/** The verdict goes through topology, which has real packets sent. */
const probes = ({ request }: PathBuilt): boolean => request.probe !== undefined && request.probe !== false;

function lostNeeds({ snapshot }: PathBuilt, lost: ReadonlySet<string>): Need[] {
  return snapshot.nodes
    .flatMap((node) => node.namespaces)
    .filter((namespace) => namespace.sections.some((s) => !('missing' in s) && lost.has(s.digest)))
    .map((namespace) => needFor(namespace, 'stored sections were lost, reading them again'));
}
