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
import { connectBus } from '@netverdict/messaging';
import { openStore } from '@netverdict/store';
import { required, runService, url } from '@netverdict/telemetry';
import { readSettings } from './configuration.ts';
import { readExplainConfiguration } from './domain/explain/configuration.ts';
import { startEventproc } from './eventproc.ts';
import { readSinkConfiguration } from './publish/sinks/configuration.ts';
import { openSinks } from './publish/sinks/sinks.ts';
import { makeTallies } from './tallies.ts';

await runService('eventproc', async (telemetry) => {
  const connectionString = url('NETVERDICT_DATABASE_URL', ['postgres', 'postgresql'], 'the PostgreSQL database');
  const natsUrl = url('NETVERDICT_NATS_URL', ['nats', 'tls'], 'the NATS server, nats://host:port');
  const nkeySeedFile = required('NETVERDICT_NATS_NKEY_FILE', "file with eventproc's nkey seed");
  const sinkConfiguration = readSinkConfiguration();
  const settings = readSettings();
  const explaining = readExplainConfiguration();
  const { log, stopping: signal } = telemetry;

  const store = openStore({
    connectionString,
    maxConnections: 6,
    applicationName: 'netverdict eventproc',
    onIdleError: (err) => log.warn({ err }, 'PostgreSQL closed an idle connection'),
  });
  telemetry.onShutdown('store', () => store.close());
  const bus = await connectBus({ url: natsUrl, nkeySeedFile, user: { role: 'eventproc' }, log, signal });
  telemetry.onShutdown('bus', () => bus.close());
  telemetry.readyWhen('nats', bus.connected);
  telemetry.readyWhen('postgres', () => store.ping().then(() => true));

  const sinks = await openSinks(sinkConfiguration, log);
  telemetry.onShutdown('sinks', () => sinks.stop());
  const tallies = makeTallies(sinks.counts);
  telemetry.serveMetrics(tallies.registry);
  const running = await startEventproc({ bus, store, sinks, settings, explaining, tallies, log, signal });
  telemetry.onShutdown('eventproc', () => running.stop());
});
