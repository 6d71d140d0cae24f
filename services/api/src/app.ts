/** The HTTP application without its engines: made of ports, so that its document can be generated and it can be tested. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Dependency } from '@netverdict/contracts';
import type { DeadLetters, Sections } from '@netverdict/messaging';
import type { Store } from '@netverdict/store';
import type { Log, Registry } from '@netverdict/telemetry';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  LogController,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import type { Acceptance } from './domain/accept.ts';
import type { ConfigurationTeller } from './domain/agent-configuration.ts';
import type { Batches } from './domain/batches/batches.ts';
import type { CaptureService } from './domain/captures.ts';
import type { Changes } from './domain/changes.ts';
import type { Roll } from './domain/health/roll.ts';
import type { Live } from './domain/live/live.ts';
import type { PingMeshes } from './domain/ping-meshes.ts';
import type { Room } from './domain/room.ts';
import type { Schedules } from './domain/schedules/schedules.ts';
import type { Webhooks } from './domain/webhooks/webhooks.ts';
import { auditWrites, rememberAddresses } from './http/audit-hook.ts';
import type { TokenCheck } from './http/auth.ts';
import { type Limits, limitTokens } from './http/limits.ts';
import { measureRequests } from './http/metrics.ts';
import { answerUnknownPaths } from './http/not-found.ts';
import { describeApi } from './http/openapi.ts';
import { handleError, ProblemError } from './http/problems.ts';
import { holdToScopes } from './http/scope-hook.ts';
import { traceRequests } from './http/tracing.ts';
import { compileValidator } from './http/validation.ts';
import { agentConfigurationRoutes } from './routes/agent-configuration.ts';
import { batchRoutes } from './routes/batches.ts';
import { bundleRoutes } from './routes/bundle.ts';
import { captureRoutes } from './routes/captures.ts';
import { deadLetterRoutes } from './routes/dead-letters.ts';
import { diagnosisRoutes } from './routes/diagnoses.ts';
import { diagnosisEventRoutes } from './routes/diagnosis-events.ts';
import { eventStreamRoutes } from './routes/event-stream.ts';
import { healthRoutes } from './routes/health.ts';
import { incidentStreamRoutes } from './routes/incident-stream.ts';
import { incidentRoutes } from './routes/incidents.ts';
import { installationRoutes } from './routes/installation.ts';
import { monitoringRoutes } from './routes/monitoring.ts';
import { networkRoutes } from './routes/network.ts';
import { pingMeshRoutes } from './routes/ping-meshes.ts';
import { scheduleRoutes } from './routes/schedules.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { webhookDeliveryRoutes } from './routes/webhook-deliveries.ts';
import { webhookRoutes } from './routes/webhooks.ts';

export interface Dependencies {
  readonly store: Pick<
    Store,
    | 'diagnoses'
    | 'progress'
    | 'events'
    | 'agents'
    | 'incidents'
    | 'knownNames'
    | 'flows'
    | 'accounting'
    | 'agentConfiguration'
    | 'captures'
    | 'webhooks'
    | 'tokens'
    | 'audit'
    | 'deliveries'
    | 'batches'
    | 'schedules'
  >;
  readonly acceptance: Acceptance;
  readonly changes: Changes;
  readonly configuration: ConfigurationTeller;
  /** Of requests that name none. */
  readonly defaultCluster: string;
  readonly captures: CaptureService;
  readonly pingMeshes: PingMeshes;
  readonly batches: Batches;
  readonly schedules: Schedules;
  readonly webhooks: Webhooks;
  readonly live: Live;
  /** null as long as NATS was never reached. */
  readonly sections: (cluster: string) => Sections | null;
  /** null as long as NATS was never reached. */
  readonly deadLetters: () => DeadLetters | null;
  readonly token: TokenCheck;
  readonly limiter: Pick<RateLimiterAbstract, 'consume'>;
  readonly limits: Limits;
  readonly room: Room;
  /** Why a callback URL is not taken; null: it is. */
  readonly callbackRefusal: (url: string) => string | null;
  /** The services that are heard. */
  readonly roll: Roll;
  /** What this service needs, and whether it answers. */
  readonly dependencies: () => Promise<readonly Dependency[]>;
  /** Names of what does not answer. */
  readonly unready: () => Promise<readonly string[]>;
  /** The schema is there; before, nothing can be accepted. */
  readonly migrated: () => boolean;
  readonly stopping: AbortSignal;
  readonly metrics: Registry;
  readonly log: Log;
}

export type Server = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

const BODY_LIMIT_BYTES = 64 * 1024;

export async function createApp(deps: Dependencies): Promise<Server> {
  const loggerInstance: FastifyBaseLogger = deps.log;
  const app = Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => void handleError(error, request, reply),
  }).withTypeProvider<TypeBoxTypeProvider>();

  app.removeContentTypeParser('text/plain');
  app.setValidatorCompiler(compileValidator as never);
  // Documents are ours and already in shape: a second look at a large trace would only cost.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.setErrorHandler(handleError);
  const addressOf = rememberAddresses(app);
  app.addHook('onRequest', async (request) => {
    if (!request.url.startsWith('/api/')) return;
    // First: tokens are looked up in the database.
    if (!deps.migrated())
      throw new ProblemError({
        type: 'unavailable',
        status: 503,
        title: 'The service is starting',
        detail: 'The database has not been reached yet. Try again in a moment.',
        headers: { 'retry-after': '2' },
      });
    await deps.token.authenticate(request);
  });
  limitTokens(app, deps.token, deps.limiter, deps.limits, (err) =>
    deps.log.warn({ err }, 'the requests of a token could not be counted'),
  );
  traceRequests(app);
  measureRequests(app, deps.metrics);
  holdToScopes(app, deps.token, deps.store, deps.defaultCluster);
  auditWrites(app, deps.token, deps.store.audit, addressOf);
  answerUnknownPaths(app, deps.token);
  await describeApi(app);
  for (const add of [
    diagnosisRoutes,
    diagnosisEventRoutes,
    bundleRoutes,
    captureRoutes,
    pingMeshRoutes,
    batchRoutes,
    scheduleRoutes,
    webhookRoutes,
    webhookDeliveryRoutes,
    tokenRoutes,
    eventStreamRoutes,
    incidentStreamRoutes,
    monitoringRoutes,
    installationRoutes,
    deadLetterRoutes,
    incidentRoutes,
    networkRoutes,
    agentConfigurationRoutes,
    healthRoutes,
  ])
    add(app, deps);
  return app;
}
