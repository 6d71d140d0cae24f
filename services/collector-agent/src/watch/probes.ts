/** What each probe's events are to the product. Numbers and names as native/watch/probe_ids.h and probes/*.c have them. */
import type { Anomaly, AnomalyKind } from '@netverdict/contracts';
import type { Dictionary } from './frames.ts';
import type { Key } from './records.ts';

export interface Probe {
  readonly id: number;
  readonly kind: (key: Key) => AnomalyKind;
  /** Which dictionary the reason's number is of; a function where it is no number of the kernel's enumerations. */
  readonly reason: Dictionary | ((key: Key) => string | null);
  readonly details?: (key: Key) => Anomaly['details'];
  /** Kinds that the counters told before, and that are not told twice while this probe is on. */
  readonly covers: readonly AnomalyKind[];
}

export const PROBES = {
  drops: {
    id: 0,
    kind: () => 'packet-drop',
    reason: 'drop-reason',
    covers: ['ip-discard', 'ip-no-route', 'link-drop'],
  },
} as const satisfies Record<string, Probe>;

export type ProbeName = keyof typeof PROBES;
const byId = new Map<number, readonly [ProbeName, Probe]>(
  (Object.entries(PROBES) as [ProbeName, Probe][]).map(([name, probe]) => [probe.id, [name, probe]]),
);
export const probeOf = (id: number): readonly [ProbeName, Probe] | undefined => byId.get(id);
