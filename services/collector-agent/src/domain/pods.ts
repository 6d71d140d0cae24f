/**
 * Which pod has which network namespace, containers and owner, from the container runtime. A sandbox's namespace never changes, so only new ones
 * are asked about.
 */
import type { Helper } from '@netverdict/collect';
import type { WorkloadRef } from '@netverdict/contracts';
import type { Container, CriClient, PodSandboxStatus } from '@netverdict/cri';
import { workloadOf } from './workload.ts';

export interface PodContainer {
  readonly id: string;
  /** null: the sandbox's own. */
  readonly name: string | null;
}

export interface PodNamespace {
  readonly namespace: string;
  readonly name: string;
  /** null: the pod uses the node's network. */
  readonly path: string | null;
  readonly inode: number | null;
  readonly workload: WorkloadRef;
  /** The sandbox and what runs in it. */
  readonly containers: readonly PodContainer[];
}

/** The part of libs/cri that is used. */
export type PodSource = Pick<CriClient, 'listPodSandboxes' | 'podSandboxStatus' | 'listContainers'>;

export interface Pods {
  /** All ready pods, as known at most `maxAgeMs` ago. @throws when the runtime cannot be asked */
  list(maxAgeMs: number): Promise<readonly PodNamespace[]>;
}

/** By the runtime's pinned file, or by the sandbox's process where it names none (cri-dockerd). */
const pathOf = (status: PodSandboxStatus): string | null =>
  status.netnsPath ?? (status.pid === null ? null : `/proc/${status.pid}/ns/net`);

export function podsOf(source: () => PodSource | Promise<PodSource>, helper: Pick<Helper, 'inodes'>): Pods {
  const known = new Map<string, Omit<PodNamespace, 'containers'>>();
  let last: { readonly atMs: number; readonly pods: readonly PodNamespace[] } | null = null;
  let running: { readonly sinceMs: number; readonly pods: Promise<readonly PodNamespace[]> } | null = null;

  async function read(): Promise<readonly PodNamespace[]> {
    const atMs = performance.now();
    const cri = await source();
    // Names of containers are worth less than the pods: without them the rest is told.
    const [sandboxes, containers] = await Promise.all([
      cri.listPodSandboxes({ state: 'ready' }),
      cri.listContainers().catch((): readonly Container[] => []),
    ]);
    const fresh = sandboxes.filter(({ id }) => !known.has(id));
    const settled = await Promise.allSettled(fresh.map(({ id }) => cri.podSandboxStatus(id)));
    const statuses = settled.flatMap((s) => (s.status === 'fulfilled' ? [s.value] : []));
    const paths = statuses.flatMap((s) => (s.hostNetwork ? [] : (pathOf(s) ?? [])));
    const inodes = await helper.inodes(paths);
    for (const status of statuses) {
      const path = status.hostNetwork ? null : pathOf(status);
      const inode = path === null ? null : (inodes.get(path) ?? null);
      if (!status.hostNetwork && inode === null) continue; // gone again, or not yet made: asked about next time
      const { namespace, name } = status.metadata;
      const workload = workloadOf({ namespace, name }, status.labels, status.annotations);
      known.set(status.id, { namespace, name, path, inode, workload });
    }
    const ids = new Set(sandboxes.map(({ id }) => id));
    for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
    // Of two sandboxes of one pod (a restarted one) the runtime lists the newer first.
    const bySandbox = Map.groupBy(containers, ({ podSandboxId }) => podSandboxId);
    const pods = sandboxes.flatMap(({ id }) => {
      const pod = known.get(id);
      if (pod === undefined) return [];
      const own = (bySandbox.get(id) ?? []).map((container) => ({ id: container.id, name: container.name }));
      return [{ ...pod, containers: [{ id, name: null }, ...own] }];
    });
    last = { atMs, pods };
    return pods;
  }

  return {
    list(maxAgeMs) {
      const now = performance.now();
      if (last !== null && now - last.atMs <= maxAgeMs) return Promise.resolve(last.pods);
      if (running !== null && now - running.sinceMs <= maxAgeMs) return running.pods;
      const pods = read();
      running = { sinceMs: now, pods };
      const clear = (): void => {
        if (running?.pods === pods) running = null;
      };
      pods.then(clear, clear);
      return pods;
    },
  };
}
