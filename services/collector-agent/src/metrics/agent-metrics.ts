/**
 * What /metrics answers: the kernel's counters of every namespace, read when Prometheus asks; the eBPF probes; the anomalies; the agent
 * itself. All label sets are bounded.
 */
import type { Helper } from '@netverdict/collect';
import { addCounter, addGauge, type MetricsSource, Registry } from '@netverdict/telemetry';
import type { Attribution } from '../domain/attribution.ts';
import type { PodNamespace, Pods } from '../domain/pods.ts';
import type { Spool } from '../publish/spool.ts';
import type { KernelWatch } from '../watch/watch.ts';
import { type AnomalyTally, addAnomalyMetrics } from './anomaly-tally.ts';
import { addDnsFailures } from './dns-failures.ts';
import { addMachineMetrics } from './machine.ts';
import { type MachineMetrics, readMachine } from './machine-text.ts';
import { parseMetrics } from './namespace-text.ts';
import { addNamespaceMetrics, type Reading } from './namespaces.ts';
import { addProbeMetrics } from './probes.ts';

export interface Measured {
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

export interface MetricsOptions {
  readonly helper: Pick<Helper, 'metrics'>;
  readonly pods: Pods;
  readonly hostNetns: string;
  readonly attribution: Pick<Attribution, 'ofNetns'>;
  readonly kernel: Pick<KernelWatch, 'reports' | 'histograms' | 'away' | 'gaps'>;
  readonly spool: Pick<Spool, 'waiting' | 'lost' | 'lastSeq' | 'report'>;
  readonly tally: AnomalyTally;
  /** What agent, helper and sidecar have used; null: it cannot be told. */
  readonly usage: () => Measured | null;
  readonly log: { warn(fields: object, message: string): void };
}

/** Who asks twice within this time gets one reading. */
const FRESH_MS = 2000;
/** The helper does one thing at a time: a collection must not wait for all namespaces of a big node. */
const AT_ONCE = 25;

export function agentMetrics(options: MetricsOptions): MetricsSource {
  const { helper, pods, hostNetns, attribution, kernel, spool, tally, usage, log } = options;
  const registry = new Registry();
  let readings: readonly Reading[] = [];
  let hostInode = 0;
  let known: readonly PodNamespace[] = [];
  let machine: MachineMetrics = { softnet: [], files: null, disks: [], rdma: [] };
  let readMs = Number.NEGATIVE_INFINITY;
  let tookSeconds = 0;
  let failures = 0;
  let reading: Promise<void> | null = null;

  async function read(): Promise<void> {
    const began = performance.now();
    known = await pods.list(5000).catch((): readonly PodNamespace[] => known);
    const labels = new Map<string, Reading['shared']>([[hostNetns, {}]]);
    for (const { path, namespace, name } of known) if (path !== null) labels.set(path, { namespace, pod: name });
    const paths = [...labels.keys()];
    const fresh: Reading[] = [];
    for (let at = 0; at < paths.length; at += AT_ONCE)
      for (const [path, text] of await helper.metrics(paths.slice(at, at + AT_ONCE))) {
        const host = path === hostNetns;
        const is = parseMetrics(text);
        if (host) hostInode = is.inode;
        fresh.push({ shared: labels.get(path) ?? {}, host, is });
      }
    readings = fresh;
    machine = readMachine();
    readMs = performance.now();
    tookSeconds = (readMs - began) / 1000;
  }

  const labelsOf = (netns: number): Reading['shared'] | null => {
    const own = attribution.ofNetns(netns);
    if (own !== null) return { namespace: own.pod.namespace, pod: own.pod.name };
    return netns === hostInode || netns === 0 ? {} : null;
  };

  addNamespaceMetrics(registry, () => readings);
  addMachineMetrics(registry, () => machine);
  addProbeMetrics(registry, {
    reports: kernel.reports,
    histograms: kernel.histograms,
    labelsOf,
    running: () => kernel.away() === null,
  });
  addAnomalyMetrics(registry, tally);
  addDnsFailures(registry, tally.dns);
  addGauge(registry, 'netverdict_pod_info', 'a pod of this node, with what owns it', () =>
    known.map(({ namespace, name, workload, path }) => ({
      labels: {
        namespace,
        pod: name,
        workload_kind: workload.kind,
        workload: workload.name,
        host_network: `${path === null}`,
      },
      value: 1,
    })),
  );
  addCounter(registry, 'netverdict_watch_gaps_total', 'times that the eBPF sidecar was away', () => [
    { value: kernel.gaps() },
  ]);
  addGauge(registry, 'netverdict_spool_batches', 'batches that wait for the stream', () => [
    { value: spool.waiting() },
  ]);
  addGauge(
    registry,
    'netverdict_spool_on_disk',
    '1: batches that wait outlive the agent; 0: they are in memory',
    () => [{ value: spool.report().place === 'disk' ? 1 : 0 }],
  );
  addGauge(registry, 'netverdict_spool_bytes', 'of batches on disk', () => [{ value: spool.report().bytes }]);
  addCounter(registry, 'netverdict_spool_batches_total', 'batches made', () => [{ value: spool.lastSeq() }]);
  addCounter(registry, 'netverdict_spool_lost_total', 'anomalies thrown away because the spool was full', () => [
    { value: spool.lost() },
  ]);
  addGauge(registry, 'netverdict_scrape_namespaces', 'network namespaces that were read', () => [
    { value: readings.length },
  ]);
  addGauge(registry, 'netverdict_scrape_seconds', 'time that reading them took', () => [{ value: tookSeconds }]);
  addCounter(registry, 'netverdict_scrape_failures_total', 'readings that failed', () => [{ value: failures }]);
  addCounter(registry, 'netverdict_agent_cpu_seconds_total', 'CPU time of agent, helper and sidecar', () => {
    const used = usage();
    return used === null ? [] : [{ value: used.cpuSeconds }];
  });
  addGauge(registry, 'netverdict_agent_memory_bytes', 'resident memory of agent, helper and sidecar', () => {
    const used = usage();
    return used === null ? [] : [{ value: used.memoryBytes }];
  });

  async function fresh(): Promise<Registry> {
    if (performance.now() - readMs > FRESH_MS)
      reading ??= read()
        .catch((err: unknown) => {
          // What was not read is absent rather than old.
          readings = [];
          failures++;
          log.warn({ err }, 'the namespaces could not be read for /metrics');
        })
        .finally(() => {
          reading = null;
        });
    await reading;
    return registry;
  }
  return {
    contentType: registry.contentType,
    metrics: async () => (await fresh()).metrics(),
    getMetricsAsJSON: async () => (await fresh()).getMetricsAsJSON(),
  };
}
