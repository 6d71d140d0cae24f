import { setTimeout as pause } from 'node:timers/promises';
import type { Anomaly } from '@netverdict/contracts';
import { expect, it, vi } from 'vitest';
import { podNamespace } from '../testing/pod.ts';
import { baselineOf, conntrackPressure, growth, listenerDrops } from './anomalies.ts';
import { watchAnomalies } from './anomaly-watch.ts';
import { parseCounters } from './counters.ts';

const counters = ({ overflows = 0, resets = 0, dropped = 0 }): string => `# inode 4026532301
# snmp
Ip: Forwarding DefaultTTL InHdrErrors
Ip: 1 64 0
Tcp: RtoAlgorithm MaxConn OutRsts
Tcp: 1 -1 ${resets}
# netstat
TcpExt: SyncookiesSent ListenOverflows ListenDrops
TcpExt: 0 ${overflows} ${overflows}
# snmp6
Udp6NoPorts                      	0
# dev
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 100 1 0 99 0 0 0 0 100 1 0 0 0 0 0 0
  eth0: 100 1 1 ${dropped} 0 0 0 0 100 1 0 2 0 0 0 0
`;

it('reads all four files; lo’s drops are nobody’s', () => {
  const { inode, values } = parseCounters(counters({ overflows: 3, dropped: 7 }));
  expect(inode).toBe(4026532301);
  expect(Object.fromEntries(values)).toMatchObject({
    'Tcp.MaxConn': -1,
    'TcpExt.ListenOverflows': 3,
    Udp6NoPorts: 0,
    'dev.rx_drop': 7,
    'dev.tx_drop': 2,
    'dev.rx_errs': 1,
  });
});

it('growth below the threshold waits until it adds up; a counter that shrank starts anew', () => {
  const of = (resets: number): ReadonlyMap<string, number> => parseCounters(counters({ resets })).values;
  const baseline = baselineOf(of(10));
  expect(growth(baseline, of(12))).toEqual([]);
  expect(growth(baseline, of(13))).toEqual([{ kind: 'tcp-reset-sent', count: 3 }]);
  expect(growth(baseline, of(13))).toEqual([]);
  expect(growth(baseline, of(2))).toEqual([]);
  expect(growth(baseline, of(5))).toEqual([{ kind: 'tcp-reset-sent', count: 3 }]);
});

it('the watch tells the pod and the window, and nothing of what was there before it', async () => {
  let overflows = 5;
  const reports: Anomaly[][] = [];
  const watch = watchAnomalies({
    helper: { counters: async (paths) => new Map(paths.slice(1).map((path) => [path, counters({ overflows })])) },
    pods: {
      list: async () => [podNamespace({ namespace: 'shop', name: 'cart', path: '/run/netns/cart', inode: 4026532301 })],
    },
    hostNetns: '/host',
    everyMs: 20,
    report: (anomalies) => void (anomalies.length > 0 && reports.push([...anomalies])),
    log: { warn() {} },
  });
  try {
    await pause(60);
    expect(reports.flat().map((a) => a.kind)).toEqual(['agent-started']);
    overflows = 6;
    await vi.waitFor(() => expect(reports).toHaveLength(2), { timeout: 10_000 });
    expect(reports[1]).toMatchObject([
      { kind: 'tcp-listen-overflow', netns: 4026532301, pod: { namespace: 'shop', name: 'cart' }, count: 1 },
      { kind: 'tcp-listen-drop', count: 1 },
    ]);
  } finally {
    watch.stop();
  }
});

it('connection tracking: its counters are summed over the CPUs, and told when nine tenths of the table are taken', () => {
  const of = (entries: number) =>
    parseCounters(`# inode 1
# conntrack
entries ${entries}
limit 1000
entries  clashres found insert_failed drop early_drop
${entries.toString(16)}  00000000 00000003 00000002 00000000 00000001
${entries.toString(16)}  00000000 00000001 0000000a 00000001 00000000
`).values;
  expect(Object.fromEntries(of(899))).toMatchObject({
    'conntrack.entries': 899,
    'conntrack.insert_failed': 12,
    'conntrack.drop': 1,
    'conntrack.early_drop': 1,
  });
  expect(conntrackPressure(of(899))).toBeNull();
  expect(conntrackPressure(of(900))).toEqual({ entries: 900, limit: 1000 });
  expect(conntrackPressure(parseCounters('# inode 1\n# conntrack\n').values)).toBeNull();
  const baseline = baselineOf(parseCounters('# inode 1\n').values);
  expect(growth(baseline, of(10))).toEqual([
    { kind: 'conntrack-insert-fail', count: 12 },
    { kind: 'conntrack-drop', count: 2 },
  ]);
});

it('a listener’s drops are told once each; one in the place of another begins anew', () => {
  const of = (drops: number, waiting = 2) =>
    parseCounters(`# inode 1\n# listeners\n:: 80 ${waiting} 1 ${drops}\n`).listeners;
  const before = new Map<string, number>();
  expect(listenerDrops(before, of(3))).toMatchObject([
    { kind: 'tcp-listen-overflow', count: 3, tuple: { family: 'ipv6', destination: '::', destinationPort: 80 } },
  ]);
  expect(listenerDrops(before, of(3))).toEqual([]);
  expect(listenerDrops(before, of(1))).toEqual([]);
  expect(listenerDrops(before, of(2, 0))).toMatchObject([{ kind: 'tcp-listen-drop', count: 1 }]);
});

it('what a probe tells the counters do not; what grew before it was on they do', async () => {
  let overflows = 5;
  const sinceMs = new Map<Anomaly['kind'], number>([['tcp-listen-drop', Date.now() - 1000]]);
  const reports: Anomaly[] = [];
  const watch = watchAnomalies({
    helper: { counters: async () => new Map([['/host', counters({ overflows })]]) },
    pods: { list: async () => [] },
    hostNetns: '/host',
    everyMs: 20,
    covered: () => sinceMs,
    report: (anomalies) => void reports.push(...anomalies),
    log: { warn() {} },
  });
  try {
    await pause(60);
    overflows = 6;
    await vi.waitFor(() => expect(reports.map(({ kind }) => kind)).toEqual(['agent-started', 'tcp-listen-overflow']), {
      timeout: 10_000,
    });
    sinceMs.set('tcp-listen-overflow', Date.now() + 60_000); // switched on within the window
    overflows = 7;
    await vi.waitFor(() => expect(reports.at(2)?.kind).toBe('tcp-listen-overflow'), { timeout: 10_000 });
  } finally {
    watch.stop();
  }
});
