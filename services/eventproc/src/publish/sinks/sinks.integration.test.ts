/** Each sink against a real receiver on loopback or a real file system, healthy and broken. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type HttpReceiver, httpReceiver } from '../../testing/http-receiver.ts';
import { type FeedCounts, startFeed } from './feed.ts';
import { fileSink } from './file.ts';
import { lokiSink } from './loki.ts';
import { eventNotice, incidentNotice, type Notice } from './notice.ts';
import { otlpSink } from './otlp.ts';
import { Refused, type Sink } from './sink.ts';
import { stderrSink } from './stderr.ts';

const dir = mkdtempSync(join(tmpdir(), 'nv-sinks-'));
let receiver: HttpReceiver;
beforeAll(async () => {
  receiver = await httpReceiver();
});
beforeEach(() => {
  receiver.answer = 204;
  receiver.pushed.length = 0;
});
afterAll(async () => {
  await receiver.close();
  rmSync(dir, { recursive: true, force: true });
});

const quiet = { info() {}, warn() {} };
const event = (n: number): Notice =>
  eventNotice({
    ...{ cluster: 'prod', kind: 'packet-drop', windowEnd: new Date(1_767_225_600_000 + n).toISOString() },
    ...{ reason: 'NETFILTER_DROP', pod: { namespace: 'shop', name: 'web-1' }, n },
  });
const events = (from: number, to: number): Notice[] => Array.from({ length: to - from }, (_, i) => event(from + i));
const incident = incidentNotice({
  ...{ cluster: 'prod', kind: 'packet-drop', severity: 'critical' },
  ...{ lastSeen: '2026-01-01T00:00:09.5Z', state: 'open' },
});
const balanced = ({ offered, sent, dropped, refused, waiting }: FeedCounts): boolean =>
  offered === sent + dropped + refused + waiting;
const loki = (): Sink => lokiSink({ url: receiver.url, tenant: 'net', authorization: 'Bearer abc' });
const PATIENCE = { timeout: 30_000 };
const pace = { mostWaiting: 1000, backoffMs: { first: 20, most: 100 } };

test('Loki gets streams with bounded labels, each in the order of time, and the tenant', async () => {
  await loki().send([event(7), incident, event(3)]);
  const [{ path, headers, body } = { path: '', headers: {}, body: null }] = receiver.pushed;
  expect(path).toBe('/loki/api/v1/push');
  expect(headers).toMatchObject({ 'x-scope-orgid': 'net', authorization: 'Bearer abc' });
  expect(body).toEqual({
    streams: [
      {
        stream: { job: 'netverdict', stream: 'event', cluster: 'prod', kind: 'packet-drop' },
        values: [
          ['1767225600003000000', event(3).line],
          ['1767225600007000000', event(7).line],
        ],
      },
      {
        stream: { job: 'netverdict', stream: 'incident', cluster: 'prod', kind: 'packet-drop', severity: 'critical' },
        values: [['1767225609500000000', incident.line]],
      },
    ],
  });
});

test('OTLP gets log records of the official exporter, the event as a structured body', async () => {
  receiver.answer = 200;
  const sink = otlpSink(receiver.url);
  await sink.send([event(3), incident]);
  await sink.close();
  const [{ path, body } = { path: '', body: null }] = receiver.pushed;
  expect(path).toBe('/v1/logs');
  const { resourceLogs } = body as { resourceLogs: { scopeLogs: { logRecords: Record<string, unknown>[] }[] }[] };
  const records = resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));
  expect(records).toHaveLength(2);
  expect(records[0]).toMatchObject({
    timeUnixNano: '1767225600003000000',
    body: {
      kvlistValue: { values: expect.arrayContaining([{ key: 'reason', value: { stringValue: 'NETFILTER_DROP' } }]) },
    },
  });
  expect(records[1]).toMatchObject({ severityText: 'critical', severityNumber: 17 });
});

test('a refusal is not repeated, a busy receiver is', async () => {
  receiver.answer = 400;
  await expect(loki().send([event(1)])).rejects.toThrow(Refused);
  await expect(otlpSink(receiver.url).send([event(1)])).rejects.toThrow(Refused);
  for (const busy of [429, 500, 503]) {
    receiver.answer = busy;
    const failed = await loki()
      .send([event(1)])
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(Error);
    expect(failed).not.toBeInstanceOf(Refused);
  }
});

test('what waits while the receiver is away is sent afterwards, in order, once', async () => {
  receiver.answer = 503;
  const feed = startFeed(loki(), pace, quiet);
  feed.offer(events(0, 700));
  await vi.waitFor(() => expect(feed.counts().failures).toBeGreaterThan(2), PATIENCE);
  receiver.answer = 204;
  await vi.waitFor(() => expect(feed.counts().sent).toBe(700), PATIENCE);
  await feed.stop();
  const lines = receiver.pushed.flatMap(({ body }) =>
    (body as { streams: { values: string[][] }[] }).streams.flatMap(({ values }) => values.map(([, line]) => line)),
  );
  expect(lines).toEqual(events(0, 700).map(({ line }) => line));
});

test('over the bound the oldest are dropped and counted; nobody who offers waits', async () => {
  receiver.answer = 'hang';
  const warned: string[] = [];
  const log = {
    info() {},
    warn: (fields: unknown, message?: string) => void warned.push(`${message} ${JSON.stringify(fields)}`),
  };
  const feed = startFeed(loki(), { ...pace, mostWaiting: 50 }, log as never);
  feed.offer(events(0, 20));
  await vi.waitFor(() => expect(feed.counts().waiting).toBe(20), PATIENCE);
  for (let i = 0; i < 100; i++) feed.offer(events(i * 100, i * 100 + 100));
  const counts = feed.counts();
  expect(counts).toMatchObject({ offered: 10_020, waiting: 70, dropped: 9950 });
  expect(balanced(counts)).toBe(true);
  expect(warned.some((line) => /oldest notices are dropped/.test(line))).toBe(true);
  await feed.stop(200);
  expect(feed.counts().sent).toBe(0);
});

test('what cannot be sent before the end is counted as dropped', async () => {
  receiver.answer = 503;
  const feed = startFeed(loki(), pace, quiet);
  feed.offer(events(0, 30));
  await feed.stop(300);
  feed.offer(events(0, 5));
  expect(feed.counts()).toMatchObject({ offered: 35, dropped: 35, waiting: 0, sent: 0 });
});

test('refused notices are counted, and what follows them is sent', async () => {
  receiver.answer = 400;
  const feed = startFeed(loki(), pace, quiet);
  feed.offer(events(0, 3));
  await vi.waitFor(() => expect(feed.counts().refused).toBe(3), PATIENCE);
  receiver.answer = 204;
  feed.offer(events(3, 5));
  await vi.waitFor(() => expect(feed.counts().sent).toBe(2), PATIENCE);
  await feed.stop();
  expect(balanced(feed.counts())).toBe(true);
});

test('a full file is set aside, so many are kept, and no line is cut', async () => {
  const path = join(dir, 'events.log');
  const mostBytes = event(100).line.length * 10;
  const sink = fileSink({ path, mostBytes, keep: 2 });
  for (let n = 100; n < 142; n += 3) await sink.send(events(n, n + 3));
  await sink.close();
  expect(
    readdirSync(dir)
      .filter((name) => name.startsWith('events.log'))
      .sort(),
  ).toEqual(['events.log', 'events.log.1', 'events.log.2']);
  const lines = ['events.log.2', 'events.log.1', 'events.log'].flatMap((name) => {
    const text = readFileSync(join(dir, name), 'utf8');
    expect(text.length).toBeLessThanOrEqual(mostBytes);
    return text.trimEnd().split('\n');
  });
  const kept = lines.map((line) => (JSON.parse(line) as { n: number }).n);
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => 142 - kept.length + i));
  expect(kept.length).toBeGreaterThan(18);
  // The next process goes on in the same file.
  const next = fileSink({ path, mostBytes, keep: 2 });
  await next.send([event(142)]);
  await next.close();
  expect(readFileSync(path, 'utf8')).toContain(`${lines.at(-1)}\n${event(142).line}\n`);
});

test('a disk that is full leaves whole lines, and the rest follows when there is room', async () => {
  const mount = join(dir, 'small');
  mkdirSync(mount);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'nv-sink-test', mount]);
  if (mounted.status !== 0) return console.warn(`skipped: no tmpfs here: ${mounted.stderr}`);
  try {
    writeFileSync(join(mount, 'filler'), Buffer.alloc(50 * 1024));
    const path = join(mount, 'events.log');
    const feed = startFeed(fileSink({ path, mostBytes: 1024 * 1024, keep: 1 }), pace, quiet);
    feed.offer(events(0, 200));
    await vi.waitFor(() => expect(feed.counts().failures).toBeGreaterThan(1), PATIENCE);
    const partial = readFileSync(path, 'utf8');
    expect(partial === '' || partial.endsWith('\n')).toBe(true);
    rmSync(join(mount, 'filler'));
    await vi.waitFor(() => expect(feed.counts().sent).toBe(200), PATIENCE);
    await feed.stop();
    expect(readFileSync(path, 'utf8')).toBe(
      events(0, 200)
        .map(({ line }) => `${line}\n`)
        .join(''),
    );
  } finally {
    spawnSync('umount', ['-l', mount]);
  }
});

test('stderr gets a line each, and a reader that stands still is waited for', async () => {
  const pipe = new PassThrough({ highWaterMark: 64 });
  const feed = startFeed(stderrSink(pipe), { ...pace, mostWaiting: 10 }, quiet);
  feed.offer(events(0, 10));
  await vi.waitFor(() => expect(feed.counts().waiting).toBe(10), PATIENCE);
  feed.offer(events(10, 40));
  expect(feed.counts()).toMatchObject({ waiting: 20, dropped: 20 });
  let read = '';
  pipe.on('data', (data: Buffer) => {
    read += data.toString();
  });
  await vi.waitFor(() => expect(feed.counts().sent).toBe(20), PATIENCE);
  await feed.stop();
  expect(read.trimEnd().split('\n')).toEqual([...events(0, 10), ...events(30, 40)].map(({ line }) => line));
});

/** Grafana's Loki is no Debian package (Debian's `loki` is a program of genetics): where it is installed, it is used. */
const grafanaLoki = [process.env.NETVERDICT_TEST_LOKI, 'loki'].find(
  (program) =>
    program !== undefined && /^loki, version/.test(spawnSync(program, ['-version']).stdout?.toString() ?? ''),
);
if (grafanaLoki === undefined) console.warn('skipped: no Grafana Loki here; name one with NETVERDICT_TEST_LOKI');

