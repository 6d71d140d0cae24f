/** Answers a probe request: real packets from a namespace of this node. Each is logged: packets that nobody asked for must be explainable. */
import type { ProbeAnswer, ProbeRequest } from '@netverdict/contracts';
import type { Places } from '../probe/place.ts';
import type { Prober } from '../probe/prober.ts';

export async function answerProbe(
  { places, prober, log }: { places: Places; prober: Prober; log: { info(fields: object, message: string): void } },
  request: ProbeRequest,
  reply: (answer: ProbeAnswer) => Promise<void>,
): Promise<void> {
  const { from, targets, purpose } = request;
  const path = await places.pathOf(from);
  const to = targets.map(
    (t) => `${t.attempts} × ${t.protocol} ${t.address}${t.port === null ? '' : ` port ${t.port}`}`,
  );
  log.info({ purpose, from, to }, 'a live probe sends packets');
  const probed = await prober.send(path, request);
  const answered = probed.attempts.filter(({ rttMs }) => rttMs !== null).length;
  log.info({ purpose, attempts: probed.attempts.length, answered, notMade: probed.notMade }, 'a live probe is over');
  await reply({ kind: 'probed', netns: probed.netns, attempts: [...probed.attempts], notMade: probed.notMade });
}
