/** Real engines in a folder of their own, replicas of this service on them, and the stand-in pipeline. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Engines, removeEngines, startEngines } from '@netverdict/embedded';
import type { Configuration } from '../configuration.ts';
import { callbackPolicy } from '../domain/callback-policy.ts';
import { type Pace, type RunningApi, startApi } from '../service.ts';
import { QUICK } from './pace.ts';
import { type Pipeline, startPipeline } from './pipeline.ts';
import { silentLog } from './silent.ts';

export const TOKEN = 'test-token-of-32-characters-long';
export const EVENTPROC_TOKEN = 'token-of-eventproc-that-may-only-diagnose';
export const SECRET = Buffer.from('0123456789abcdef0123456789abcdef');

export interface Stack {
  readonly engines: Engines;
  readonly pipeline: Pipeline;
  /** Theirs, for files of a test too. */
  readonly dir: string;
  startApi(change?: Partial<Configuration>, pace?: Partial<Pace>): Promise<RunningApi>;
  down(): Promise<void>;
}

export async function startStack(clusters: readonly string[] = ['default']): Promise<Stack> {
  const dir = await mkdtemp(join(tmpdir(), 'nv-api-test-'));
  const engines = await startEngines({ dir, clusters: clusters.map((name) => ({ name, nodes: [] })) });
  const pipeline = await startPipeline(engines.natsUrl, (user) => engines.natsKeyFile(user), silentLog);
  const running: RunningApi[] = [];
  return {
    engines,
    pipeline,
    dir,
    async startApi(change = {}, pace = {}) {
      const checks = new Map<string, () => boolean | Promise<boolean>>();
      const telemetry = {
        log: silentLog,
        stopping: new AbortController().signal,
        readyWhen: (name: string, check: () => boolean | Promise<boolean>) => void checks.set(name, check),
        dependencies: () =>
          Promise.all(
            [...checks].map(async ([name, check]) => ({
              name,
              reachable: await Promise.resolve(check()).catch(() => false),
            })),
          ),
        serveMetrics: () => undefined,
        unready: async () =>
          (await telemetry.dependencies()).flatMap(({ name, reachable }) => (reachable ? [] : [name])),
      };
      const api = await startApi(
        {
          natsUrl: engines.natsUrl,
          nkeyFile: engines.natsKeyFile({ role: 'api' }),
          streamReplicas: 1,
          databaseUrl: engines.databaseUrl,
          redisUrl: engines.redisUrl,
          listen: { host: '127.0.0.1', port: 0 },
          token: TOKEN,
          eventprocToken: EVENTPROC_TOKEN,
          oidc: null,
          limits: { requestsPerMinute: 1_000_000, concurrentRequests: 1000, concurrentStreams: 200 },
          openDiagnoses: 5000,
          defaultCluster: 'default',
          deadlineMs: 20_000,
          republishMs: 5000,
          clusterAwayMs: 20_000,
          retentionDays: 30,
          backgroundOpen: 16,
          callbackPolicy: callbackPolicy(['127.0.0.1']),
          webhookSecrets: [SECRET],
          ...change,
        },
        telemetry,
        { ...QUICK, ...pace },
      );
      running.push(api);
      await until(async () => (await fetch(`${api.url}/readyz`)).status === 200);
      return api;
    },
    async down() {
      await Promise.all(running.map((api) => api.close()));
      await pipeline.close();
      await engines.stop();
      await removeEngines(dir);
    },
  };
}

export async function until(condition: () => boolean | Promise<boolean>, withinMs = 45_000): Promise<void> {
  for (const end = performance.now() + withinMs; !(await condition()); await pause(25))
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${condition}`);
}

/** A request with the token. */
export function call(api: Pick<RunningApi, 'url'>, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (!headers.has('authorization')) headers.set('authorization', `Bearer ${TOKEN}`);
  return fetch(`${api.url}${path}`, { ...init, headers });
}

export function post(
  api: Pick<RunningApi, 'url'>,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return call(api, '/api/v1/diagnoses', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

export const QUESTION = {
  source: { pod: 'default/client' },
  destination: { service: 'default/web', port: 80 },
} as const;
