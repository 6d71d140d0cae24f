/**
 * A typed client of one container runtime. The agent uses the reading half to find pods' namespaces, the lab also the
 * writing half, as kubelet would.
 */
import {
  decodeContainer,
  decodeContainerStatus,
  decodeImage,
  decodeSandbox,
  decodeSandboxStatus,
  type WireContainer,
  type WireContainerStatus,
  type WireImage,
  type WireSandbox,
  type WireSandboxStatus,
} from './decode.ts';
import { encodeContainerConfig, encodeSandboxConfig } from './encode.ts';
import { connect } from './transport.ts';
import type {
  Container,
  ContainerConfig,
  ContainerStatus,
  Image,
  PodSandbox,
  PodSandboxConfig,
  PodSandboxState,
  PodSandboxStatus,
  RuntimeVersion,
} from './types.ts';

export interface SandboxFilter {
  readonly state?: PodSandboxState;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Every method rejects with `CriError` when the runtime refuses, is away, or the deadline passes. */
export interface CriClient {
  readonly endpoint: string;
  version(): Promise<RuntimeVersion>;
  runPodSandbox(config: PodSandboxConfig): Promise<string>;
  stopPodSandbox(id: string): Promise<void>;
  removePodSandbox(id: string): Promise<void>;
  listPodSandboxes(filter?: SandboxFilter): Promise<readonly PodSandbox[]>;
  podSandboxStatus(id: string): Promise<PodSandboxStatus>;
  /** Every ready sandbox with its pid and network namespace; one that vanishes meanwhile is left out. */
  listPodNamespaces(): Promise<readonly PodSandboxStatus[]>;
  createContainer(sandboxId: string, container: ContainerConfig, sandbox: PodSandboxConfig): Promise<string>;
  startContainer(id: string): Promise<void>;
  /** @param graceSeconds until it is killed; 0 kills at once. */
  stopContainer(id: string, graceSeconds?: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  listContainers(filter?: { readonly podSandboxId?: string }): Promise<readonly Container[]>;
  containerStatus(id: string): Promise<ContainerStatus>;
  listImages(): Promise<readonly Image[]>;
  /** Null when the runtime has no such image. */
  imageStatus(image: string): Promise<Image | null>;
  close(): void;
}

/** Connects lazily: an endpoint that is away shows at the first call. @param timeoutMs deadline of each call. */
export function criClient(endpoint: string, { timeoutMs = 10_000 }: { timeoutMs?: number } = {}): CriClient {
  const transport = connect(endpoint, timeoutMs);
  const runtime = async <T>(method: string, request: object): Promise<T> =>
    (await transport.call('RuntimeService', method, request)) as T;
  const images = async <T>(method: string, request: object): Promise<T> =>
    (await transport.call('ImageService', method, request)) as T;

  const client: CriClient = {
    endpoint,
    version: () => runtime<RuntimeVersion>('Version', { version: 'v1' }),
    async runPodSandbox(config) {
      const answer = await runtime<{ podSandboxId: string }>('RunPodSandbox', { config: encodeSandboxConfig(config) });
      return answer.podSandboxId;
    },
    async stopPodSandbox(podSandboxId) {
      await runtime('StopPodSandbox', { podSandboxId });
    },
    async removePodSandbox(podSandboxId) {
      await runtime('RemovePodSandbox', { podSandboxId });
    },
    async listPodSandboxes(filter = {}) {
      const state = filter.state === 'not-ready' ? 'SANDBOX_NOTREADY' : 'SANDBOX_READY';
      const answer = await runtime<{ items: WireSandbox[] }>('ListPodSandbox', {
        filter: {
          ...(filter.state === undefined ? {} : { state: { state } }),
          labelSelector: filter.labels ?? {},
        },
      });
      return answer.items.map(decodeSandbox);
    },
    async podSandboxStatus(podSandboxId) {
      return decodeSandboxStatus(await runtime<WireSandboxStatus>('PodSandboxStatus', { podSandboxId, verbose: true }));
    },
    async listPodNamespaces() {
      const sandboxes = await client.listPodSandboxes({ state: 'ready' });
      const settled = await Promise.allSettled(sandboxes.map(({ id }) => client.podSandboxStatus(id)));
      return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    },
    async createContainer(podSandboxId, container, sandbox) {
      const answer = await runtime<{ containerId: string }>('CreateContainer', {
        podSandboxId,
        config: encodeContainerConfig(container),
        sandboxConfig: encodeSandboxConfig(sandbox),
      });
      return answer.containerId;
    },
    async startContainer(containerId) {
      await runtime('StartContainer', { containerId });
    },
    async stopContainer(containerId, graceSeconds = 0) {
      await runtime('StopContainer', { containerId, timeout: graceSeconds });
    },
    async removeContainer(containerId) {
      await runtime('RemoveContainer', { containerId });
    },
    async listContainers(filter = {}) {
      const answer = await runtime<{ containers: WireContainer[] }>('ListContainers', {
        filter: { podSandboxId: filter.podSandboxId ?? '' },
      });
      return answer.containers.map(decodeContainer);
    },
    async containerStatus(containerId) {
      return decodeContainerStatus(
        await runtime<WireContainerStatus>('ContainerStatus', { containerId, verbose: true }),
      );
    },
    async listImages() {
      return (await images<{ images: WireImage[] }>('ListImages', {})).images.map(decodeImage);
    },
    async imageStatus(image) {
      const answer = await images<{ image: WireImage | null }>('ImageStatus', { image: { image } });
      return answer.image === null ? null : decodeImage(answer.image);
    },
    close: () => transport.close(),
  };
  return client;
}
