/** agent-heartbeat: which version of its configuration an agent runs. Every replica hears each; a lost one is followed by the next. */
import type { Bus } from '@netverdict/messaging';
import type { Log } from '@netverdict/telemetry';
import type { ConfigurationTeller } from '../domain/agent-configuration.ts';

export const consumeHeartbeats = (bus: Bus, teller: ConfigurationTeller, log: Log): { stop(): void } =>
  bus.subscribeCore('agent-heartbeat', { cluster: null }, async ({ node, configuration }, { cluster }) => {
    await teller
      .heard(cluster, node, configuration?.version)
      .catch((err: unknown) => log.warn({ err, cluster, node }, 'an agent could not be told its configuration'));
  });
