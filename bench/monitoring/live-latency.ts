/** From an agent's batch on the bus to a reader of the live stream: JetStream, eventproc, PostgreSQL, api, each a process of its own. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { freePort } from '@netverdict/embedded';
import { createLab } from '@netverdict/lab';
import { connectBus } from '@netverdict/messaging';
import { createClient } from '@netverdict/sdk';
import { type Instance, removeInstance, startInstance } from '../../clients/cli/src/local/instance.ts';
import { machine } from '../machine.ts';
import { ms, printRows, type Row } from '../row.ts';
import { percentile } from '../statistics.ts';

const BATCHES = 300;
const EVERY_MS = 50;
/** A node that no agent runs for: its batches are this measurement's. */
export const BENCH_NODE = 'bench-node';

export async function liveLatencyRows(instance: Instance): Promise<Row[]> {
  const user = { role: 'agent', cluster: 'lab', node: BENCH_NODE } as const;
  const bus = await connectBus({
    url: instance.engines.natsUrl,
    nkeySeedFile: instance.engines.natsKeyFile(user),
    user,
  });
  const client = createClient({ baseUrl: instance.apiUrl, token: instance.token });
  const stop = new AbortController();
  const sentAt = new Map<string, number>();
  const took: number[] = [];
  const opened = Promise.withResolvers<void>();
  const epoch = `bench-${process.pid}`;
  const reading = (async () => {
    for await (const { item } of client.followEvents(
      { node: BENCH_NODE },
      { signal: stop.signal, onOpen: opened.resolve },
    )) {
      const at = sentAt.get(item.id);
      if (at !== undefined) took.push(performance.now() - at);
    }
  })();
  try {
    await Promise.race([opened.promise, reading]);
    for (let seq = 1; seq <= BATCHES; seq++) {
      const now = new Date().toISOString();
      const anomaly = { kind: 'packet-drop', netns: 1, pod: null, count: 1, windowStart: now, windowEnd: now } as const;
      sentAt.set(`lab/${BENCH_NODE}/${epoch}/${seq}/0`, performance.now());
      await bus.publish(
        'anomaly-batch',
        'lab',
        { node: BENCH_NODE, epoch, seq, anomalies: [anomaly] },
        { id: `${epoch}/${seq}` },
      );
      await sleep(EVERY_MS);
    }
    for (const end = performance.now() + 20_000; took.length < BATCHES && performance.now() < end; ) await sleep(50);
  } finally {
    stop.abort();
    await reading;
    await bus.close();
  }
  if (took.length < BATCHES) throw new Error(`${took.length} of ${BATCHES} came`);
  return [0.5, 0.95, 0.99].map((p) => ({
    what: `anomaly on the bus to the live stream, p${p * 100}`,
    value: ms(percentile(took, p)),
    wanted: p === 0.95 ? '< 500 ms' : '–',
    beside: `${BATCHES} batches, one each ${EVERY_MS} ms; longest ${ms(Math.max(...took))}`,
  }));
}

/** By itself: `node bench/monitoring/live-latency.ts`. */
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const dir = mkdtempSync(join(tmpdir(), 'netverdict-bench-'));
  const lab = await createLab({ name: `bench-${process.pid}` });
  let instance: Instance | undefined;
  try {
    instance = await startInstance({
      dir,
      cluster: 'lab',
      kubeconfig: lab.kubeconfig,
      nodes: [...lab.nodes.map((n) => n.name), BENCH_NODE],
      agents: [],
      listen: `127.0.0.1:${await freePort()}`,
      say: () => {},
    });
    printRows(
      'From an anomaly to its reader',
      'node bench/monitoring/live-latency.ts',
      machine(),
      await liveLatencyRows(instance),
    );
  } finally {
    await instance?.stop();
    await lab.down();
    await removeInstance(dir);
  }
}
