/**
 * simulator: from a snapshot to the verdict.
 *
 *   path-built ─▶ sections (object store) ─▶ evaluation thread: parse ─▶ compile ─▶ diagnose
 *                                                                                     │
 *   collection-needed ◀─ packet left the snapshot, or a negative verdict on old state ┤
 *   verdict ◀─────────────────────────────────────────────────────────────────────────┘
 */
import { connectBus } from '@netverdict/messaging';
import { absent, integer, required, runService } from '@netverdict/telemetry';
import { consumePathBuilt } from './consume/path-built.ts';
import { EvaluationThread } from './domain/evaluation/thread.ts';

await runService('simulator', async (telemetry) => {
  const { log } = telemetry;
  const url = required('NETVERDICT_NATS_URL', 'address of the NATS server, nats://host:port');
  const nkeySeedFile = absent('NETVERDICT_NATS_NKEY_FILE');
  const limitMs = integer('NETVERDICT_SIMULATE_LIMIT_MS', 10_000, { min: 100, max: 120_000 });
  const maxHeapMb = integer('NETVERDICT_SIMULATE_HEAP_MB', 1024, { min: 64, max: 65_536 });

  const thread = new EvaluationThread({ limitMs, maxHeapMb });
  thread.warm();
  telemetry.onShutdown('evaluation thread', () => thread.close());
  const bus = await connectBus({
    url,
    user: { role: 'simulator' },
    log,
    signal: telemetry.stopping,
    ...(nkeySeedFile === null ? {} : { nkeySeedFile }),
  });
  telemetry.onShutdown('bus', () => bus.close());
  telemetry.readyWhen('nats', bus.connected);

  const consumption = consumePathBuilt({ bus, thread, log });
  telemetry.onShutdown('consumer', () => consumption.stop());
});
