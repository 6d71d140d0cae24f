/**
 * The verbose `info` map of PodSandboxStatus and ContainerStatus. Its form is each runtime's own: containerd and CRI-O put a
 * JSON document under `info` with `pid` and `runtimeSpec`, whose `linux.namespaces` names the network namespace's path;
 * cri-dockerd says nothing. What is not there is null, never an error.
 */

export interface SandboxInfo {
  readonly pid: number | null;
  readonly netnsPath: string | null;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

export function sandboxInfo(info: Readonly<Record<string, string>>): SandboxInfo {
  const text = info.info;
  if (text === undefined) return { pid: null, netnsPath: null };
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return { pid: null, netnsPath: null };
  }
  if (!isRecord(document)) return { pid: null, netnsPath: null };
  const pid = typeof document.pid === 'number' && document.pid > 0 ? document.pid : null;
  return { pid, netnsPath: netnsPathOf(document.runtimeSpec) };
}

function netnsPathOf(spec: unknown): string | null {
  if (!isRecord(spec) || !isRecord(spec.linux) || !Array.isArray(spec.linux.namespaces)) return null;
  for (const namespace of spec.linux.namespaces) {
    if (!isRecord(namespace) || namespace.type !== 'network') continue;
    if (typeof namespace.path === 'string' && namespace.path !== '') return namespace.path;
  }
  return null;
}
