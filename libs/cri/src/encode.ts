/** From our types to the request messages. */
import type { ContainerConfig, PodSandboxConfig } from './types.ts';

/** PID namespaces per container, as kubelet asks for by default; the network is the pod's or the node's. */
const namespaceOptions = (hostNetwork: boolean | undefined) => ({
  network: hostNetwork === true ? 'NODE' : 'POD',
  pid: 'CONTAINER',
  ipc: 'POD',
});

export const encodeSandboxConfig = (config: PodSandboxConfig): object => ({
  metadata: config.metadata,
  hostname: config.hostname ?? '',
  logDirectory: config.logDirectory ?? '',
  labels: config.labels ?? {},
  annotations: config.annotations ?? {},
  linux: {
    cgroupParent: config.cgroupParent ?? '',
    sysctls: config.sysctls ?? {},
    securityContext: { namespaceOptions: namespaceOptions(config.hostNetwork) },
  },
});

export const encodeContainerConfig = (config: ContainerConfig): object => ({
  metadata: { name: config.name, attempt: 0 },
  image: { image: config.image },
  command: config.command ?? [],
  args: config.args ?? [],
  envs: Object.entries(config.env ?? {}).map(([key, value]) => ({ key, value })),
  labels: config.labels ?? {},
  annotations: config.annotations ?? {},
  logPath: config.logPath ?? '',
  linux: { securityContext: { namespaceOptions: namespaceOptions(config.hostNetwork) } },
});
