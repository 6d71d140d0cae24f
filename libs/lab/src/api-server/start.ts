/** The lab's Kubernetes API server: https on 127.0.0.1, bearer token, objects persisted as JSON below a state directory. */
import type { KubeObject } from './object.ts';

export interface ApiServerOptions {
  /** Holds objects/, api-server.json (url, token, pid: the ready file) and kubeconfig. Made when absent. */
  readonly stateDir: string;
  /** 0 or absent: the port of the last start of this state directory if free, else the kernel chooses. */
  readonly port?: number;
  /** Name of the cluster in the kubeconfig. */
  readonly name?: string;
  /** Events kept for watches that resume; older resourceVersions get 410 Expired. Default 10000. */
  readonly historyLength?: number;
  /** How often a watch that allows bookmarks gets one, in milliseconds. Default 10000. */
  readonly bookmarkIntervalMs?: number;
}

export interface ApiServerInfo {
  /** https://127.0.0.1:port */
  readonly url: string;
  readonly token: string;
  /** PEM of the self-signed certificate. */
  readonly ca: string;
  readonly kubeconfig: string;
  readonly pid: number;
}

export interface ApiServer extends ApiServerInfo {
  close(): Promise<void>;
}

export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

export interface ApiClient {
  /** Creates what is new, replaces what exists (uid and creationTimestamp stay). In order. */
  apply(objects: readonly KubeObject[]): Promise<KubeObject[]>;
  /** Objects that do not exist are passed over. */
  delete(objects: readonly ObjectRef[]): Promise<void>;
  /** All of a kind, over all namespaces. */
  list(apiVersion: string, kind: string): Promise<KubeObject[]>;
  get(ref: ObjectRef): Promise<KubeObject | null>;
}

/** In this process. */
export function startApiServer(_options: ApiServerOptions): Promise<ApiServer> {
  throw new Error('not written yet');
}
/** In a detached process of its own (main.ts); resolves when it answers. Stop it with {@link stopApiServer}. */
export function spawnApiServer(_options: Pick<ApiServerOptions, 'stateDir' | 'name'>): Promise<ApiServerInfo> {
  throw new Error('not written yet');
}
/** Ends the process that {@link spawnApiServer} started, if it still runs. */
export function stopApiServer(_stateDir: string): Promise<void> {
  throw new Error('not written yet');
}
export function apiClient(_server: Pick<ApiServerInfo, 'url' | 'token' | 'ca'>): ApiClient {
  throw new Error('not written yet');
}
