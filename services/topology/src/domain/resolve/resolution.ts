/** What resolution answers: two ends with their places, or a problem that names what does exist nearby. */
import type { Node, Pod, Service } from '@netverdict/kube';

/** A pod that has a place and may be asked from or to. */
export type PlacedPod = Pod & { readonly nodeName: string };

export type ResolvedSource =
  | { readonly kind: 'pod'; readonly pod: PlacedPod }
  | { readonly kind: 'node'; readonly node: Node; readonly address: string | null }
  | { readonly kind: 'outside'; readonly address: string };

export interface ServiceTarget {
  readonly service: Service;
  /** Node that the NodePort is called on; null for a ClusterIP. */
  readonly entryNode: string | null;
  /** The Service's own port; null when it has none that fits (the simulator shows what becomes of the packet). */
  readonly port: number | null;
}

export type DestinationPlace =
  | { readonly kind: 'pod'; readonly pod: PlacedPod }
  | { readonly kind: 'node'; readonly node: Node }
  | { readonly kind: 'service'; readonly target: ServiceTarget }
  /** An address that no object has: outside, or inside a cluster network without an owner. */
  | { readonly kind: 'address' };

export interface ResolvedDestination {
  readonly place: DestinationPlace;
  readonly address: string;
  readonly port: number | null;
}

export interface Resolution {
  readonly source: ResolvedSource;
  readonly destination: ResolvedDestination;
  readonly family: 'ipv4' | 'ipv6';
  readonly names: { readonly source: string; readonly destination: string };
  /** Choices made for the user and things worth knowing, as sentences for the progress stream. */
  readonly notes: readonly string[];
}

export type ProblemType =
  | 'unknown-pod'
  | 'unknown-workload'
  | 'unknown-service'
  | 'unknown-node'
  | 'unknown-name'
  | 'unknown-port'
  | 'unknown-source-address'
  | 'port-missing'
  | 'pod-terminated'
  | 'pod-not-running'
  | 'no-endpoints'
  | 'external-name'
  | 'source-not-allowed'
  | 'invalid-address'
  | 'invalid-request'
  | 'family-mismatch';

/** The last part of the problem's type, and what a person reads. */
export interface Problem {
  readonly problem: ProblemType;
  readonly title: string;
  readonly detail: string;
  readonly suggestions: readonly string[];
}

export const problem = (
  type: ProblemType,
  title: string,
  detail: string,
  suggestions: readonly string[] = [],
): Problem => ({ problem: type, title, detail, suggestions });
