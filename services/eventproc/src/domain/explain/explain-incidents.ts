/** Asks about incidents as they are told by the database, where an api is named. */
import type { Store } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import { toldIncident } from '../../publish/sinks/notice.ts';
import type { Sinks } from '../../publish/sinks/sinks.ts';
import type { Settings } from '../incident.ts';
import { type ExplainerOptions, startExplainer } from './explainer.ts';

export function explainIncidents(parts: {
  readonly store: Pick<Store, 'explanations' | 'together' | 'listenForArrivals'>;
  readonly sinks: Pick<Sinks, 'any' | 'offer'>;
  readonly settings: { readonly incidents: Settings };
  readonly explaining: ExplainerOptions | null;
  readonly log: Log;
}): { stop(): Promise<void> } {
  const { store, sinks, settings, explaining, log } = parts;
  if (explaining === null) {
    log.info('NETVERDICT_API_URL is not set: incidents are not diagnosed');
    return { stop: () => Promise.resolve() };
  }
  const explainer = startExplainer({
    ...{ store, options: explaining, settings: settings.incidents, log },
    onOpened: (incident) => void (sinks.any && sinks.offer([toldIncident(incident)])),
  });
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
