/** How many anomalies of each kind and reason there were, per pod, since the agent's start; bounded in number. */
import type { Anomaly } from '@netverdict/contracts';
import { addCounter, type Registry, type Row } from '@netverdict/telemetry';
import { DnsFailures } from './dns-failures.ts';

/** More label sets than these are counted together by kind: without pod, under the reason `others`. */
const MOST_SETS = 3000;

interface Tally {
  readonly labels: Readonly<Record<string, string>>;
  count: number;
}

export class AnomalyTally {
  readonly #sets = new Map<string, Tally>();
  readonly #most: number;
  readonly dns = new DnsFailures();

  constructor(most = MOST_SETS) {
    this.#most = most;
  }

  note(anomalies: readonly Anomaly[]): void {
    this.dns.note(anomalies);
    for (const { kind, reason = '', pod, count, oneIn = 1 } of anomalies) {
      const key = `${kind}/${reason}/${pod?.namespace ?? ''}/${pod?.name ?? ''}`;
      const known = this.#sets.get(key);
      const room = known !== undefined || this.#sets.size < this.#most;
      // What was sampled is told as what it stands for.
      if (room) add(this.#sets, key, { kind, reason, ...(pod === null ? {} : podLabels(pod)) }, count * oneIn);
      else add(this.#sets, `${kind}/others`, { kind, reason: 'others' }, count * oneIn);
    }
  }

  rows(): Row[] {
    return [...this.#sets.values()].map(({ labels, count }) => ({ labels, value: count }));
  }
}

const podLabels = ({ namespace, name }: { namespace: string; name: string }) => ({ namespace, pod: name });

function add(sets: Map<string, Tally>, key: string, labels: Tally['labels'], count: number): void {
  const known = sets.get(key);
  if (known === undefined) sets.set(key, { labels, count });
  else known.count += count;
}

export function addAnomalyMetrics(registry: Registry, tally: AnomalyTally): void {
  addCounter(
    registry,
    'netverdict_anomalies_total',
    'anomalies that were told, scaled by the sampling; without a pod: the node, or more than are told one by one',
    () => tally.rows(),
  );
}
