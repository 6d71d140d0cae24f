/** What the two consumers share: the cluster as seen, the agents, the bus. */
import type { ClusterView } from '@netverdict/kube';
import type { Bus } from '@netverdict/messaging';
import type { Collector } from './domain/collect/collector.ts';

export interface Topology {
  readonly cluster: string;
  readonly bus: Bus;
  readonly view: ClusterView;
  /** Everything that a diagnosis needs has been listed once. */
  readonly viewReady: () => boolean;
  readonly collector: Collector;
  /** How long one node may take to answer. */
  readonly nodeDeadlineMs: number;
}

/** Oldest node state that a diagnosis uses when it names none. */
export const DEFAULT_MAX_AGE_MS = 1000;
