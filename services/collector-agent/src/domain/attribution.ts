/**
 * Whose an event is: by the network namespace, and in the node's own by the socket's cgroup or the process. What ended keeps its name for a
 * while, since events come late; a name that is known already is not asked for again.
 */
import type { WorkloadRef } from '@netverdict/contracts';
import { containerCgroups, containerOfProcess, unifiedRoot } from './cgroups.ts';
import type { PodNamespace, Pods } from './pods.ts';

export interface Attributed {
  readonly pod: { readonly namespace: string; readonly name: string };
  readonly workload: WorkloadRef;
  readonly container?: string;
}

export interface Attribution {
  /** Learns what runs now. `met`: namespaces that something happened in, so that a new pod's is asked for at once. @throws when the runtime is silent */
  learn(met?: Iterable<number>): Promise<void>;
  /** The pod whose own namespace it is. */
  ofNetns(inode: number): Attributed | null;
  /** The pod of a socket's cgroup or, where that says nothing, of a process; with its container. */
  ofCgroup(cgroup: bigint, pid: number): Attributed | null;
  /** Of several sockets: only where all that tell anything tell the same. */
  ofSockets(netns: number, sockets: readonly { readonly cgroup: bigint; readonly pid: number }[]): Attributed | null;
  known(inode: number): boolean;
}

const REMEMBER_MS = 10 * 60_000;
/** How old the list of pods may be, and how often it is asked for because of a namespace that is in none of it. */
const LIST_MS = 5000;
const ASK_AGAIN_MS = 30_000;
const WALK_MS = 2000;
const MAX_REMEMBERED = 20_000;

interface Remembered<T> {
  readonly is: T;
  seenMs: number;
}

export function attributionOf(options: {
  readonly pods: Pods;
  readonly cgroupRoot: string;
  readonly now?: () => number;
}): Attribution {
  const { pods, cgroupRoot, now = () => performance.now() } = options;
  const byNetns = new Map<number, Remembered<Attributed>>();
  const byContainer = new Map<string, Remembered<Attributed>>();
  const byCgroup = new Map<bigint, Remembered<string>>();
  /** Namespaces that are no pod's, as far as was found, and when. */
  const strangers = new Map<number, number>();
  let listedMs = Number.NEGATIVE_INFINITY;
  let walkedMs = Number.NEGATIVE_INFINITY;
  let unified: string | null | undefined;

  function note(list: readonly PodNamespace[]): void {
    const seenMs = now();
    listedMs = seenMs;
    for (const pod of list) {
      const { namespace, name, workload } = pod;
      const is: Attributed = { pod: { namespace, name }, workload };
      if (pod.inode !== null) {
        byNetns.set(pod.inode, { is, seenMs });
        strangers.delete(pod.inode);
      }
      for (const { id, name: container } of pod.containers ?? [])
        byContainer.set(id, { is: container === null ? is : { ...is, container }, seenMs });
    }
    forget(byNetns, seenMs);
    forget(byContainer, seenMs);
    forget(byCgroup, seenMs);
  }

  function forget<K>(map: Map<K, Remembered<unknown>>, nowMs: number): void {
    let over = map.size - MAX_REMEMBERED;
    for (const [key, { seenMs }] of map) if (nowMs - seenMs > REMEMBER_MS || over-- > 0) map.delete(key);
  }

  /** Also a pod's that was gone when last asked: the kernel gives the numbers of namespaces that ended to new ones. */
  function isNobodys(inode: number): boolean {
    const seen = byNetns.get(inode);
    return seen === undefined || seen.seenMs < listedMs;
  }

  /** New containers have new cgroups: the tree is walked again, but not for each event. */
  function walk(): void {
    const nowMs = now();
    if (nowMs - walkedMs < WALK_MS) return;
    unified ??= unifiedRoot(cgroupRoot);
    if (unified !== null)
      for (const [id, container] of containerCgroups(unified)) byCgroup.set(id, { is: container, seenMs: nowMs });
    walkedMs = now();
  }

  function ofCgroup(cgroup: bigint, pid: number): Attributed | null {
    let container = byCgroup.get(cgroup)?.is;
    if (container === undefined && cgroup > 1n) {
      walk();
      container = byCgroup.get(cgroup)?.is;
    }
    container ??= pid > 0 ? (containerOfProcess(pid) ?? undefined) : undefined;
    return container === undefined ? null : (byContainer.get(container)?.is ?? null);
  }

  return {
    async learn(met = []) {
      const nowMs = now();
      let fresh = false;
      for (const [inode, atMs] of strangers) if (nowMs - atMs > 10 * ASK_AGAIN_MS) strangers.delete(inode);
      for (const inode of met)
        if (
          inode !== 0 &&
          isNobodys(inode) &&
          nowMs - (strangers.get(inode) ?? Number.NEGATIVE_INFINITY) > ASK_AGAIN_MS
        ) {
          strangers.set(inode, nowMs);
          fresh = true;
        }
      const before = byContainer.size;
      note(await pods.list(fresh ? 200 : LIST_MS));
      // Walked while its containers live: an event may come when they are gone.
      if (byContainer.size !== before) walk();
    },
    ofNetns: (inode) => byNetns.get(inode)?.is ?? null,
    ofCgroup,
    ofSockets(netns, sockets) {
      const own = byNetns.get(netns)?.is ?? null;
      let found: Attributed | null = null;
      for (const { cgroup, pid } of sockets) {
        const one = ofCgroup(cgroup, pid);
        if (one === null) continue;
        if (found !== null && (one.pod.name !== found.pod.name || one.pod.namespace !== found.pod.namespace))
          return own;
        // Two containers of one pod: the pod's, neither container's.
        if (found !== null && one.container !== found.container) found = { pod: one.pod, workload: one.workload };
        else found = one;
      }
      // In a pod's own namespace only that pod's sockets are asked; a proxy of the node that sits in it stays the pod's.
      if (own === null) return found;
      return found !== null && found.pod.name === own.pod.name && found.pod.namespace === own.pod.namespace
        ? found
        : own;
    },
    known: (inode) => byNetns.has(inode),
  };
}

/** As anomalies and flows carry it. */
export const attributed = (whose: Attributed | null) =>
  whose === null ? { pod: null } : { pod: whose.pod, workload: whose.workload, ...containerOf(whose) };

const containerOf = ({ container }: Attributed): { container?: string } =>
  container === undefined ? {} : { container };
