/**
 * What the agents of many nodes send in a flood, as a process of its own: `send-batches.ts URL KEYS_DIR NODES SECONDS paced|at-once`. A batch a node and
 * second, 200 sums each of 50 anomalies, three of them in full, as a real agent's under a flood. Prints one line of JSON.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Anomaly, AnomalySample } from '@netverdict/contracts';
import { type Bus, connectBus } from '@netverdict/messaging';

export const CLUSTER = 'lab';
export const nodeName = (i: number): string => `flood-${i}`;
/** What an agent tells of one probe in a window, one by one. */
export const SUMS_A_BATCH = 200;
export const ANOMALIES_A_SUM = 50;

const REASONS = ['NETFILTER_DROP', 'NO_SOCKET'];
const WORKLOADS_A_NODE = 20;
const WORKLOADS = 40;
const PEERS = 5;
const STACK = [
  'nf_hook_slow',
  'ip_local_deliver',
  'ip_sublist_rcv_finish',
  'ip_sublist_rcv',
  'ip_list_rcv',
  'netif_receive_skb_list_internal',
];

/** Told by all that one window holds: making them anew for each row would take most of the sender's time. */
interface Times {
  readonly windowStart: string;
  readonly windowEnd: string;
  readonly samples: readonly string[];
}

const timesOf = (endMs: number): Times => ({
  windowStart: new Date(endMs - 1000).toISOString(),
  windowEnd: new Date(endMs).toISOString(),
  samples: [1, 2, 3].map((n) => new Date(endMs - 900 + n).toISOString()),
});

function anomaly(node: number, i: number, { windowStart, windowEnd, samples }: Times): Anomaly {
  const workload = (node * 7 + (i % WORKLOADS_A_NODE)) % WORKLOADS;
  const peer = Math.floor(i / WORKLOADS_A_NODE) % PEERS;
  const tuple = {
    family: 'ipv4',
    protocol: 6,
    source: `10.${node}.0.${i % WORKLOADS_A_NODE}`,
    sourcePort: null,
    destination: `10.200.0.${peer}`,
    destinationPort: 80,
  } as const;
  const sample = (at: string, n: number): AnomalySample => ({
    at,
    tuple: { ...tuple, sourcePort: 40_000 + n },
    bytes: 60,
    stack: STACK,
  });
  return {
    kind: 'packet-drop',
    netns: 4_026_532_000 + i,
    pod: { namespace: 'shop', name: `service-${workload}-${node}` },
    workload: { kind: 'Deployment', namespace: 'shop', name: `service-${workload}` },
    count: ANOMALIES_A_SUM,
    windowStart,
    windowEnd,
    probe: 'drops',
    reason: REASONS[i % REASONS.length] ?? '',
    function: 'nf_hook_slow',
    hook: 'input',
    direction: 'in',
    tuple,
    bytes: 60 * ANOMALIES_A_SUM,
    samples: samples.map(sample),
  };
}

/** What the process prints. */
export interface Sent {
  readonly anomalies: number;
  readonly rows: number;
  readonly batches: number;
  readonly seconds: number;
  /** Of this process, which shares the cores with what is measured. */
  readonly cpuSeconds: number;
}

async function send(url: string, keys: string, nodes: number, seconds: number, paced: boolean): Promise<Sent> {
  const epoch = `bench-${process.pid}`;
  const buses: Bus[] = [];
  for (let i = 0; i < nodes; i++) {
    const node = nodeName(i);
    const user = { role: 'agent', cluster: CLUSTER, node } as const;
    buses.push(await connectBus({ url, nkeySeedFile: `${keys}/agent.${CLUSTER}.${node}.nk`, user }));
  }
  const began = performance.now();
  const cpu = process.cpuUsage();
  const sent = { anomalies: 0, rows: 0, batches: 0 };
  const one = async (i: number, round: number): Promise<void> => {
    // The windows of many nodes do not end at once.
    const due = began + (paced ? round * 1000 + (1000 * i) / nodes : 0);
    await sleep(Math.max(0, due - performance.now()));
    const times = timesOf(Date.now());
    const anomalies = Array.from({ length: SUMS_A_BATCH }, (_, n) => anomaly(i, n, times));
    const before = round * SUMS_A_BATCH * ANOMALIES_A_SUM;
    const ledger = { at: times.windowEnd, before, probes: [], dropped: [] };
    const body = { node: nodeName(i), epoch, seq: round + 1, anomalies, ledger };
    await buses[i]?.publish('anomaly-batch', CLUSTER, body, {
      id: `${nodeName(i)}/${epoch}/${round + 1}`,
      deadlineMs: 60_000,
    });
    sent.batches++;
    sent.rows += anomalies.length;
    sent.anomalies += anomalies.length * ANOMALIES_A_SUM;
  };
  await Promise.all(
    buses.map(async (_, i) => {
      for (let round = 0; round < seconds; round++) await one(i, round);
    }),
  );
  const took = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await Promise.all(buses.map((bus) => bus.close()));
  return { ...sent, seconds: took, cpuSeconds: (user + system) / 1e6 };
}

if (import.meta.main) {
  const [, , url = '', keys = '', nodes = '0', seconds = '0', pace = 'paced'] = process.argv;
  console.log(JSON.stringify(await send(url, keys, Number(nodes), Number(seconds), pace === 'paced')));
}
