/** /metrics over the real kernel: namespaces with real sockets, devices and queueing disciplines, and the real sidecar. */
import { statSync } from 'node:fs';
import { type Helper, startHelper } from '@netverdict/collect';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { builtHelper } from '../configuration.ts';
import { attributionOf } from '../domain/attribution.ts';
import { podNamespace } from '../testing/pod.ts';
import { sumOf, type WatchedPair, watchedPair } from '../testing/watched-pair.ts';
import { MOST_TOLD } from '../watch/budget.ts';
import { agentMetrics } from './agent-metrics.ts';
import { AnomalyTally } from './anomaly-tally.ts';

let pair: WatchedPair;
let helper: Helper;
beforeAll(async () => {
  pair = await watchedPair('metrics');
  helper = startHelper(builtHelper, { info() {}, warn: (fields, message) => console.warn(message, fields) });
}, 60_000);
afterAll(async () => {
  await helper?.close();
  await pair?.close();
});

/** The samples of a page: `name{labels}` → value; and its types. */
async function scrape(): Promise<{
  value: (name: string, labels?: Record<string, string>) => number | undefined;
  text: string;
}> {
  const { a, b, watch } = pair;
  const pods = { list: async () => [podNamespace({ namespace: 'shop', name: 'b', path: b.path, inode: b.inode })] };
  const attribution = attributionOf({ pods, cgroupRoot: '/sys/fs/cgroup' });
  await attribution.learn();
  const source = agentMetrics({
    helper,
    pods,
    hostNetns: a.path,
    attribution,
    kernel: watch,
    spool: {
      waiting: () => 0,
      lost: () => 0,
      lastSeq: () => 0,
      report: () => ({ place: 'disk', bytes: 7, waiting: 0, lost: 0 }),
    },
    tally: new AnomalyTally(),
    usage: () => null,
    log: { warn: (fields, message) => console.warn(message, fields) },
  });
  const text = await source.metrics();
  const value = (name: string, labels: Record<string, string> = {}): number | undefined => {
    const wanted = Object.entries(labels).map(([key, of]) => `${key}="${of}"`);
    const line = text
      .split('\n')
      .find((one) =>
        one.startsWith(`${name}{`) || one.startsWith(`${name} `) ? wanted.every((w) => one.includes(w)) : false,
      );
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
  };
  return { value, text };
}

const B = { namespace: 'shop', pod: 'b' };

