/** Wires the service; main.ts draws it. Tests start it here, several times in one process. */
import { EventEmitter } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { VERSION } from '@netverdict/configuration';
import type { Dependency } from '@netverdict/contracts';
import { announceService, type Bus, type Consumption, connectBus } from '@netverdict/messaging';
import { openStore, type Store } from '@netverdict/store';
import { type Log, serviceMetrics, type Telemetry } from '@netverdict/telemetry';
import { createApp } from './app.ts';
import type { Configuration } from './configuration.ts';
import { consumeHeartbeats } from './consume/agent-heartbeat.ts';
import { consumeDiagnosisFailed } from './consume/diagnosis-failed.ts';
import { consumeDiagnosisProgress } from './consume/diagnosis-progress.ts';
import { consumeServiceHeartbeats } from './consume/service-heartbeat.ts';
import { consumeVerdict } from './consume/verdict.ts';
import { createAcceptance } from './domain/accept.ts';
import { configurationTeller } from './domain/agent-configuration.ts';
import { createBatches } from './domain/batches/batches.ts';
import { createPump } from './domain/batches/pump.ts';
import { CAPTURE_SETTINGS, createCaptures } from './domain/captures.ts';
import { createChanges } from './domain/changes.ts';
import { createFinish } from './domain/finish.ts';
import { createRoll } from './domain/health/roll.ts';
import { createLive } from './domain/live/live.ts';
import { createPingMeshes, type PingMeshes } from './domain/ping-meshes.ts';
import { createProgressBuffer } from './domain/progress-buffer.ts';
import { createRoom } from './domain/room.ts';
import { createSchedules, type Schedules } from './domain/schedules/schedules.ts';
import { createSweeper } from './domain/sweeper.ts';
import { RETRIES, type RetrySettings } from './domain/webhooks/after-attempt.ts';
import { sealingWith } from './domain/webhooks/secrets.ts';
import { createWebhooks } from './domain/webhooks/webhooks.ts';
import { bearerTokens } from './http/auth.ts';
import { countEndings } from './http/metrics.ts';
import { oidcTokens } from './http/oidc/oidc-tokens.ts';
import { publishAgentConfiguration } from './publish/agent-configuration.ts';
import { publishRequested } from './publish/diagnosis-requested.ts';
import { openPingSchedule } from './publish/ping-schedule.ts';
import { openRequestLimiter } from './publish/request-limiter.ts';
import { openScheduleClock } from './publish/schedule-clock.ts';
import { createDeliver } from './publish/webhook.ts';
import { openWebhookQueue } from './publish/webhook-queue.ts';

export interface RunningApi {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  readonly store: Store;
  close(): Promise<void>;
}

/** Waits that tests shorten. */
export interface Pace {
  readonly sweepEveryMs: number;
  readonly reconcileEveryMs: number;
  readonly retries: RetrySettings;
  readonly postTimeoutMs: number;
  readonly webhookLockMs: number;
  readonly liveStuckMs: number;
  readonly redisPrefix?: string;
  readonly captures?: { readonly everyMs?: number; readonly silentMs?: number; readonly keepMs?: number };
}

export const PACE: Pace = {
  sweepEveryMs: 1000,
  reconcileEveryMs: 5000,
  retries: RETRIES,
  postTimeoutMs: 15_000,
  webhookLockMs: 15_000,
  liveStuckMs: 10_000,
};

const WEBHOOK_CONNECTIONS = 4;
const WEBHOOK_PATIENCE_MS = 15_000;

async function migrateForEver(store: Store, log: Log, stopping: AbortSignal): Promise<boolean> {
  for (let attempt = 0; !stopping.aborted; attempt++) {
    try {
      const applied = await store.migrate();
      log.info({ applied }, 'the database schema is up to date');
      return true;
    } catch (err) {
      const waitMs = Math.min(250 * 2 ** Math.min(attempt, 10), 5000);
      log.warn({ err, waitMs }, 'the database is not ready');
      await pause(waitMs, undefined, { signal: stopping }).catch(() => undefined);
    }
  }
  return false;
}

