/** Pod: where it runs, its addresses, its ports and who made it. No environment, no volumes, no commands. */
import type { Meta, Protocol } from './meta.ts';
import type { Owner } from './owner.ts';

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';

export interface ContainerPort {
  readonly container: string;
  /** null: the port has no name. */
  readonly name: string | null;
  readonly port: number;
  readonly protocol: Protocol;
  readonly hostPort: number | null;
  readonly hostIp: string | null;
}

export interface Pod {
  readonly kind: 'Pod';
  readonly meta: Meta;
  readonly phase: PodPhase;
  /** Condition Ready is True. */
  readonly ready: boolean;
  /** Why it is not running, where the object says so (`CrashLoopBackOff`, `Evicted`…). */
  readonly reason: string | null;
  /** null: not scheduled. */
  readonly nodeName: string | null;
  readonly hostNetwork: boolean;
  /** status.podIPs, else status.podIP. Empty until the sandbox has an address. */
  readonly ips: readonly string[];
  readonly hostIps: readonly string[];
  readonly ports: readonly ContainerPort[];
  readonly containers: readonly { readonly name: string; readonly ready: boolean; readonly restarts: number }[];
  /** Whoever controls the pod, followed through a ReplicaSet to its Deployment, a Job to its CronJob. */
  readonly owner: Owner | null;
}

/** A pod that ran to its end or was deleted: its addresses may belong to another by now. */
export interface TerminatedPod {
  readonly pod: Pod;
  readonly how: 'succeeded' | 'failed' | 'deleted';
  /** When the informer learned of it: milliseconds since the epoch. */
  readonly seenAtMs: number;
}
