/** What the probes' histograms have counted since the agent began: per namespace, metric and peer or name, and bounded in number. */
import { probeOf } from './probes.ts';
import type { End } from './records.ts';
import type { NamedHistogram } from './windows.ts';

export interface ToldHistogram {
  readonly probe: string;
  readonly metric: string;
  readonly netns: number;
  readonly peer: End;
  /** The name that was asked for, empty where there were too many; null: it is of a peer. */
  readonly name: string | null;
  readonly count: number;
  /** In the metric's unit, as the buckets' bounds are: [n] counts values from 2^(n-1) up to 2^n - 1, the last one all above. */
  readonly sum: number;
  readonly buckets: readonly number[];
}

/** More peers than these are counted together, under no address. */
const MAX_PEERS = 2000;
/** What has not grown for so long makes room when there is none: its pod or its peer is gone. */
const STALE_MS = 10 * 60_000;

export class Histograms {
  readonly #all = new Map<string, ToldHistogram & { readonly atMs: number }>();
  #clearedMs = Number.NEGATIVE_INFINITY;

  add(histograms: readonly NamedHistogram[], nowMs = performance.now()): void {
    if (this.#all.size >= MAX_PEERS && nowMs - this.#clearedMs > STALE_MS / 10) {
      this.#clearedMs = nowMs;
      for (const [key, { atMs }] of this.#all) if (nowMs - atMs > STALE_MS) this.#all.delete(key);
    }
    for (const histogram of histograms) {
      const known = probeOf(histogram.probe);
      const metric = known?.[1].metrics?.[histogram.metric];
      if (known === undefined || metric === undefined) continue;
      const { netns, count, sum, buckets } = histogram;
      const { name } = histogram;
      const full = `${netns}/${metric}/${name ?? `${histogram.peer.address}/${histogram.peer.port}`}`;
      const room = this.#all.has(full) || this.#all.size < MAX_PEERS;
      const peer = room ? histogram.peer : { address: null, port: null };
      const at = room ? full : `${netns}/${metric}`;
      const before = this.#all.get(at);
      this.#all.set(at, {
        atMs: nowMs,
        probe: known[0],
        metric,
        netns,
        peer,
        name: room || name === null ? name : '',
        count: count + (before?.count ?? 0),
        sum: sum + (before?.sum ?? 0),
        buckets: buckets.map((n, i) => n + (before?.buckets[i] ?? 0)),
      });
    }
  }

  all(): ToldHistogram[] {
    return [...this.#all.values()];
  }
}
