/** Asks about incidents as they are told by the database, where an api is named. */
import type { Store } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import { type ExplainerOptions, startExplainer } from './explainer.ts';

export function explainIncidents(parts: {
  readonly store: Pick<Store, 'explanations' | 'listenForArrivals'>;
  readonly explaining: ExplainerOptions | null;
  readonly log: Log;
}): { stop(): Promise<void> } {
  const { store, explaining, log } = parts;
  if (explaining === null) {
    log.info('NETVERDICT_API_URL is not set: incidents are not diagnosed');
    return { stop: () => Promise.resolve() };
  }
  const explainer = startExplainer(store, explaining, log);
  const arrivals = store.listenForArrivals({
    onNotification: (table) => void (table === 'incidents' && explainer.wake()),
    onReconnect: explainer.wake,
    onLost: (err) => log.info({ err }, 'notifications of incidents are interrupted'),
  });
  return {
    async stop() {
      await arrivals.close();
      await explainer.stop();
    },
  };
}