export async function startApi(
  config: Configuration,
  telemetry: Pick<Telemetry, 'log' | 'readyWhen' | 'unready' | 'dependencies' | 'serveMetrics' | 'stopping'>,
  pace: Pace = PACE,
): Promise<RunningApi> {
  const { log } = telemetry;
  const stop = new AbortController();
  const stopping = AbortSignal.any([telemetry.stopping, stop.signal]);
  const store = openStore({
    connectionString: config.databaseUrl,
    applicationName: 'netverdict-api',
    onIdleError: (err) => log.warn({ err }, 'a connection to the database broke'),
  });
  const changes = createChanges();
  const notifications = store.listen({
    onNotification: changes.tellNotified,
    onReconnect: changes.tellAll,
    onLost: (err) => log.warn({ err }, 'notifications of the database are interrupted'),
  });

  const live = createLive(store, pace.liveStuckMs, log);
  const arrivals = store.listenForArrivals({
    onNotification: live.tellNotified,
    onReconnect: live.tellAll,
    onLost: (err) => log.warn({ err }, 'notifications of arrivals are interrupted'),
  });

  let bus: Bus | null = null;
  let migrated = false;
  const publish = publishRequested(() => bus, store.diagnoses, log);
  const configuration = configurationTeller({
    current: store.agentConfiguration.current,
    tell: publishAgentConfiguration(() => bus),
  });
  const acceptance = createAcceptance(store, publish, config);

  const { webhookSecrets: secrets, callbackPolicy: policy } = config;
  const sealing = sealingWith(secrets);
  const deliverSettings = { ...pace.retries, policy, secrets, sealing, timeoutMs: pace.postTimeoutMs };
  // Attempts wait for each other, each with a connection: with those of all else, nothing else would have one.
  const ofWebhooks = openStore({
    connectionString: config.databaseUrl,
    applicationName: 'netverdict-api webhooks',
    maxConnections: WEBHOOK_CONNECTIONS,
    connectionTimeoutMs: WEBHOOK_PATIENCE_MS,
    onIdleError: (err) => log.warn({ err }, 'a connection to the database broke'),
  });
  const deliver = createDeliver(ofWebhooks, deliverSettings, log);
  const queue =
    secrets.length === 0
      ? null
      : openWebhookQueue(
          {
            redisUrl: config.redisUrl,
            reconcileEveryMs: pace.reconcileEveryMs,
            trustedBelow: pace.retries.trustedBelow,
            lockMs: pace.webhookLockMs,
            ready: () => migrated,
            ...(pace.redisPrefix === undefined ? {} : { prefix: pace.redisPrefix }),
          },
          ofWebhooks,
          deliver,
          log,
        );
  const recorded = store.listenForDeliveries({
    onNotification: () => queue?.reconcile(),
    onReconnect: () => queue?.reconcile(),
    onLost: (err) => log.warn({ err }, 'notifications of webhook deliveries are interrupted'),
  });
  const callbackRefusal = (url: string): string | null =>
    queue ? policy.refuseUrl(url) : 'webhooks are switched off: the server has no NETVERDICT_WEBHOOK_SECRET_FILE';
  const buffer = createProgressBuffer(store.progress, config.republishMs, log);
  const metrics = serviceMetrics('api', () => bus?.handled() ?? []);
  telemetry.serveMetrics(metrics);
  const roll = createRoll();
  const finish = createFinish(store.diagnoses, changes, buffer, log, countEndings(metrics));
  const captures = createCaptures(
    store.captures,
    () => bus,
    { defaultCluster: config.defaultCluster, ...CAPTURE_SETTINGS, ...pace.captures },
    log,
  );
  const pingSchedule = openPingSchedule(
    {
      redisUrl: config.redisUrl,
      everyMs: pace.reconcileEveryMs,
      ready: () => migrated,
      ...(pace.redisPrefix === undefined ? {} : { prefix: pace.redisPrefix }),
    },
    store.pingMeshes,
    (id) => pingMeshes.round(id),
    log,
  );
  const pingMeshes: PingMeshes = createPingMeshes(
    store.pingMeshes,
    () => bus,
    config.defaultCluster,
    pingSchedule,
    log,
  );
  const background = { open: config.backgroundOpen, deadlineMs: config.deadlineMs, republishMs: config.republishMs };
  const pump = createPump(store.batches, publish, { ...background, everyMs: pace.sweepEveryMs }, () => migrated, log);
  const batchesChanged = new EventEmitter().setMaxListeners(0);
  const inBackground = store.listenForBackground({
    onNotification(id) {
      batchesChanged.emit(id);
      pump.wake();
    },
    onReconnect: pump.wake,
    onLost: (err) => log.warn({ err }, 'notifications of batches are interrupted'),
  });
  const clock = openScheduleClock(
    {
      redisUrl: config.redisUrl,
      everyMs: pace.reconcileEveryMs,
      ready: () => migrated,
      ...(pace.redisPrefix === undefined ? {} : { prefix: pace.redisPrefix }),
    },
    store.schedules,
    (id) => schedules.due(id),
    log,
  );
  const schedules: Schedules = createSchedules({
    ...{ store, publish, clock, settings: background, defaultCluster: config.defaultCluster, log },
  });
  let sweeper: { stop(): Promise<void> } | null = null;
  const consumptions: Consumption[] = [];
  let beats: { stop(): Promise<void> } | null = null;

  telemetry.readyWhen('postgresql', async () => {
    await store.ping();
    return migrated;
  });
  telemetry.readyWhen('nats', () => bus?.connected() ?? false);

  const requests = openRequestLimiter(config.redisUrl, config.limits.requestsPerMinute, pace.redisPrefix);
  // Not of /readyz: without Redis everything but webhooks, schedules and meshes goes on.
  const dependencies = async (): Promise<Dependency[]> => [
    ...(await telemetry.dependencies()),
    { name: 'redis', reachable: await requests.answers() },
  ];
  const app = await createApp({
    metrics,
    store,
    acceptance,
    changes,
    configuration,
    defaultCluster: config.defaultCluster,
    captures,
    pingMeshes,
    batches: createBatches(store, batchesChanged, pump.wake, config.defaultCluster),
    schedules,
    live,
    sections: (cluster) => bus?.sections(cluster) ?? null,
    deadLetters: () => bus?.deadLetters ?? null,
    token: bearerTokens(
      [
        { token: config.token, may: 'admin' },
        ...(config.eventprocToken === null ? [] : [{ token: config.eventprocToken, may: 'diagnose' } as const]),
      ],
      store.tokens,
      (err) => log.warn({ err }, 'when a token was used last could not be written down'),
      config.oidc === null
        ? null
        : oidcTokens(config.oidc, (err) =>
            log.warn({ err, issuer: config.oidc?.issuer }, 'the issuer does not give its keys'),
          ),
    ),
    limiter: requests.limiter,
    limits: config.limits,
    room: createRoom(store.diagnoses, config.openDiagnoses),
    callbackRefusal,
    webhooks: createWebhooks(store, { sealing, callbackRefusal, deliver }),
    roll,
    dependencies,
    unready: telemetry.unready,
    migrated: () => migrated,
    stopping,
    log,
  });
  const url = await app.listen({ host: config.listen.host, port: config.listen.port });
  log.info({ url }, 'REST is served');

  const starting = (async (): Promise<void> => {
    migrated = await migrateForEver(store, log, stopping);
    if (!migrated) return;
    // Sweeping needs the database alone: deadlines hold although NATS is away.
    const { republishMs, retentionDays, clusterAwayMs } = config;
    const awaySince = (cluster: string): number | null => roll.awaySince(cluster, clusterAwayMs);
    const settings = { everyMs: pace.sweepEveryMs, republishMs, retentionDays, awaySince };
    sweeper = createSweeper(store, finish, publish, settings, log);
    bus = await connectBus({
      url: config.natsUrl,
      user: { role: 'api' },
      log,
      streamReplicas: config.streamReplicas,
      signal: stopping,
      ...(config.nkeyFile === null ? {} : { nkeySeedFile: config.nkeyFile }),
    });
    consumptions.push(consumeVerdict(bus, finish, log), consumeDiagnosisFailed(bus, finish));
    consumeDiagnosisProgress(bus, buffer);
    consumeHeartbeats(bus, configuration, log);
    consumeServiceHeartbeats(bus, roll);
    beats = announceService(bus, { service: 'api', cluster: null, version: VERSION, dependencies, log });
    changes.tellAll();
  })().catch((err: unknown) => {
    if (!stopping.aborted) log.fatal({ err }, 'the service cannot start');
  });

  return {
    url,
    store,
    async close() {
      stop.abort();
      await starting;
      await app.close();
      await sweeper?.stop();
      await captures.close();
      await pingSchedule.close();
      await clock.close();
      await pump.close();
      await inBackground.close();
      await Promise.all(consumptions.map((consumption) => consumption.stop(1500)));
      await buffer.flush();
      await beats?.stop();
      requests.close();
      await bus?.close();
      await queue?.close();
      await notifications.close();
      await arrivals.close();
      await recorded.close();
      await ofWebhooks.close();
      await store.close();
    },
  };
}
