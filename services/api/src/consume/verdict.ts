/** verdict: the end of a diagnosis. The first one wins; duplicates and late ones change nothing. */
import { type Bus, type Consumption, TryLater } from '@netverdict/messaging';
import { isUnavailable } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import type { Finish } from '../domain/finish.ts';

/** The message stays where it is while the database is away; any other error is the message's own fault. */
export async function unlessAway<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isUnavailable(error)) throw new TryLater('the database is not available', { cause: error });
    throw error;
  }
}

export function consumeVerdict(bus: Bus, finish: Finish, log: Log): Consumption {
  return bus.consume(
    'verdict',
    async (verdict, { bytes }) => {
      const first = await unlessAway(() => finish.complete(verdict, bytes));
      if (!first)
        log.debug({ diagnosisId: verdict.diagnosisId, attempt: verdict.attempt }, 'verdict came twice or late');
    },
    {
      onDeadLetter: async (letter, verdict) => {
        if (!verdict) return;
        await finish.fail(verdict.diagnosisId, {
          type: 'internal',
          title: 'The verdict could not be stored',
          detail: letter.reason,
          suggestions: [],
        });
      },
    },
  );
}
