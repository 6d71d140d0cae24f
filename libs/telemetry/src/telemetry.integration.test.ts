import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';

/** A service of three lines, as a process. */
function service(body: string, env: Record<string, string> = {}, described = "{ name: 'probe', settings: {} }") {
  const telemetry = new URL('./index.ts', import.meta.url).href;
  const configuration = import.meta.resolve('@netverdict/configuration');
  const code = `import { BUS } from ${JSON.stringify(configuration)}; import * as t from ${JSON.stringify(telemetry)}; await t.runService(${described}, async (telemetry) => { ${body} });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    env: { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ...env },
  });
  children.push(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (data: Buffer) => {
    out += data;
  });
  child.stderr.on('data', (data: Buffer) => {
    err += data;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const lines = (): Record<string, unknown>[] =>
    out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { child, ended, lines, err: () => err };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 30_000; !(await condition()); await pause(10))
    if (performance.now() > end) throw new Error('not in time');
}

const children: ChildProcess[] = [];
// Also after a failed expectation nothing stays.
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

test('all that is missing or wrong is told, a line each, with exit code 2', async () => {
  const { ended, err } = service('', { NETVERDICT_LOG_LEVEL: 'loud' }, "{ name: 'probe', settings: BUS }");
  expect(await ended).toBe(2);
  expect(err()).toBe(
    'probe: NETVERDICT_LOG_LEVEL: must be one of fatal, error, warn, info, debug, trace, silent, not "loud"\n' +
      'probe: NETVERDICT_NATS_URL is not set (the NATS server, or those of a cluster; a URL that begins with nats:// or tls://, or several with commas between)\n',
  );
});

test('health is served; readiness names what is missing; SIGTERM stops in order with exit code 0', async () => {
  const { child, ended, lines } = service(
    `let ready = false; process.once('SIGUSR2', () => { ready = true; });
     telemetry.readyWhen('nats', () => ready);
     telemetry.onShutdown('first', () => telemetry.log.info('first'));
     telemetry.onShutdown('second', () => telemetry.log.info('second'));`,
    { NETVERDICT_HEALTH_LISTEN: '127.0.0.1:0' },
  );
  await until(() => lines().some((l) => l.msg === 'started'));
  const port = lines().find((l) => l.msg === 'health is served')?.port;
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return [response.status, await response.json()];
  };
  expect(await get('/healthz')).toEqual([200, { status: 'ok' }]);
  expect(await get('/readyz')).toEqual([503, { status: 'not ready', failing: ['nats'] }]);
  child.kill('SIGUSR2');
  await until(async () => (await get('/readyz'))[0] === 200);
  expect(await get('/readyz')).toEqual([200, { status: 'ready' }]);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(lines().map((l) => l.msg)).toEqual(['health is served', 'started', 'stopping', 'second', 'first', 'stopped']);
});

test('without an exporter the SDK is not loaded; with one it is, and the service lives without the collector', async () => {
  const loaded = `telemetry.log.info({ mb: process.memoryUsage().rss / 1e6 }, 'memory');
     await t.inSpan('work', {}, () => telemetry.log.info('in span')); setTimeout(() => process.kill(process.pid, 'SIGTERM'), 50);`;
  const plain = service(loaded);
  const exporting = service(loaded, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
  expect(await plain.ended).toBe(0);
  await exporting.ended;
  for (const { lines } of [plain, exporting])
    expect(lines().find((l) => l.msg === 'in span')?.traceId).toMatch(/^[0-9a-f]{32}$/);
  const mb = (s: typeof plain): number => Number(s.lines().find((l) => l.msg === 'memory')?.mb);
  expect(mb(plain)).toBeLessThan(mb(exporting) - 10);
});

test('a service does not outlive the supervisor that started it', async () => {
  const { ended, lines } = service('setInterval(() => {}, 60_000);', { NETVERDICT_PARENT_PID: '1' });
  expect(await ended).toBe(0);
  expect(lines().map((line) => line.reason)).toContain('the supervisor is gone');
});

test('metrics are served beside health; a default port that is taken is no reason to fail', async () => {
  const metrics = `const r = new t.Registry(); t.addGauge(r, 'up', 'it runs', () => [{ value: 1 }]); telemetry.serveMetrics(r);`;
  const first = service(metrics, { NETVERDICT_HEALTH_LISTEN: '127.0.0.1:0' });
  await until(() => first.lines().some((l) => l.msg === 'started'));
  const port = first.lines().find((l) => l.msg === 'health is served')?.port;
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(await response.text()).toContain('up 1');
  const by = (env: Record<string, string>) =>
    service('', env, `{ name: 'probe', settings: {}, healthListen: '127.0.0.1:${port}' }`);
  const second = by({});
  await until(() => second.lines().some((l) => l.msg === 'started'));
  expect(second.lines().map((l) => l.msg)).toContain('health and metrics are not served: the port is taken');
  expect(await by({ NETVERDICT_HEALTH_LISTEN: `127.0.0.1:${port}` }).ended).toBe(1);
  const off = by({ NETVERDICT_HEALTH_LISTEN: 'off' });
  await until(() => off.lines().some((l) => l.msg === 'started'));
  expect(off.lines().map((l) => l.msg)).toEqual(['started']);
});

interface Received {
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics: readonly { readonly metrics: readonly { readonly name: string; readonly sum?: object }[] }[];
  }[];
  readonly resourceLogs?: readonly {
    readonly scopeLogs: readonly {
      readonly logRecords: readonly {
        readonly body: { readonly stringValue: string };
        readonly severityText: string;
        readonly traceId?: string;
        readonly attributes: readonly { readonly key: string; readonly value: object }[];
      }[];
    }[];
  }[];
}

test('metrics and log lines go by OTLP too, with their trace, without secrets', async () => {
  const received: Received[] = [];
  const collector = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      received.push(JSON.parse(Buffer.concat(parts).toString()) as Received);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  const body = `setInterval(() => {}, 60_000); const r = new t.Registry(); t.addCounter(r, 'done_total', 'work', () => [{ labels: { kind: 'x' }, value: 3 }]);
     telemetry.serveMetrics(r);
     await t.inSpan('work', {}, () => telemetry.log.warn({ token: 'hidden', nodes: 2 }, 'in span'));`;
  const { child, ended, lines } = service(body, {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_METRIC_EXPORT_INTERVAL: '200',
    OTEL_BLRP_SCHEDULE_DELAY: '100',
  });
  const metrics = () =>
    received.flatMap((one) => one.resourceMetrics ?? []).flatMap((one) => one.scopeMetrics.flatMap((s) => s.metrics));
  const records = () =>
    received.flatMap((one) => one.resourceLogs ?? []).flatMap((one) => one.scopeLogs.flatMap((s) => s.logRecords));
  await until(() => metrics().some(({ name }) => name === 'done_total'));
  await until(() => records().some((record) => record.body.stringValue === 'in span'));
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  collector.close();
  expect(metrics().find(({ name }) => name === 'done_total')).toMatchObject({
    sum: {
      isMonotonic: true,
      dataPoints: [{ attributes: [{ key: 'kind', value: { stringValue: 'x' } }], asDouble: 3 }],
    },
  });
  const record = records().find((one) => one.body.stringValue === 'in span');
  expect(record?.severityText).toBe('warn');
  expect(record?.traceId).toBe(lines().find((line) => line.msg === 'in span')?.traceId);
  expect(record?.attributes).toEqual(
    expect.arrayContaining([
      { key: 'token', value: { stringValue: '***' } },
      { key: 'nodes', value: { intValue: 2 } },
    ]),
  );
});
