/** Reads the counters of the host's and all pods' namespaces every few seconds and reports what grew. */

import type { Helper } from '@netverdict/collect';
import type { Anomaly, AnomalyKind } from '@netverdict/contracts';
import { type Baseline, baselineOf, conntrackPressure, growth, listenerDrops } from './anomalies.ts';
import { parseCounters } from './counters.ts';
import type { PodNamespace, Pods } from './pods.ts';

/** What of a namespace has been told. */
interface Seen {
  readonly baseline: Baseline;
  /** Drops by listener. */
  readonly listeners: Map<string, number>;
  windowStart: string;
}

export function watchAnomalies(options: {
  readonly helper: Pick<Helper, 'counters'>;
  readonly pods: Pods;
  readonly hostNetns: string;
  readonly everyMs: number;
  /** Kinds that an eBPF probe tells better, and since when. */
  readonly covered?: () => ReadonlyMap<AnomalyKind, number>;
  readonly report: (anomalies: readonly Anomaly[]) => void;
  readonly log: { warn(fields: object, message: string): void };
}): { stop(): void } {
  const { helper, pods, hostNetns, everyMs, covered = () => new Map(), report, log } = options;
  /** By inode; the window begins where the last one ended. */
  const seen = new Map<number, Seen>();
  let stopped = false;
  let busy = false;
  let complained = false;

  async function look(): Promise<void> {
    const list = await pods.list(everyMs / 2).catch((): readonly PodNamespace[] => []);
    const byPath = new Map(list.flatMap((pod) => (pod.path === null ? [] : [[pod.path, pod] as const])));
    const texts = await helper.counters([hostNetns, ...byPath.keys()]);
    const now = new Date().toISOString();
    const anomalies: Anomaly[] = [];
    const left = covered();
    const alive = new Set<number>();
    for (const [path, text] of texts) {
      const { inode, listeners, values } = parseCounters(text);
      alive.add(inode);
      const before = seen.get(inode);
      if (before === undefined) {
        // Counters began before us: what they hold is no news.
        const known = new Map<string, number>();
        listenerDrops(known, listeners);
        seen.set(inode, { baseline: baselineOf(values), listeners: known, windowStart: now });
        continue;
      }
      const pod = byPath.get(path);
      const about = {
        netns: inode,
        ...(pod === undefined
          ? { pod: null }
          : { pod: { namespace: pod.namespace, name: pod.name }, workload: pod.workload }),
        windowStart: before.windowStart,
        windowEnd: now,
      };
      const dropping = listenerDrops(before.listeners, listeners);
      for (const { kind, count } of growth(before.baseline, values)) {
        // A listener that is known says more than the namespace's counter.
        const known = dropping.length > 0 && (kind === 'tcp-listen-overflow' || kind === 'tcp-listen-drop');
        // What grew before the probe was on, the probe has not seen.
        const seenByProbe = (left.get(kind) ?? Number.POSITIVE_INFINITY) <= Date.parse(before.windowStart);
        if (!known && !seenByProbe) anomalies.push({ kind, count, ...about });
      }
      for (const drops of dropping) anomalies.push({ ...about, ...drops });
      const pressure = conntrackPressure(values);
      if (pressure !== null)
        anomalies.push({ kind: 'conntrack-pressure', count: 1, ...about, details: { ...pressure } });
      before.windowStart = now;
    }
    for (const inode of seen.keys()) if (!alive.has(inode)) seen.delete(inode);
    if (!stopped) report(anomalies);
  }

  const tick = (): void => {
    if (busy) return;
    busy = true;
    look()
      .then(
        () => {
          complained = false;
        },
        (err: unknown) => {
          if (!complained) log.warn({ err }, 'the counters could not be read');
          complained = true;
        },
      )
      .finally(() => {
        busy = false;
      });
  };
  const now = new Date().toISOString();
  report([{ kind: 'agent-started', netns: 0, pod: null, count: 1, windowStart: now, windowEnd: now }]);
  tick();
  const timer = setInterval(tick, everyMs);
  return {
    stop() {
      stopped = true;
      clearInterval(timer);
    },
  };
}
