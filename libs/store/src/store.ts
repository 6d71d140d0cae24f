/** One door to the database: a pool, the queries by table, and the notifications. */
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { migrate } from './migrate.ts';
import { type MonitoringQueries, monitoringQueries } from './monitoring.ts';
import {
  ARRIVAL_CHANNEL,
  BACKGROUND_CHANNEL,
  listen,
  NOTIFY_CHANNEL,
  type NotificationHandlers,
  type Notifications,
  WEBHOOK_CHANNEL,
} from './notifications.ts';
import { PreparingClient } from './preparing-client.ts';
import { type AgentConfigurationQueries, agentConfigurationQueries } from './queries/agent-configuration.ts';
import { type ArrivalQueries, arrivalQueries } from './queries/arrivals.ts';
import { type AuditQueries, auditQueries } from './queries/audit.ts';
import { type BatchQueries, batchQueries } from './queries/batches.ts';
import { type CaptureQueries, captureQueries } from './queries/captures.ts';
import { type DeliveryQueries, deliveryQueries } from './queries/deliveries.ts';
import { type DiagnosisQueries, diagnosisQueries } from './queries/diagnoses.ts';
import { type ExplanationQueries, explanationQueries } from './queries/explanations.ts';
import { type KnownNameQueries, knownNameQueries } from './queries/known-names.ts';
import { type MaintenanceQueries, maintenanceQueries } from './queries/maintenance.ts';
import { type PingMeshQueries, pingMeshQueries } from './queries/ping-meshes.ts';
import { type ProgressQueries, progressQueries } from './queries/progress.ts';
import { type ScheduleQueries, scheduleQueries } from './queries/schedules.ts';
import { type TokenQueries, tokenQueries } from './queries/tokens.ts';
import { type WebhookQueries, webhookQueries } from './queries/webhooks.ts';
import type { Database } from './schema.ts';

export interface StoreOptions {
  /** postgres://user:password@host:port/database */
  readonly connectionString: string;
  /** Connections of the pool; 10 when absent. */
  readonly maxConnections?: number;
  readonly applicationName?: string;
  /** How long a query waits for a connection; 3 s when absent. */
  readonly connectionTimeoutMs?: number;
  /** An idle connection broke (the server restarts…). The pool makes a new one by itself; default: silence. */
  readonly onIdleError?: (error: Error) => void;
}

export interface Store extends MonitoringQueries {
  readonly diagnoses: DiagnosisQueries;
  readonly progress: ProgressQueries;
  readonly tokens: TokenQueries;
  readonly audit: AuditQueries;
  readonly webhooks: WebhookQueries;
  readonly deliveries: DeliveryQueries;
  readonly maintenance: MaintenanceQueries;
  readonly knownNames: KnownNameQueries;
  readonly captures: CaptureQueries;
  readonly pingMeshes: PingMeshQueries;
  readonly batches: BatchQueries;
  readonly schedules: ScheduleQueries;
  readonly arrivals: ArrivalQueries;
  readonly agentConfiguration: AgentConfigurationQueries;
  readonly explanations: ExplanationQueries;
  /** All of it or nothing. @throws what `work` throws, and nothing is written then */
  together<T>(work: (monitoring: MonitoringQueries) => Promise<T>): Promise<T>;
  /** Brings the schema up to date; resolves with the migrations applied. Any number of processes may call it. */
  migrate(): Promise<readonly string[]>;
  /** Resolves when the database answers; throws (see isUnavailable) otherwise. */
  ping(): Promise<void>;
  /** Changes of diagnoses, payload `<id> <rank>`. */
  listen(handlers: NotificationHandlers): Notifications;
  /** Events or incidents have arrived, payload `events` or `incidents`. */
  listenForArrivals(handlers: NotificationHandlers): Notifications;
  /** Deliveries of webhooks have been recorded; no payload. */
  listenForDeliveries(handlers: NotificationHandlers): Notifications;
  /** A batch or schedule changed, payload its id: there may be room for what waits. */
  listenForBackground(handlers: NotificationHandlers): Notifications;
  close(): Promise<void>;
}

/** OID of int8: counts and sequence numbers stay far below 2^53. */
const INT8 = 20;

/** Opens no connection yet: the first query does, and fails within 3 s when the database is not there. */
export function openStore(options: StoreOptions): Store {
  const types = new pg.TypeOverrides();
  types.setTypeParser(INT8, (text) => Number(text));
  const config = {
    connectionString: options.connectionString,
    application_name: options.applicationName ?? 'netverdict',
    connectionTimeoutMillis: options.connectionTimeoutMs ?? 3000,
  };
  const pool = new pg.Pool({
    ...config,
    Client: PreparingClient,
    types,
    max: options.maxConnections ?? 10,
    idleTimeoutMillis: 30_000,
    query_timeout: 15_000,
    keepAlive: true,
  });
  pool.on('error', (error) => options.onIdleError?.(error));
  // While a connection is in use the pool does not listen: without this its end would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  return {
    diagnoses: diagnosisQueries(db),
    progress: progressQueries(db),
    tokens: tokenQueries(db),
    audit: auditQueries(db),
    webhooks: webhookQueries(db),
    deliveries: deliveryQueries(db),
    ...monitoringQueries(db),
    maintenance: maintenanceQueries(db),
    knownNames: knownNameQueries(db),
    captures: captureQueries(db),
    pingMeshes: pingMeshQueries(db),
    batches: batchQueries(db),
    schedules: scheduleQueries(db),
    together: (work) => db.transaction().execute((tx) => work(monitoringQueries(tx))),
    arrivals: arrivalQueries(db),
    agentConfiguration: agentConfigurationQueries(db),
    explanations: explanationQueries(db),
    migrate: () => migrate(db),
    ping: async () => void (await sql`select 1`.execute(db)),
    listen: (handlers) => listen(config, NOTIFY_CHANNEL, handlers),
    listenForArrivals: (handlers) => listen(config, ARRIVAL_CHANNEL, handlers),
    listenForDeliveries: (handlers) => listen(config, WEBHOOK_CHANNEL, handlers),
    listenForBackground: (handlers) => listen(config, BACKGROUND_CHANNEL, handlers),
    close: () => db.destroy(),
  };
}