test.skipIf(grafanaLoki === undefined)('a real Loki stores them and finds them by label', async () => {
  const port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
  const home = join(dir, 'loki');
  mkdirSync(home);
  writeFileSync(
    join(home, 'loki.yaml'),
    `auth_enabled: false
server: { http_listen_address: 127.0.0.1, http_listen_port: ${port}, grpc_listen_address: 127.0.0.1, grpc_listen_port: 0 }
common: { path_prefix: ${home}, replication_factor: 1, ring: { instance_addr: 127.0.0.1, kvstore: { store: inmemory } }, storage: { filesystem: { chunks_directory: ${home}/chunks, rules_directory: ${home}/rules } } }
schema_config: { configs: [ { from: 2020-01-01, store: boltdb-shipper, object_store: filesystem, schema: v12, index: { prefix: index_, period: 24h } } ] }
limits_config: { allow_structured_metadata: false }
`,
  );
  const child = spawn(grafanaLoki ?? '', [`-config.file=${join(home, 'loki.yaml')}`], { stdio: 'ignore' });
  try {
    const url = `http://127.0.0.1:${port}`;
    await vi.waitFor(async () => expect((await fetch(`${url}/ready`)).status).toBe(200), {
      timeout: 40_000,
      interval: 500,
    });
    const at = new Date().toISOString();
    await lokiSink({ url, tenant: null, authorization: null }).send([
      eventNotice({ cluster: 'prod', kind: 'packet-drop', windowEnd: at }),
    ]);
    const query = encodeURIComponent('{job="netverdict",kind="packet-drop"}');
    await vi.waitFor(
      async () => {
        const found = (await (await fetch(`${url}/loki/api/v1/query_range?query=${query}`)).json()) as {
          data: { result: { values: string[][] }[] };
        };
        expect(found.data.result[0]?.values[0]?.[1]).toContain('packet-drop');
      },
      { timeout: 20_000, interval: 500 },
    );
  } finally {
    child.kill('SIGKILL');
  }
});
