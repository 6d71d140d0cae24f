/**
 * A verdict that is to be compared with real packets: has them sent and followed, and tells the verdict with what they did. A redelivery
 * probes again; the first verdict counts.
 */
import type { ProbeNeeded } from '@netverdict/contracts';
import type { Consumption } from '@netverdict/messaging';
import { inSpan } from '@netverdict/telemetry';
import type { LiveProbe } from '@netverdict/verdict';
import { probingAgents } from '../domain/probe/bus-agents.ts';
import { liveProbe, notMade } from '../domain/probe/live-probe.ts';
import { progressOf } from '../publish/progress.ts';
import type { Topology } from '../topology.ts';

export function consumeProbeNeeded(topology: Topology): Consumption {
  const { bus } = topology;
  return bus.consume('probe-needed', (body) => handleProbeNeeded(topology, body), {
    concurrency: 8,
    maxDeliver: 2,
    onDeadLetter: async (letter, body) => {
      if (!body) return;
      const why = `topology gave up: ${letter.reason}`;
      await publishProbed(
        topology,
        body,
        notMade({ en: `No real probe was made: ${why}`, zh: `未进行真实探测:${why}` }),
      );
    },
  });
}

export async function handleProbeNeeded(topology: Topology, asked: ProbeNeeded): Promise<void> {
  const { bus, cluster } = topology;
  if (Date.parse(asked.deadlineAt) < Date.now()) return;
  const progress = progressOf(bus, cluster, asked.verdict);
  const options = {
    agents: probingAgents(bus, cluster),
    now: Date.now,
    onProgress: (message: string) => progress('simulating', message),
  };
  const probe = await inSpan('probe', { 'netverdict.targets': asked.expected.length }, () => liveProbe(asked, options));
  await publishProbed(topology, asked, probe);
}

async function publishProbed({ bus, cluster }: Topology, { verdict }: ProbeNeeded, probe: LiveProbe): Promise<void> {
  const { diagnosisId, attempt } = verdict;
  // The id of every verdict of this attempt: the first counts.
  await bus.publish('verdict', cluster, { ...verdict, probe }, { id: `${diagnosisId}/${attempt}/verdict/0` });
}
