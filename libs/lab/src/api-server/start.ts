/** The lab's Kubernetes API server: https on 127.0.0.1, bearer token, objects persisted as JSON below a state directory. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import { type Certificate, makeCertificate } from './certificate.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { writeWhole } from './object-files.ts';
import { resourceByKind } from './resources.ts';
import { requestListener } from './server.ts';
import { Store } from './store.ts';

export interface ApiServerOptions {
  /** Holds objects/, api-server.json (the ready file), kubeconfig, token, port and certificate. Made when absent. */
  readonly stateDir: string;
  /** 0 or absent: the port of the last start of this state directory if free, else the kernel chooses. */
  readonly port?: number;
  /** Name of the cluster in the kubeconfig. Default `lab`. */
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
  /** Path of the kubeconfig. */
  readonly kubeconfig: string;
  readonly pid: number;
}

export interface ApiServer extends ApiServerInfo {
  /** Ends watches and connections; the state stays on disk. */
  close(): Promise<void>;
}

/** Written when the server answers; holds {@link ApiServerInfo}. */
export const READY_FILE = 'api-server.json';
const FIRST_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** In this process. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { stateDir } = options;
  const kept = (file: string, make: () => string): string => {
    const path = join(stateDir, file);
    if (!existsSync(path)) writeWhole(path, make());
    return readFileSync(path, 'utf8');
  };
  const token = kept('token', () => randomBytes(32).toString('base64url'));
  const certificate = JSON.parse(
    kept('certificate.json', () => JSON.stringify(makeCertificate('netverdict-lab'))),
  ) as Certificate;
  const store = new Store(stateDir, options.historyLength ?? 10_000);
  makeNamespaces(store);

  const listener = requestListener({ store, token, bookmarkIntervalMs: options.bookmarkIntervalMs ?? 10_000 });
  const server = createServer(
    { key: certificate.keyPem, cert: certificate.certPem, keepAliveTimeout: 60_000 },
    listener,
  );
  const portFile = join(stateDir, 'port');
  const last = existsSync(portFile) ? Number(readFileSync(portFile, 'utf8')) || 0 : 0;
  const port = await listen(server, options.port || last).catch((error: unknown) => {
    if (options.port || last === 0) throw error;
    return listen(server, 0);
  });
  writeWhole(portFile, String(port));

  const kubeconfig = join(stateDir, 'kubeconfig');
  const info: ApiServerInfo = {
    url: `https://127.0.0.1:${port}`,
    token,
    ca: certificate.certPem,
    kubeconfig,
    pid: process.pid,
  };
  writeWhole(kubeconfig, kubeconfigText(info, options.name ?? 'lab'));
  writeWhole(join(stateDir, READY_FILE), `${JSON.stringify(info)}\n`);
  return {
    ...info,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function makeNamespaces(store: Store): void {
  const namespaces = resourceByKind('v1', 'Namespace');
  if (namespaces === undefined) return;
  for (const name of FIRST_NAMESPACES)
    if (store.find(namespaces, '', name) === undefined)
      store.create(namespaces, '', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
        status: { phase: 'Active' },
      });
}
