/** service-heartbeat: which replicas run, this one among them. */
import type { Bus } from '@netverdict/messaging';
import type { Roll } from '../domain/health/roll.ts';

export function consumeServiceHeartbeats(bus: Bus, roll: Roll): { stop(): void } {
  const subscription = bus.subscribeCore('service-heartbeat', { cluster: null }, (body, { cluster, occurredAt }) =>
    roll.note(body, cluster, occurredAt),
  );
  roll.listening();
  return subscription;
}
