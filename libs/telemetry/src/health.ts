/**
 * /healthz: the process runs its event loop. /readyz: everything it needs answers; what does not is named. /version. /metrics: what the service
 * registered, for Prometheus; numbers and names of pods, no secrets, hence no token.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ListenAddress, VERSION } from '@netverdict/configuration';

/** A prom-client registry, or several merged. */
export interface MetricsSource {
  readonly contentType: string;
  metrics(): Promise<string>;
  /** The same, for OTLP. */
  getMetricsAsJSON(): Promise<readonly PromMetric[]>;
}

/** As prom-client hands a metric out. */
export interface PromMetric {
  readonly name: string;
  readonly help: string;
  /** counter, gauge or histogram; prom-client declares it as a number and hands out the word. */
  readonly type: unknown;
  readonly values?: readonly PromValue[];
}
export interface PromValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number | undefined>>;
  readonly sharedLabels?: Readonly<Record<string, string>>;
  readonly metricName?: string;
}

export type Check = () => boolean | Promise<boolean>;

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

const CHECK_DEADLINE_MS = 2000;

async function passes(check: Check): Promise<boolean> {
  const deadline = new Promise<boolean>((resolve) => setTimeout(resolve, CHECK_DEADLINE_MS, false).unref());
  try {
    return await Promise.race([Promise.resolve(check()), deadline]);
  } catch {
    return false;
  }
}

export interface Checked {
  readonly name: string;
  readonly reachable: boolean;
}

export const checkAll = (checks: ReadonlyMap<string, Check>): Promise<Checked[]> =>
  Promise.all([...checks].map(async ([name, check]) => ({ name, reachable: await passes(check) })));

/** Names of the checks that fail; empty when ready. */
export const unready = async (checks: ReadonlyMap<string, Check>): Promise<string[]> =>
  (await checkAll(checks)).flatMap(({ name, reachable }) => (reachable ? [] : [name]));

export async function serveHealth(
  address: ListenAddress,
  checks: ReadonlyMap<string, Check>,
  metrics: () => MetricsSource | null = () => null,
): Promise<HealthServer> {
  const server: Server = createServer((request, response) => {
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const source = request.url === '/metrics' ? metrics() : null;
    if (source !== null)
      source.metrics().then(
        (text) => response.writeHead(200, { 'content-type': source.contentType }).end(text),
        (error: unknown) => answer(500, { status: error instanceof Error ? error.message : String(error) }),
      );
    else if (request.url === '/healthz') answer(200, { status: 'ok' });
    else if (request.url === '/version') answer(200, { version: VERSION, node: process.version });
    else if (request.url === '/readyz')
      void unready(checks).then((failing) =>
        failing.length === 0 ? answer(200, { status: 'ready' }) : answer(503, { status: 'not ready', failing }),
      );
    else answer(404, { status: 'not found' });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(address.port, address.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
