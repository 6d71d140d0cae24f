/** address-map: who has which address. Stored, and what came before it gets its names. */
import { type Consumption, TryLater } from '@netverdict/messaging';
import { isUnavailable } from '@netverdict/store';
import { learnAddresses } from '../domain/late-names.ts';
import type { Parts } from '../eventproc.ts';

export function consumeAddressMap({ bus, store, log, tallies }: Parts): Consumption {
  return bus.consume(
    'address-map',
    async ({ entries }, { cluster }) => {
      try {
        const named = await learnAddresses(store, cluster, entries, Date.now());
        tallies.namedLate(cluster, named);
        log.debug({ cluster, entries: entries.length, named }, 'addresses learnt');
      } catch (cause) {
        if (isUnavailable(cause)) throw new TryLater('PostgreSQL cannot store just now', { cause });
        throw cause;
      }
    },
    // One after the other: a later map must not be overtaken by an earlier one of the same pods.
    { concurrency: 1 },
  );
}
