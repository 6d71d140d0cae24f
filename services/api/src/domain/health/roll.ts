/** Which replicas of the services are heard: by their heartbeats, in this replica's memory. One that ends in order is forgotten at once. */
import { EVERY_CLUSTER, type ServiceHeartbeat, type ServiceReplica } from '@netverdict/contracts';

/** Heartbeats come every five seconds: three of them are missing. */
export const SILENT_MS = 20_000;
/** Without a heartbeat of anybody, this replica's own among them, it is we who do not hear. */
const DEAF_MS = 11_000;
/** One that was killed is shown as silent so long. */
const FORGET_MS = 10 * 60_000;

interface Entry {
  readonly body: ServiceHeartbeat;
  readonly cluster: string | null;
  readonly heardMs: number;
  readonly clockOffsetMs: number;
}

export interface Roll {
  /** @param sentAt by the sender's clock, RFC 3339 */
  note(body: ServiceHeartbeat, cluster: string, sentAt: string): void;
  list(): ServiceReplica[];
  /** It has listened long enough to have heard whoever runs. */
  settled(): boolean;
  /** When the topology service of a cluster that is heard no more was heard last (ms since 1970); null: it is heard, or never was. */
  awaySince(cluster: string, silentMs: number): number | null;
  /** NATS answers, from now on. */
  listening(): void;
}

export function createRoll(now: () => number = Date.now): Roll {
  const entries = new Map<string, Entry>();
  let listeningSinceMs: number | null = null;
  const topologyHeardMs = new Map<string, number>();
  let hearing = { sinceMs: now(), lastMs: now() };
  return {
    listening() {
      listeningSinceMs ??= now();
    },
    settled: () => listeningSinceMs !== null && now() - listeningSinceMs > SILENT_MS / 2,
    note(body, cluster, sentAt) {
      hearing = { sinceMs: now() - hearing.lastMs > DEAF_MS ? now() : hearing.sinceMs, lastMs: now() };
      if (body.service === 'topology') topologyHeardMs.set(cluster, now());
      if (body.stopping === true) {
        entries.delete(body.replica);
        return;
      }
      const clockOffsetMs = Date.parse(sentAt) - now();
      entries.set(body.replica, {
        ...{ body, heardMs: now(), clockOffsetMs },
        cluster: cluster === EVERY_CLUSTER ? null : cluster,
      });
    },
    awaySince(cluster, silentMs) {
      const heardMs = topologyHeardMs.get(cluster);
      if (heardMs === undefined || now() - hearing.lastMs > DEAF_MS) return null;
      return now() - Math.max(heardMs, hearing.sinceMs) > silentMs ? heardMs : null;
    },
    list() {
      for (const [replica, { heardMs }] of entries) if (now() - heardMs > FORGET_MS) entries.delete(replica);
      return [...entries.values()]
        .map(({ body, cluster, heardMs, clockOffsetMs }): ServiceReplica => {
          const { service, replica, version, startedAt, dependencies } = body;
          const silentMs = Math.max(0, now() - heardMs);
          return {
            ...{ service, cluster, replica, version, startedAt, silentMs, clockOffsetMs, dependencies },
            state: silentMs > SILENT_MS ? 'silent' : 'running',
            lastSeen: new Date(heardMs).toISOString(),
          };
        })
        .sort((a, b) => order(a).localeCompare(order(b)));
    },
  };
}

const order = ({ service, cluster, startedAt }: ServiceReplica): string => `${service} ${cluster ?? ''} ${startedAt}`;
