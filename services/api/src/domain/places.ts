/** Asks topology where things are; its refusals become problems of ours. */
import type { LocatedEnd, Source } from '@netverdict/contracts';
import { type Bus, NoResponder } from '@netverdict/messaging';
import { ProblemError } from '../http/problems.ts';

const LOCATE_MS = 5000;

export const unavailable = (title: string, detail: string): ProblemError =>
  new ProblemError({ type: 'unavailable', status: 503, title, detail, headers: { 'retry-after': '2' } });

/** @param bus null as long as NATS was never reached. @throws ProblemError */
export function reachable(bus: Bus | null): Bus {
  if (bus?.connected()) return bus;
  throw unavailable('The bus is not available just now', 'NATS cannot be reached. Try again in a moment.');
}

/** In the order of the question. @throws ProblemError 404, 409, 503 */
export async function locate(bus: Bus, cluster: string, ends: readonly Source[]): Promise<readonly LocatedEnd[]> {
  const options = { timeoutMs: LOCATE_MS, id: `locate/${Date.now()}` };
  const asked = bus.requestStream('locate', { cluster, node: null }, { ends: [...ends] }, options);
  try {
    for await (const answer of asked) {
      if (answer.kind === 'located') return answer.ends;
      if (answer.kind === 'error') throw unavailable('The place is not known yet', answer.message);
      const { problem: type, title, detail, suggestions } = answer;
      throw new ProblemError({
        type,
        status: type.startsWith('unknown-') ? 404 : 409,
        title,
        detail: suggestions.length === 0 ? detail : `${detail} Did you mean ${suggestions.join(', ')}?`,
      });
    }
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    const nobody = error instanceof NoResponder;
    throw unavailable(
      'The place cannot be found just now',
      nobody
        ? `No topology service of cluster "${cluster}" answers. Is one running for that cluster, and connected to NATS?`
        : `The topology service of cluster "${cluster}" did not answer in time.`,
    );
  }
  throw unavailable('The place cannot be found just now', 'The topology service gave no answer.');
}
