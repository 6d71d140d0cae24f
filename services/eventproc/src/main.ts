/**
 * eventproc: from the agents' anomaly stream to stored events.
 *
 *   collector-agent ──events.<cluster>.<node>──▶ EVENTS ──▶ consume/anomaly-batch ──▶ domain/stored-events ──▶ PostgreSQL
 *   collector-agent ──agents.<cluster>.<node> (core)─────▶ consume/agent-heartbeat ─▶ domain/heartbeats ────▶ PostgreSQL
 *
 *                                                                       └─ stored ──▶ publish/sinks ──▶ Loki, OTLP, file, stderr
 *
 *   PostgreSQL ──NOTIFY──▶ domain/explain: open incidents ──POST /api/v1/diagnoses──▶ api; what was found ──▶ PostgreSQL
 *
 * Any number may run: the consumer is shared, rows are deduplicated by the event's id, an ack follows its commit.
 */
import { EVENTPROC, VERSION } from '@netverdict/configuration';
import { announceService, connectBus } from '@netverdict/messaging';
import { openStore } from '@netverdict/store';
import { Registry, runService, serviceMetrics } from '@netverdict/telemetry';
import { eventprocSettings } from './configuration.ts';
import { explainConfiguration } from './domain/explain/configuration.ts';
import { startEventproc } from './eventproc.ts';
import { sinkConfiguration } from './publish/sinks/configuration.ts';
import { openSinks } from './publish/sinks/sinks.ts';
import { makeTallies } from './tallies.ts';

await runService({ name: 'eventproc', settings: EVENTPROC }, async (telemetry, given) => {
  const { databaseUrl: connectionString, natsUrl, nkeyFile: nkeySeedFile } = given;
  const settings = eventprocSettings(given);
  const explaining = explainConfiguration(given);
  const { log, stopping: signal } = telemetry;

  const store = openStore({
    connectionString,
    maxConnections: 6,
    applicationName: 'netverdict eventproc',
    onIdleError: (err) => log.warn({ err }, 'PostgreSQL closed an idle connection'),
  });
  telemetry.onShutdown('store', () => store.close());
  const bus = await connectBus({
    url: natsUrl,
    nkeySeedFile,
    user: { role: 'eventproc' },
    log,
    streamReplicas: given.streamReplicas,
    signal,
  });
  telemetry.onShutdown('bus', () => bus.close());
  telemetry.readyWhen('nats', bus.connected);
  telemetry.readyWhen('postgres', () => store.ping().then(() => true));

  const beats = announceService(bus, {
    ...{ service: 'eventproc', cluster: null, version: VERSION, dependencies: telemetry.dependencies, log },
  });
  telemetry.onShutdown('heartbeat', () => beats.stop());

  const sinks = await openSinks(sinkConfiguration(given), log);
  telemetry.onShutdown('sinks', () => sinks.stop());
  const tallies = makeTallies(sinks.counts);
  telemetry.serveMetrics(Registry.merge([serviceMetrics('eventproc', bus.handled), tallies.registry]));
  const running = await startEventproc({ bus, store, sinks, settings, explaining, tallies, log, signal });
  telemetry.onShutdown('eventproc', () => running.stop());
});
