/** What every service starts with: log, trace context, health and an orderly end. */
import {
  ConfigurationError,
  HEALTH,
  PROCESS,
  parseListen,
  readSettings,
  type Settings,
  sourcesOf,
  type ValuesOf,
} from '@netverdict/configuration';
import {
  type Check,
  type Checked,
  checkAll,
  type HealthServer,
  type MetricsSource,
  serveHealth,
  unready,
} from './health.ts';
import { startLightTracing } from './light-tracing.ts';
import { createLog, type Log, toStdout } from './log.ts';
import { emitLine } from './otlp-logs.ts';

export interface Telemetry {
  readonly log: Log;
  /** A condition of /readyz, by the name of what is needed: `nats`. */
  readyWhen(name: string, check: Check): void;
  unready(): Promise<string[]>;
  /** What is needed, and whether it answers; without what concerns this process alone. */
  dependencies(): Promise<Checked[]>;
  /** What /metrics answers, beside /healthz; the last one counts. */
  serveMetrics(source: MetricsSource): void;
  /** Runs at SIGTERM, SIGINT or `shutdown()`; the last registered first. All together have 5 s. */
  onShutdown(name: string, step: () => Promise<void> | void): void;
  /** Aborted when the end begins: stop taking new work. */
  readonly stopping: AbortSignal;
  shutdown(reason: string): Promise<void>;
}

const SHUTDOWN_MS = 5000;
/** The condition of /readyz that its own wiring is done. */
const OF_THE_PROCESS = 'start';

/** Only with an exporter: the SDK is loaded late since it is by far the largest import of a service. */
async function startSdk(service: string, metrics: () => MetricsSource | null): Promise<() => Promise<void>> {
  const [{ NodeSDK }, { otlpMetricReader }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('./otlp-metrics.ts'),
  ]);
  const reader = await otlpMetricReader(metrics);
  const sdk = new NodeSDK({
    serviceName: `netverdict-${service}`,
    ...(reader === null ? {} : { metricReaders: [reader] }),
  });
  sdk.start();
  return () => sdk.shutdown();
}

/** To stdout at once, as without an exporter; then by OTLP. */
function writeAndEmit(): (line: string) => void {
  const stdout = toStdout();
  return (line) => {
    stdout.write(line);
    emitLine(line);
  };
}

/** Health is served at `healthListen` unless the operator says otherwise (`off`: nowhere); without it only if the operator names a place. */
export interface ServiceDescription<S extends Settings> {
  readonly name: string;
  readonly settings: S;
  readonly healthListen?: string;
}

const OWN = { ...PROCESS, ...HEALTH };

interface TelemetryOptions {
  readonly service: string;
  readonly values: ValuesOf<typeof OWN>;
  readonly healthListen: string | null;
}

/**
 * Reads OpenTelemetry's own OTEL_* variables beside.
 * @throws an `EADDRINUSE` error when the health port that was asked for is taken.
 */
async function startTelemetry({ service, values, healthListen }: TelemetryOptions): Promise<Telemetry> {
  const exporting = Boolean(process.env.OTEL_EXPORTER_OTLP_ENDPOINT);
  const log = createLog(service, values.logLevel, exporting ? writeAndEmit() : undefined);
  const checks = new Map<string, Check>();
  const steps: { readonly name: string; readonly step: () => Promise<void> | void }[] = [];
  const stopping = new AbortController();

  let metrics: MetricsSource | null = null;
  if (exporting) steps.push({ name: 'telemetry', step: await startSdk(service, () => metrics) });
  else startLightTracing();
  const health = await healthServer(values.healthListen, healthListen, checks, () => metrics, log);
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
    dependencies: async () => (await checkAll(checks)).filter(({ name }) => name !== OF_THE_PROCESS),
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
  asked: ValuesOf<typeof OWN>['healthListen'],
  healthListen: string | null,
  checks: ReadonlyMap<string, Check>,
  metrics: () => MetricsSource | null,
  log: Log,
): Promise<HealthServer | null> {
  if (asked === 'off') return null;
  const address = asked ?? (healthListen === null ? null : parseListen(healthListen));
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

export type Service<S extends Settings> = (telemetry: Telemetry, values: ValuesOf<S>) => Promise<void>;

/**
 * The body of a `main.ts`. `start` wires and returns; the process then lives until SIGTERM or SIGINT and exits with 0,
 * with 1 when the wiring failed or the shutdown took longer than 5 s, with 2 on a bad configuration.
 */
export async function runService<S extends Settings>(
  described: ServiceDescription<S>,
  start: Service<S>,
): Promise<void> {
  const { name: service, settings, healthListen = null } = described;
  let telemetry: Telemetry | null = null;
  try {
    const sources = await sourcesOf(service, { ...OWN, ...settings }, process.argv.slice(2), process.env);
    // All of them first, so that all that is wrong is told.
    readSettings({ ...OWN, ...settings }, sources);
    const started = await startTelemetry({ service, values: readSettings(OWN, sources), healthListen });
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
    started.readyWhen(OF_THE_PROCESS, () => wired);
    await start(started, readSettings(settings, sources));
    wired = true;
    started.log.info({ node: process.version }, 'started');
  } catch (err) {
    if (telemetry?.stopping.aborted) return;
    if (err instanceof ConfigurationError) {
      process.stderr.write(`${err.message.replaceAll(/^/gm, `${service}: `)}\n`);
      process.exit(2);
    }
    if (telemetry) telemetry.log.fatal({ err }, 'cannot start');
    else process.stderr.write(`${service}: ${err instanceof Error ? err.message : String(err)}\n`);
    process.exit(1);
  }
}
