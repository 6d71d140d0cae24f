/** Pods and containers as the runtime tells them. Times are milliseconds since the epoch. */

export interface PodSandboxMetadata {
  readonly name: string;
  readonly uid: string;
  readonly namespace: string;
  readonly attempt: number;
}

export type PodSandboxState = 'ready' | 'not-ready';

export interface PodSandbox {
  readonly id: string;
  readonly metadata: PodSandboxMetadata;
  readonly state: PodSandboxState;
  readonly createdAtMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface PodSandboxStatus extends PodSandbox {
  /** Pod addresses as the runtime knows them; empty for pods in the host's network. */
  readonly ips: readonly string[];
  readonly hostNetwork: boolean;
  /** Process of the sandbox (pause); null when the runtime does not say or the sandbox is gone. */
  readonly pid: number | null;
  /** Path of the network namespace in the runtime's mount namespace; null for host-network pods and where unknown. */
  readonly netnsPath: string | null;
}

/** What RunPodSandbox takes. `cgroupParent`: cgroupfs path; `sysctls`: namespaced ones, dotted. */
export interface PodSandboxConfig {
  readonly metadata: PodSandboxMetadata;
  readonly hostname?: string;
  readonly logDirectory?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly hostNetwork?: boolean;
  readonly cgroupParent?: string;
  readonly sysctls?: Readonly<Record<string, string>>;
}

export interface ContainerConfig {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly logPath?: string;
  readonly hostNetwork?: boolean;
}

export type ContainerState = 'created' | 'running' | 'exited' | 'unknown';

export interface Container {
  readonly id: string;
  readonly podSandboxId: string;
  readonly name: string;
  readonly image: string;
  readonly state: ContainerState;
  readonly createdAtMs: number;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ContainerStatus {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageRef: string;
  readonly state: ContainerState;
  readonly startedAtMs: number;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  /** Null when the runtime does not tell it, or the container does not run. */
  readonly pid: number | null;
}

export interface RuntimeVersion {
  readonly runtimeName: string;
  readonly runtimeVersion: string;
  readonly runtimeApiVersion: string;
}

export interface Image {
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly sizeBytes: number;
}
