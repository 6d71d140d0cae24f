/** What every service starts with: log, trace context, health and an orderly end. */
import { absent, ConfigurationError, listenAddress, oneOf } from './environment.ts';
import { type Check, type HealthServer, type MetricsSource, serveHealth, unready } from './health.ts';
import { startLightTracing } from './light-tracing.ts';
import { createLog, type Log } from './log.ts';

export interface Telemetry {
  readonly log: Log;
  /** A condition of /readyz, by the name of what is needed: `nats`. */
  readyWhen(name: string, check: Check): void;
  unready(): Promise<string[]>;
  /** What /metrics answers, beside /healthz; the last one counts. */
  serveMetrics(source: MetricsSource): void;
  /** Runs at SIGTERM, SIGINT or `shutdown()`; the last registered first. All together have 5 s. */
  onShutdown(name: string, step: () => Promise<void> | void): void;
  /** Aborted when the end begins: stop taking new work. */
  readonly stopping: AbortSignal;
  shutdown(reason: string): Promise<void>;
}

const SHUTDOWN_MS = 5000;
const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Only with an exporter: the SDK is loaded late since it is by far the largest import of a service. */
async function startSdk(service: string): Promise<() => Promise<void>> {
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const sdk = new NodeSDK({ serviceName: `netverdict-${service}` });
  sdk.start();
  return () => sdk.shutdown();
}

/** Health is served at `healthListen` unless NETVERDICT_HEALTH_LISTEN says otherwise (`off`: nowhere); without it only if that is set. */
export interface ServiceDescription {
  readonly name: string;
  readonly healthListen?: string;
}

/**
 * Reads NETVERDICT_LOG_LEVEL, NETVERDICT_HEALTH_LISTEN and OpenTelemetry's own OTEL_* variables.
 * @throws ConfigurationError on a bad variable; an `EADDRINUSE` error when the health port that was asked for is taken.
 */
export async function startTelemetry(described: string | ServiceDescription): Promise<Telemetry> {
  const { name: service, healthListen = null } = typeof described === 'string' ? { name: described } : described;
  const log = createLog(service, oneOf('NETVERDICT_LOG_LEVEL', 'info', LEVELS));
  const checks = new Map<string, Check>();
  const steps: { readonly name: string; readonly step: () => Promise<void> | void }[] = [];
  const stopping = new AbortController();

  if (process.env.OTEL_EXPORTER_OTLP_ENDPOINT) steps.push({ name: 'telemetry', step: await startSdk(service) });
  else startLightTracing();

  let metrics: MetricsSource | null = null;
  const health = await healthServer(healthListen, checks, () => metrics, log);
  if (health !== null) steps.push({ name: 'health', step: () => health.close() });

  let ending: Promise<void> | null = null;
  async function end(reason: string): Promise<void> {
    log.info({ reason }, 'stopping');
    stopping.abort();
    for (const { name, step } of steps.reverse()) {
      try {
        await step();
      } catch (err) {
        log.warn({ err, step: name }, 'a step of the shutdown failed');
      }
    }
    log.info('stopped');
  }
  return {
    log,
    stopping: stopping.signal,
    readyWhen: (name, check) => void checks.set(name, check),
    unready: () => unready(checks),
    serveMetrics: (source) => {
      metrics = source;
    },
    onShutdown: (name, step) => void steps.push({ name, step }),
    shutdown(reason) {
      ending ??= end(reason);
      return ending;
    },
  };
}

async function healthServer(
  healthListen: string | null,
  checks: ReadonlyMap<string, Check>,
  metrics: () => MetricsSource | null,
  log: Log,
): Promise<HealthServer | null> {
  const asked = absent('NETVERDICT_HEALTH_LISTEN');
  if (asked === 'off') return null;
  const address = listenAddress('NETVERDICT_HEALTH_LISTEN', healthListen);
  if (address === null) return null;
  try {
    const server = await serveHealth(address, checks, metrics);
    log.info({ host: address.host, port: server.port }, 'health is served');
    return server;
  } catch (err) {
    // Several agents may share a machine, as in the lab: that none asked for this port is no reason to fail for its sake.
    if (asked !== null || (err as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw err;
    log.warn({ host: address.host, port: address.port }, 'health and metrics are not served: the port is taken');
    return null;
  }
}

/** A service that a supervisor started (NETVERDICT_PARENT_PID) does not outlive it, however the supervisor ended. */
function endWithParent(stop: (reason: string) => void): void {
  const parent = Number(process.env.NETVERDICT_PARENT_PID);
  if (!parent) return;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop('the supervisor is gone');
  }, 1000).unref();
}

export type Service = (telemetry: Telemetry) => Promise<void>;

/**
 * The body of a `main.ts`. `start` wires and returns; the process then lives until SIGTERM or SIGINT and exits with 0,
 * with 1 when the wiring failed or the shutdown took longer than 5 s, with 2 on a bad configuration.
 */
export async function runService(described: string | ServiceDescription, start: Service): Promise<void> {
  const service = typeof described === 'string' ? described : described.name;
  let telemetry: Telemetry | null = null;
  try {
    const started = await startTelemetry(described);
    telemetry = started;
    const stop = (signal: string): void => {
      setTimeout(() => {
        started.log.error('the shutdown took too long');
        process.exit(1);
      }, SHUTDOWN_MS).unref();
      void started.shutdown(signal).then(() => process.exit(0));
    };
    process.once('SIGTERM', stop).once('SIGINT', stop);
    endWithParent(stop);
    // Health is served before the wiring is done: until then nothing is ready, whatever checks there are.
    let wired = false;
    started.readyWhen('start', () => wired);
    await start(started);
    wired = true;
    started.log.info({ node: process.version }, 'started');
  } catch (err) {
    if (telemetry?.stopping.aborted) return;
    if (err instanceof ConfigurationError) {
      process.stderr.write(`${service}: ${err.message}\n`);
      process.exit(2);
    }
    if (telemetry) telemetry.log.fatal({ err }, 'cannot start');
    else process.stderr.write(`${service}: ${err instanceof Error ? err.message : String(err)}\n`);
    process.exit(1);
  }
}
