/**
 * Takes a lab away, whole or half made, by whoever calls and however its maker ended. Nothing is asked of containerd: its
 * processes are killed, its mounts undone, its files deleted. What belongs to a lab is told by names that only it has:
 * the state directory in a process's command line, the cgroup, the namespaces' names. Safe to call twice.
 */
import { readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, tryRun } from './command.ts';
import { LabError } from './errors.ts';
import { cgroupParent } from './runtime/containerd.ts';
import { netnsPath } from './spec.ts';
import { removeStateDir, stateDirOf } from './state.ts';

export async function removeEverything(lab: string): Promise<void> {
  const containers = containerIds(lab);
  const sockets = shimSockets(lab);
  await killProcesses(lab);
  await unmountAll(lab);
  await deleteNamespaces(lab);
  await removeCgroups(lab);
  for (const socket of sockets) rmSync(socket, { force: true });
  removeCniResults(containers);
  removeStateDir(lab);
}

/** Killed until none is left: a shim may be starting a container while it is looked for. */
async function killProcesses(lab: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const pids = processesOf(lab);
    if (pids.length === 0) return;
    if (Date.now() > deadline) throw new LabError(`processes of lab ${lab} do not end: ${pids.join(', ')}`);
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended meanwhile.
      }
    }
    await sleep(10);
  }
}

/**
 * Read anew from /proc each time, so a pid that was given to another process since is never taken for the lab's: programs that
 * name its directory, all in its cgroups, and tools still at work in its nodes' namespaces.
 */
export function processesOf(lab: string): readonly number[] {
  const dir = stateDirOf(lab);
  const inCgroup = `:${cgroupParent(lab)}/`;
  const namespaces = new Set(namespacesOf(lab).map((name) => inodeOf(netnsPath(name))));
  return listDir('/proc').flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    const command = readText(`/proc/${pid}/cmdline`).split('\0');
    // A zombie has no command line any more; it needs no killing.
    if (command.join('') === '') return [];
    if (readText(`/proc/${pid}/cgroup`).includes(inCgroup)) return [pid];
    const program = command[0]?.split('/').at(-1) ?? '';
    const namesIt = command.some((word) => word === dir || word.startsWith(`${dir}/`));
    if (namesIt && isDaemon(program, command)) return [pid];
    return TOOLS.has(program) && namespaces.has(inodeOf(`/proc/${pid}/ns/net`)) ? [pid] : [];
  });
}

/** A shell or an editor that merely names the state directory is not the lab's. */
function isDaemon(program: string, command: readonly string[]): boolean {
  if (program === 'node') return command.some((word) => word.endsWith('/api-server/main.ts'));
  return DAEMONS.has(program);
}

const DAEMONS = new Set(['containerd', 'containerd-shim-runc-v2', 'runc', 'ctr', 'nsenter']);
/** The listener outside; CNI plugins and what the lab programs nodes with: short-lived, but they could still be writing. */
const TOOLS = new Set([
  'echo',
  'bridge',
  'host-local',
  'loopback',
  'ip',
  'sysctl',
  'iptables-nft-restore',
  'iptables-legacy-restore',
]);

const inodeOf = (path: string): number => {
  try {
    return statSync(path).ino;
  } catch {
    return -1;
  }
};

async function unmountAll(lab: string): Promise<void> {
  const below = `${stateDirOf(lab)}/`;
  const targets = readText('/proc/self/mountinfo')
    .split('\n')
    .map((line) => (line.split(' ')[4] ?? '').replaceAll('\\040', ' '))
    .filter((target) => target.startsWith(below));
  // The last mounted first. Lazily: a process may still be dying in it.
  if (targets.length > 0) await tryRun(['umount', '-l', ...targets.reverse()]);
}

const ownNamespace = (lab: string): RegExp => new RegExp(`^nv-${lab}-(node-\\d+|fabric|external)$`);

export function namespacesOf(lab: string): readonly string[] {
  return listDir('/run/netns').filter((name) => ownNamespace(lab).test(name));
}

async function deleteNamespaces(lab: string): Promise<void> {
  const names = namespacesOf(lab);
  if (names.length === 0) return;
  await run(['ip', '-force', '-batch', '-'], { input: names.map((name) => `netns del ${name}\n`).join('') });
}

/** cgroup v1 has a tree per controller, v2 one; each directory goes when its last process has. */
export function cgroupsOf(lab: string): readonly string[] {
  const root = '/sys/fs/cgroup';
  const name = cgroupParent(lab).slice(1);
  return [root, ...listDir(root).map((controller) => join(root, controller))]
    .map((tree) => join(tree, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
    .filter((path, at, all) => all.findIndex((other) => sameDirectory(path, other)) === at);
}

/** `cpu` and `cpuacct` may be links to `cpu,cpuacct`. */
const sameDirectory = (a: string, b: string): boolean =>
  statSync(a).ino === statSync(b).ino && statSync(a).dev === statSync(b).dev;

async function removeCgroups(lab: string): Promise<void> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const trees = cgroupsOf(lab);
    if (trees.length === 0) return;
    for (const tree of trees) removeTree(tree);
    if (Date.now() > deadline) throw new LabError(`cgroups of lab ${lab} do not empty: ${trees.join(', ')}`);
    await sleep(10);
  }
}

function removeTree(path: string): void {
  for (const entry of listDir(path)) {
    const child = join(path, entry);
    if (statSync(child, { throwIfNoEntry: false })?.isDirectory() === true) removeTree(child);
  }
  try {
    rmdirSync(path);
  } catch {
    // Not empty yet: the caller comes again.
  }
}

/** Shims listen in /run/containerd/s, wherever containerd's state is; each task's directory names its socket. */
function shimSockets(lab: string): readonly string[] {
  return nodeDirs(lab).flatMap((dir) => {
    const tasks = join(dir, 'run', 'io.containerd.runtime.v2.task', 'k8s.io');
    return listDir(tasks)
      .map((id) => readText(join(tasks, id, 'address')).trim())
      .filter((address) => address.startsWith('unix:///run/containerd/s/'))
      .map((address) => address.slice('unix://'.length));
  });
}

function containerIds(lab: string): readonly string[] {
  return nodeDirs(lab).flatMap((dir) => listDir(join(dir, 'root', 'io.containerd.grpc.v1.cri', 'sandboxes')));
}

/** libcni caches each result in /var/lib/cni/results as <network>-<sandbox>-<device>; no configuration moves it. */
function removeCniResults(sandboxes: readonly string[]): void {
  const dir = '/var/lib/cni/results';
  for (const file of listDir(dir)) {
    if (sandboxes.some((id) => file.includes(id))) rmSync(join(dir, file), { force: true });
  }
}

const nodeDirs = (lab: string): readonly string[] =>
  listDir(stateDirOf(lab))
    .filter((name) => /^node-\d+$/.test(name))
    .map((name) => join(stateDirOf(lab), name));

function listDir(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
