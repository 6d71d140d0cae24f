/**
 * Whose socket or process it is, by cgroup: that alone tells pods apart that use the node's network. In version 2 a socket knows its cgroup's
 * id, which is the inode of the cgroup's directory; the directory's name, or one above it, has the container's id (whatever the driver:
 * `cri-containerd-<id>.scope`, `crio-<id>.scope`, `docker-<id>.scope`, or the id alone). In version 1 sockets know no cgroup: there the process
 * that a sample names is asked, as long as it lives.
 */
import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';

/** Containers' ids are 64 hexadecimal digits in every runtime. */
const CONTAINER_ID = /(?:^|[-/:])([0-9a-f]{64})(?:\.scope)?$/;
const CONTAINER_IN_PATH = /[-/:]([0-9a-f]{64})(?:\.scope)?(?=\/|$)/gm;

/** A node with more is not walked to its end. */
const MAX_DIRECTORIES = 50_000;

/** Where version 2's hierarchy is: the whole, or beside version 1's. null: there is none. */
export function unifiedRoot(root: string): string | null {
  for (const candidate of [root, `${root}/unified`])
    try {
      statSync(`${candidate}/cgroup.procs`);
      statSync(`${candidate}/cgroup.controllers`);
      return candidate;
    } catch {
      // version 1 there
    }
  return null;
}

/** Each cgroup of a container with the container's id: also those that a container makes within its own. */
export function containerCgroups(root: string): Map<bigint, string> {
  const found = new Map<bigint, string>();
  const waiting: { readonly path: string; readonly container: string | null }[] = [{ path: root, container: null }];
  for (let walked = 0; waiting.length > 0 && walked < MAX_DIRECTORIES; walked++) {
    const { path, container } = waiting.pop() as (typeof waiting)[number];
    let entries: Dirent[];
    try {
      if (container !== null) found.set(statSync(path, { bigint: true }).ino, container);
      entries = readdirSync(path, { withFileTypes: true });
    } catch {
      continue; // it ended meanwhile
    }
    for (const entry of entries)
      if (entry.isDirectory())
        waiting.push({
          path: `${path}/${entry.name}`,
          container: CONTAINER_ID.exec(entry.name)?.[1] ?? container,
        });
  }
  return found;
}

/** The innermost container in any of a process's cgroups; null: it is in none, or it is gone. */
export function containerOfProcess(pid: number, proc = '/proc'): string | null {
  let text: string;
  try {
    text = readFileSync(`${proc}/${pid}/cgroup`, 'utf8');
  } catch {
    return null;
  }
  return [...text.matchAll(CONTAINER_IN_PATH)].at(-1)?.[1] ?? null;
}
