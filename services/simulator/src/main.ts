/**
 * simulator: from a snapshot to the verdict.
 *
 *   path-built ─▶ sections (object store) ─▶ evaluation thread: parse ─▶ compile ─▶ diagnose
 *                                                                                     │
 *   collection-needed ◀─ packet left the snapshot, or a negative verdict on old state ┤
 *   verdict ◀─────────────────────────────────────────────────────────────────────────┘
 */
import { SIMULATOR, VERSION } from '@netverdict/configuration';
import { announceService, connectBus } from '@netverdict/messaging';
import { runService, serviceMetrics } from '@netverdict/telemetry';
import { consumePathBuilt } from './consume/path-built.ts';
import { EvaluationThread } from './domain/evaluation/thread.ts';
import { addEvaluationMetrics } from './metrics.ts';

await runService({ name: 'simulator', settings: SIMULATOR }, async (telemetry, settings) => {
  const { log } = telemetry;
  const thread = new EvaluationThread({ limitMs: settings.limit, maxHeapMb: settings.heap });
  thread.warm();
  telemetry.onShutdown('evaluation thread', () => thread.close());
  const bus = await connectBus({
    url: settings.natsUrl,
    user: { role: 'simulator' },
    log,
    streamReplicas: settings.streamReplicas,
    signal: telemetry.stopping,
    ...(settings.nkeyFile === null ? {} : { nkeySeedFile: settings.nkeyFile }),
  });
  telemetry.onShutdown('bus', () => bus.close());
  telemetry.readyWhen('nats', bus.connected);

  const beats = announceService(bus, {
    ...{ service: 'simulator', cluster: null, version: VERSION, dependencies: telemetry.dependencies, log },
  });
  telemetry.onShutdown('heartbeat', () => beats.stop());

  const metrics = serviceMetrics('simulator', bus.handled);
  telemetry.serveMetrics(metrics);
  const evaluated = addEvaluationMetrics(metrics, thread);
  const consumption = consumePathBuilt({ bus, thread, log, evaluated });
  telemetry.onShutdown('consumer', () => consumption.stop());
});
