/**
 * The way to the API server that a kubeconfig describes: TLS, tokens, client certificates, exec plugins (client-node's
 * KubeConfig), with plain requests on top. client-node's own informers keep whole objects, environment and all; ours
 * must never hold them. The file is read again when it changed: a cluster made anew is found again.
 */
import { readFileSync, statSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';

export class ApiFailure extends Error {
  /** HTTP status; 0: no answer. */
  readonly code: number;
  constructor(code: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

const HEADERS_TIMEOUT_MS = 30_000;

export class Connection {
  readonly #path: string | null;
  #loaded: { readonly config: KubeConfig; readonly version: string } | null = null;
  #cluster = '';

  /** null: as kubectl does without --kubeconfig, else from within the cluster. */
  constructor(kubeconfigPath: string | null) {
    this.#path = kubeconfigPath;
  }

  /**
   * Which cluster the kubeconfig means now. Another cluster may have come to the resourceVersion of the last by chance:
   * only a list tells then. Throws when it cannot be read.
   */
  clusterId(): string {
    this.#config();
    return this.#cluster;
  }

  #config(): KubeConfig {
    const stat = this.#path === null ? null : statSync(this.#path);
    const version = stat === null ? '' : `${stat.ino}/${stat.mtimeMs}/${stat.size}`;
    if (this.#loaded?.version === version) return this.#loaded.config;
    const config = new KubeConfig();
    if (this.#path === null) config.loadFromDefault();
    else {
      // Not loadFromFile: its errors do not say which file.
      try {
        config.loadFromString(readFileSync(this.#path, 'utf8'));
      } catch (error) {
        throw new ApiFailure(0, `${this.#path} is no kubeconfig: ${messageOf(error)}`, error);
      }
    }
    this.#loaded = { config, version };
    const cluster = config.getCurrentCluster();
    this.#cluster = [cluster?.server, cluster?.caData, cluster?.caFile].join(' ');
    return config;
  }

  /** Resolves with the open answer when its status is 200; throws {@link ApiFailure} otherwise. */
  async open(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const config = this.#config();
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw new ApiFailure(0, 'the kubeconfig has no current cluster');
    const options: RequestOptions = { method: 'GET', headers: { accept: 'application/json' }, signal };
    await config.applyToHTTPSOptions(options);
    const request = cluster.server.startsWith('http:') ? httpRequest : httpsRequest;
    return new Promise((resolve, reject) => {
      const url = `${cluster.server.replace(/\/$/, '')}${path}`;
      const failed = (error: Error): void =>
        reject(new ApiFailure(0, `no answer from ${cluster.server}: ${messageOf(error)}`, error));
      const outgoing = request(url, options, (response) => {
        outgoing.setTimeout(0);
        if (response.statusCode === 200) resolve(response);
        else readFailure(response).then(reject, reject);
      });
      outgoing.setTimeout(HEADERS_TIMEOUT_MS, () => outgoing.destroy(new Error('nothing for 30 s')));
      outgoing.on('socket', (socket) => socket.setKeepAlive(true, 15_000));
      outgoing.on('error', failed);
      outgoing.end();
    });
  }

  async getJson(path: string, signal: AbortSignal): Promise<unknown> {
    const response = await this.open(path, signal);
    response.setTimeout(HEADERS_TIMEOUT_MS, () => response.destroy(new Error('the answer stopped for 30 s')));
    return JSON.parse(await readAll(response));
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function readFailure(response: IncomingMessage): Promise<ApiFailure> {
  const code = response.statusCode ?? 0;
  const text = (await readAll(response)).slice(0, 4096);
  let message = text;
  try {
    const status: unknown = JSON.parse(text);
    if (typeof status === 'object' && status !== null && 'message' in status) message = String(status.message);
  } catch {
    // Not a Status: a proxy's page. Its text is what we have.
  }
  return new ApiFailure(code, `${code} ${message}`.trim());
}