it('each namespace’s counters, sockets by state, queues and devices are told under its pod', async () => {
  const { a, b } = pair;
  b.run(['tc', 'qdisc', 'add', 'dev', 'eth0', 'root', 'pfifo', 'limit', '50']);
  await b.python('l = listen(8000, 4)');
  await a.python(`conns = [tcp() for _ in range(3)]
for c in conns: c.connect(('${b.ipv4}', 8000)); c.send(b'x' * 1000)
sleep(0.2)`);
  const { value, text } = await scrape();
  expect(value('netverdict_tcp_sockets', { ...B, state: 'established' })).toBe(3);
  expect(value('netverdict_tcp_sockets', { ...B, state: 'listen' })).toBe(1);
  expect(value('netverdict_tcp_accept_queue', B)).toBe(3);
  expect(value('netverdict_tcp_accept_queue_limit', B)).toBe(4);
  expect(value('netverdict_tcp_accept_queue_fullest_ratio', B)).toBe(0.75);
  expect(value('netverdict_tcp_receive_queue_bytes', { ...B, state: 'established' })).toBe(3000);
  expect(value('netverdict_tcp_passive_opens_total', B)).toBe(3);
  expect(value('netverdict_sockstat_tcp_inuse', B)).toBeGreaterThanOrEqual(1);
  expect(value('netverdict_qdisc_packets_total', { ...B, device: 'eth0', kind: 'pfifo' })).toBeGreaterThan(0);
  expect(value('netverdict_device_receive_bytes_total', { ...B, device: 'eth0' })).toBeGreaterThan(3000);
  expect(value('netverdict_softnet_processed_total', { cpu: '0' })).toBeGreaterThan(0);
  expect(value('netverdict_files_open')).toBeGreaterThan(0);
  expect(value('netverdict_scrape_namespaces')).toBe(2);
  // What the kernel has not is absent, and the node's own rows have no pod.
  expect(text).not.toMatch(/^netverdict_ipvs_connections_total[{ ]/m);
  expect(text).toMatch(/^netverdict_tcp_active_opens_total 3$/m);
  expect(text.match(/^# TYPE netverdict_tcp_passive_opens_total counter$/m)).not.toBeNull();
  // Every line is one that Prometheus reads: a comment, or a name with labels and a number.
  for (const line of text.split('\n'))
    expect(line).toMatch(/^($|# (HELP|TYPE) |[a-z_0-9]+(\{([a-z_]+="([^"\\]|\\.)*",?)+\})? -?[0-9.e+-]+$)/);
  await a.python('for c in conns: c.close()');
});

it('histograms of the probes are histograms: per pod, and per far end', async () => {
  const { a, b } = pair;
  await b.python(`l2 = listen(8001)`);
  for (let i = 0; i < 5; i++) await a.python(`s = tcp(); s.connect(('${b.ipv4}', 8001)); s.close()`);
  await vi.waitFor(
    async () => {
      await pair.watch.command('flush');
      expect((await scrape()).value('netverdict_peer_tcp_connect_seconds_count', { peer: b.ipv4, port: '8001' })).toBe(
        5,
      );
    },
    { timeout: 20_000, interval: 200 },
  );
  const { text, value } = await scrape();
  const buckets = text
    .split('\n')
    .filter((line) => line.startsWith('netverdict_tcp_connect_seconds_bucket{') && !line.includes('pod='))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
  expect(buckets.length).toBeGreaterThan(10);
  expect(buckets).toEqual([...buckets].sort((x, y) => x - y));
  expect(buckets.at(-1)).toBe(value('netverdict_tcp_connect_seconds_count'));
  expect(value('netverdict_probe_state', { probe: 'connects', state: 'on' })).toBe(1);
  const seen = value('netverdict_probe_seen_total', { probe: 'drops' }) ?? Number.NaN;
  const parts = ['filtered', 'sampled_away', 'aggregated', 'lost'].map(
    (outcome) => value('netverdict_probe_events_total', { probe: 'drops', outcome }) ?? Number.NaN,
  );
  expect(parts.reduce((sum, n) => sum + n, 0)).toBe(seen);
  expect(statSync(a.path).ino).toBe(a.inode);
});

it('10,000 far ends: the page tells 128 of them and sums over all; anomalies stay within a window’s budget, and none is left out', async () => {
  const { a, b, watch } = pair;
  const ends = 10_000;
  b.run(['ip', 'route', 'add', 'local', '10.81.0.0/16', 'dev', 'lo']);
  const lost = async () =>
    (await scrape()).value('netverdict_probe_values_total', { probe: 'connects', outcome: 'lost' }) ?? 0;
  const lostBefore = await lost();
  const each = (port: number, what: string): string => `for i in range(${ends}):
  s = tcp()
  try: s.connect((f'10.81.{i >> 8}.{i & 255}', ${port})); ${what}
  except ConnectionRefusedError: pass
  s.close()`;
  await b.python('l3 = listen(8003)');
  await Promise.all([b.python(`for i in range(${ends}): l3.accept()[0].close()`), a.python(each(8003, 's.recv(1)'))]);
  await a.python(each(8004, ''));
  const refused = await pair.until(a, { kind: 'tcp-connect-fail', reason: 'ECONNREFUSED' }, ends);
  expect(sumOf(refused)).toBe(ends);
  for (const window of Map.groupBy(refused, ({ windowEnd }) => windowEnd).values())
    expect(window.length).toBeLessThanOrEqual(MOST_TOLD + 1); // and one for the others

  const { text, value } = await scrape();
  const told = (value('netverdict_tcp_connect_seconds_count') ?? 0) + (await lost()) - lostBefore;
  expect(told).toBeGreaterThanOrEqual(ends);
  const peers = text.match(/^netverdict_peer_tcp_connect_seconds_count\{/gm) ?? [];
  expect(peers.length).toBe(128);
  expect(watch.histograms().length).toBeLessThan(2100);
}, 120_000);
