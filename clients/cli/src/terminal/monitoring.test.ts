import type { EventDocument, IncidentDocument } from '@netverdict/sdk';
import { plainPaint } from '@netverdict/verdict';
import { expect, test } from 'vitest';
import { sinceOf } from '../commands/monitoring.ts';
import { eventLine } from './event-line.ts';
import { byCause, incidentLines } from './incident-lines.ts';
import { topLines, topRows } from './top-table.ts';

const at = '2026-01-01T12:00:00.000Z';
const sentence = { en: 'node-2 throws the packets away: rule 1 of chain FORWARD.', zh: 'node-2 丢弃了这些数据包。' };
const incident = (change: Partial<IncidentDocument> = {}): IncidentDocument =>
  ({
    id: 'inc_1',
    kind: 'packet-drop',
    workload: 'pod/default/client',
    peer: 'pod/default/web-2',
    direction: 'out',
    reason: 'NETFILTER_DROP',
    hook: 'forward',
    severity: 'warning',
    state: 'open',
    count: 6,
    estimated: 0,
    nodes: ['node-2'],
    firstSeen: at,
    lastSeen: at,
    diagnosisId: 'dg_1',
    diagnosisState: 'explained',
    verdict: {
      sentence,
      cause: 'NV-FILTER-DROP | node-2/host | -A FORWARD -j DROP',
      findings: [
        {
          evidence: '-A FORWARD -j DROP',
          remedy: { command: 'iptables -D FORWARD 1', on: 'node-2', text: sentence, proven: true },
        },
      ],
    },
    ...change,
  }) as IncidentDocument;
const event = (change: Partial<EventDocument> = {}): EventDocument =>
  ({
    id: 'e',
    node: 'node-2',
    pod: null,
    kind: 'packet-drop',
    count: 3,
    windowEnd: at,
    workload: 'pod/default/client',
    incidentId: 'inc_1',
    ...change,
  }) as EventDocument;
const lines = (some: readonly IncidentDocument[], lang: 'en' | 'zh' = 'en'): string =>
  byCause(some)
    .flatMap((group) => incidentLines(group, lang, plainPaint))
    .join('\n');

test('an explained incident says why, by which line, how to mend it, then what was seen', () => {
  const text = lines([incident()]);
  expect(text.split('\n').map((line) => line.trim().split(/\s+/)[0])).toEqual(['✗', 'By', 'Mend', 'Seen', 'inc_1']);
  expect(text).toContain('on node-2:  iptables -D FORWARD 1');
  expect(text).toContain(
    '6 packets dropped (NETFILTER_DROP, forward): pod/default/client → pod/default/web-2, on node-2',
  );
});

test('what is quiet or resolved is told as what was, without a remedy', () => {
  const clock = new Date(at).toLocaleTimeString('en-GB', { hour12: false });
  const head = (change: Partial<IncidentDocument>, lang: 'en' | 'zh' = 'en') =>
    lines([incident(change)], lang).split('\n')[0];
  expect(head({ state: 'quiet' })).toBe(`✓  Not seen since ${clock}; it was: ${sentence.en}`);
  expect(head({ state: 'resolved' })).toBe(`✓  Over since ${clock}; it was: ${sentence.en}`);
  expect(head({ state: 'resolved' }, 'zh')).toBe(`✓  ${clock} 之后已结束;当时: ${sentence.zh}`);
  expect(head({ causeEndedAt: at })).toBe(`✓  No longer so at ${clock}; it was: ${sentence.en}`);
  expect(lines([incident({ state: 'resolved' })])).not.toContain('Mend');
  expect(lines([incident({ diagnosisState: 'asking' })])).toBe(lines([incident()]));
});

test('incidents with one cause are one, the drop first', () => {
  const failed = incident({ id: 'inc_2', kind: 'tcp-connect-fail', count: 99, reason: 'GIVEN_UP', hook: null });
  const groups = byCause([failed, incident(), incident({ id: 'inc_3', verdict: null, diagnosisState: null })]);
  expect(groups.map(({ first, all }) => [first.id, all.length])).toEqual([
    ['inc_1', 2],
    ['inc_3', 1],
  ]);
});

test('in Chinese the same', () => {
  const text = lines([incident()], 'zh');
  expect(text).toContain('✗  node-2 丢弃了这些数据包。');
  expect(text).toContain('处理   在 node-2 上执行:  iptables -D FORWARD 1');
  expect(text).toContain('6 个数据包被丢弃');
});

test('what is not explained says how far it is, and what sampling left out is told as about', () => {
  expect(lines([incident({ verdict: null, diagnosisState: 'asking' })])).toContain('is being diagnosed');
  expect(lines([incident({ verdict: null, diagnosisState: null, estimated: 54 })])).toMatch(
    /^! {2}≈60 packets dropped/,
  );
});

test('an event is one line', () => {
  const flow = { source: '10.0.0.1', destination: 'fd00::2', destinationPort: 80, reason: 'NO_SOCKET' };
  expect(eventLine(event(flow), 'en', plainPaint)).toMatch(
    /^\d\d:\d\d:\d\d {2}3 packets dropped \(NO_SOCKET\) {2}node-2 {2}10\.0\.0\.1 → \[fd00::2\]:80$/,
  );
});

test('top counts by pod within its window, the worst first, with the cause', () => {
  const pod = { namespace: 'default', name: 'client' };
  const rows = topRows(
    [
      event({ pod, kind: 'tcp-retransmission', count: 2 }),
      event({ kind: 'tcp-reset-sent', count: 1, oneIn: 10 }),
      event({ workload: 'node/node-2', incidentId: 'other' }),
      event({ windowEnd: '2026-01-01T11:00:00.000Z', count: 1000 }),
    ],
    [incident()],
    Date.parse(at) - 60_000,
  );
  expect(
    rows.map(({ who, counts, cause }) => [who, counts.drops, counts.resets, counts.again, cause?.en ?? null]),
  ).toEqual([
    ['default/client', 0, 10, 2, sentence.en],
    ['node/node-2', 3, 0, 0, null],
  ]);
  const text = topLines(rows, [incident()], { lang: 'en', paint: plainPaint, columns: 60, most: 1 });
  expect(text[0]).toBe('The last minute: 2 with trouble, 1 open incidents, 1 explained');
  expect(Math.max(...text.slice(2).map((line) => line.length))).toBeLessThanOrEqual(60);
  expect(text.at(-1)).toBe('… and 1 more');
});

test('top lists a pod once, whether its node or itself saw it', () => {
  const flow = {
    source: '10.0.0.1',
    destination: '10.0.0.2',
    peerAddress: '10.0.0.1',
    workload: 'deployment/default/web',
  };
  const rows = topRows(
    [
      event({ ...flow, pod: { namespace: 'default', name: 'web-1' } }),
      event(flow),
      event({ ...flow, destination: '10.0.0.3' }),
    ],
    [],
    Date.parse(at) - 60_000,
  );
  expect(rows.map(({ who, counts }) => [who, counts.drops])).toEqual([
    ['default/web-1', 6],
    ['deployment/default/web', 3],
  ]);
});

test('--since takes spans and times, and says what it takes', () => {
  expect(sinceOf('10m', Date.parse(at))).toBe('2026-01-01T11:50:00.000Z');
  expect(sinceOf(at)).toBe(at);
  expect(() => sinceOf('yesterday')).toThrow('write 30s, 10m');
});
