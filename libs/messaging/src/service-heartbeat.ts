/** Says on the bus that this replica of a service lives: now, every few seconds, and when it ends in order. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Dependency, EVERY_CLUSTER, type ServiceHeartbeat, type ServiceName } from '@netverdict/contracts';
import type { Bus } from './bus.ts';
import { reasonOf } from './errors.ts';
import type { BusLog } from './link.ts';

export const SERVICE_HEARTBEAT_MS = 5000;

export interface Announced {
  readonly service: ServiceName;
  /** null: it serves all clusters. */
  readonly cluster: string | null;
  readonly version: string;
  readonly dependencies: () => Promise<readonly Dependency[]>;
  readonly log: BusLog;
  /** Tests shorten it. */
  readonly everyMs?: number;
}

export function announceService(bus: Pick<Bus, 'publishCore'>, announced: Announced): { stop(): Promise<void> } {
  const { service, version, dependencies, log, everyMs = SERVICE_HEARTBEAT_MS } = announced;
  const cluster = announced.cluster ?? EVERY_CLUSTER;
  const replica = `${hostname()}/${process.pid}/${randomBytes(3).toString('hex')}`;
  const startedAt = new Date().toISOString();
  let beats = 0;
  async function beat(stopping: Pick<ServiceHeartbeat, 'stopping'>): Promise<void> {
    try {
      const body = { service, replica, version, startedAt, dependencies: [...(await dependencies())], ...stopping };
      await bus.publishCore('service-heartbeat', cluster, body, { id: `${replica}/${++beats}`, service });
    } catch (error) {
      log.warn({ reason: reasonOf(error) }, 'the heartbeat was not sent');
    }
  }
  let last: Promise<void> | null = null;
  const next = (): void => {
    last ??= beat({}).finally(() => {
      last = null;
    });
  };
  next();
  const timer = setInterval(next, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await last;
      await beat({ stopping: true });
    },
  };
}
