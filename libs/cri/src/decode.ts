/** From what the wire carries to our types; an answer that lacks the message it promises is a runtime's bug and throws. */
import { sandboxInfo } from './sandbox-info.ts';
import type {
  Container,
  ContainerState,
  ContainerStatus,
  Image,
  PodSandbox,
  PodSandboxMetadata,
  PodSandboxState,
  PodSandboxStatus,
} from './types.ts';

/** As @grpc/proto-loader gives them: scalars have defaults, messages may be null. */
export interface WireSandbox {
  readonly id: string;
  readonly metadata: PodSandboxMetadata | null;
  readonly state: string;
  readonly createdAt: number;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
}
export interface WireSandboxStatus {
  readonly status:
    | (WireSandbox & {
        readonly network: { readonly ip: string; readonly additionalIps: readonly { ip: string }[] } | null;
        readonly linux: {
          readonly namespaces: { readonly options: { readonly network: string } | null } | null;
        } | null;
      })
    | null;
  readonly info: Record<string, string>;
}
export interface WireContainer {
  readonly id: string;
  readonly podSandboxId: string;
  readonly metadata: { readonly name: string } | null;
  readonly image: { readonly image: string } | null;
  readonly state: string;
  readonly createdAt: number;
  readonly labels: Record<string, string>;
}
export interface WireContainerStatus {
  readonly status:
    | (Omit<WireContainer, 'podSandboxId'> & {
        readonly imageRef: string;
        readonly startedAt: number;
        readonly exitCode: number;
        readonly reason: string;
        readonly message: string;
      })
    | null;
  readonly info: Record<string, string>;
}
export interface WireImage {
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly size: number;
}

const nanosToMs = (nanos: number): number => Math.floor(nanos / 1e6);
const sandboxState = (state: string): PodSandboxState => (state === 'SANDBOX_READY' ? 'ready' : 'not-ready');

const CONTAINER_STATES: Readonly<Record<string, ContainerState>> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
};
const containerState = (state: string): ContainerState => CONTAINER_STATES[state] ?? 'unknown';

export function decodeSandbox(wire: WireSandbox): PodSandbox {
  if (wire.metadata === null) throw new Error(`the runtime lists sandbox ${wire.id} without metadata`);
  return {
    id: wire.id,
    metadata: wire.metadata,
    state: sandboxState(wire.state),
    createdAtMs: nanosToMs(wire.createdAt),
    labels: wire.labels,
    annotations: wire.annotations,
  };
}

export function decodeSandboxStatus(wire: WireSandboxStatus): PodSandboxStatus {
  const { status } = wire;
  if (status === null) throw new Error('the runtime answered PodSandboxStatus without a status');
  const hostNetwork = status.linux?.namespaces?.options?.network === 'NODE';
  const ips = [status.network?.ip ?? '', ...(status.network?.additionalIps ?? []).map(({ ip }) => ip)];
  const { pid, netnsPath } = sandboxInfo(wire.info);
  return {
    ...decodeSandbox(status),
    ips: ips.filter((ip) => ip !== ''),
    hostNetwork,
    pid,
    netnsPath: hostNetwork ? null : netnsPath,
  };
}

export function decodeContainer(wire: WireContainer): Container {
  return {
    id: wire.id,
    podSandboxId: wire.podSandboxId,
    name: wire.metadata?.name ?? '',
    image: wire.image?.image ?? '',
    state: containerState(wire.state),
    createdAtMs: nanosToMs(wire.createdAt),
    labels: wire.labels,
  };
}

export function decodeContainerStatus(wire: WireContainerStatus): ContainerStatus {
  const { status } = wire;
  if (status === null) throw new Error('the runtime answered ContainerStatus without a status');
  return {
    id: status.id,
    name: status.metadata?.name ?? '',
    image: status.image?.image ?? '',
    imageRef: status.imageRef,
    state: containerState(status.state),
    startedAtMs: nanosToMs(status.startedAt),
    exitCode: status.exitCode,
    reason: status.reason,
    message: status.message,
    pid: sandboxInfo(wire.info).pid,
  };
}

export const decodeImage = (wire: WireImage): Image => ({
  id: wire.id,
  repoTags: wire.repoTags,
  sizeBytes: wire.size,
});
