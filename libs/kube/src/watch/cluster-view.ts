/** A cluster being watched: the objects as last seen, and how fresh they are. */
import type { ClusterObjects } from '../view/cluster-objects.ts';

export const RESOURCES = [
  'nodes',
  'pods',
  'services',
  'endpointslices',
  'namespaces',
  'networkpolicies',
  'configmaps',
] as const;
export type Resource = (typeof RESOURCES)[number];

export interface ResourceStatus {
  readonly resource: Resource;
  /** The first list has arrived. */
  readonly synced: boolean;
  /** The last one seen; empty before the first list. */
  readonly resourceVersion: string;
  /** When the API server last said something about it (list, event or bookmark): milliseconds since the epoch; null: never. */
  readonly lastContactMs: number | null;
  readonly connected: boolean;
  /** Why it is not connected, in words; null while it is. */
  readonly error: string | null;
}

export interface ClusterStatus {
  readonly synced: boolean;
  /** The oldest `lastContactMs` of all resources: nothing older than this is certain. */
  readonly lastContactMs: number | null;
  readonly resources: readonly ResourceStatus[];
}

export interface ClusterView {
  /** Resolves when every resource has been listed; rejects when the signal aborts or after `timeoutMs`, naming what is missing. */
  ready(timeoutMs?: number): Promise<void>;
  /** The current view. Never changes once handed out. */
  objects(): ClusterObjects;
  status(): ClusterStatus;
  /** Called after each change, at most once a tick. Returns the way to stop it. */
  onChange(listener: () => void): () => void;
  close(): void;
}
