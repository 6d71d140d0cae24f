import type { AnomalyBatch } from '@netverdict/contracts';
import { type Incident, MANY_PEERS } from '@netverdict/store';
import { describe, expect, test } from 'vitest';
import { addToSketch, estimate } from './distinct.ts';
import { type EventRow, eventRows } from './event-rows.ts';
import { DEFAULTS, functionOf, groupKey, merged, newIncident, severityOf, withEvents } from './incident.ts';
import { Names } from './names.ts';

const NOW = Date.parse('2026-01-01T12:00:00.000Z');
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString();
type Change = Partial<AnomalyBatch['anomalies'][number]>;
function row(change: Change = {}, peer = '10.0.0.2'): EventRow {
  const anomaly = {
    ...({
      kind: 'packet-drop',
      netns: 1,
      pod: { namespace: 'shop', name: 'cart-1' },
      count: 5,
      direction: 'out',
    } as const),
    ...{ windowStart: at(-1), windowEnd: at(0), reason: 'NETFILTER_DROP' },
    tuple: {
      family: 'ipv4',
      protocol: 6,
      source: '10.0.0.1',
      sourcePort: 1,
      destination: peer,
      destinationPort: 80,
    } as const,
    ...change,
  };
  const [made] = eventRows('prod', { node: 'node-1', epoch: 'e', seq: 1, anomalies: [anomaly] }, new Names([]));
  if (made === undefined) throw new Error('no row');
  return made;
}
const begun = (first = row(), peer = first.ends.peer): Incident => newIncident('inc_1', 'key', peer, first, NOW);
const after = (incident: Incident, rows: readonly EventRow[], nowMs = NOW): Incident =>
  withEvents(incident, rows, DEFAULTS, nowMs);

describe('what is one incident', () => {
  test('a compiler’s copies of a function are that function, and the hook tells more than what calls all hooks', () => {
    expect(
      ['tcp_v4_rcv.isra.0', 'tcp_v4_rcv.constprop.0.isra.3', 'tcp_v4_rcv+0x1f/0x200', 'tcp_v4_rcv'].map(functionOf),
    ).toEqual(Array(4).fill('tcp_v4_rcv'));
    expect(groupKey(row({ function: 'nf_hook_slow.part.0', hook: 'FORWARD' }))).toBe(
      groupKey(row({ function: 'nf_hook', hook: 'FORWARD' })),
    );
    expect(groupKey(row({ function: 'a' }))).not.toBe(groupKey(row({ function: 'b' })));
    expect(groupKey(row({ reason: 'A' }))).not.toBe(groupKey(row({ reason: 'B' })));
  });
});

describe('counting', () => {
  test('what sampling left out is told apart from what was counted', () => {
    const incident = after(begun(), [row({ count: 5 }), row({ count: 3, oneIn: 10 })]);
    expect([incident.count, incident.estimated, incident.events]).toEqual([8, 27, 2]);
  });

  test('nodes, pods and samples are bounded; of samples the first and the last stay', () => {
    let incident = begun();
    for (let i = 0; i < 100; i++)
      incident = after(incident, [row({ pod: { namespace: 'shop', name: `cart-${i}` } }, `10.0.1.${i}`)]);
    expect([incident.pods.length, incident.samples.length, incident.count]).toEqual([32, 8, 500]);
    expect([incident.samples[0], incident.samples.at(-1)].map((s) => s?.tuple?.destination)).toEqual([
      '10.0.1.0',
      '10.0.1.99',
    ]);
  });

  test('grave kinds are critical, many of a kind make it graver', () => {
    expect([
      severityOf('softirq-slow', 1),
      severityOf('packet-drop', 1),
      severityOf('packet-drop', 1000),
      severityOf('tcp-connect-fail', 1),
    ]).toEqual(['info', 'warning', 'critical', 'critical']);
  });
});

describe('time', () => {
  test('a quiet incident that is seen again is open, a resolved one is reopened; what comes late changes no state', () => {
    const open = after(begun(), [row()]);
    const later = NOW + 3_600_000;
    const again = row({ windowStart: at(3599), windowEnd: at(3600) });
    const late = row({ windowStart: at(10), windowEnd: at(20) });
    expect(after({ ...open, state: 'quiet' }, [again], later)).toMatchObject({
      state: 'open',
      reopened: 0,
      openedAt: open.openedAt,
    });
    expect(after({ ...open, state: 'resolved', resolvedAt: at(60) }, [again], later)).toMatchObject({
      ...{ state: 'open', reopened: 1, openedAt: at(3600), resolvedAt: null },
    });
    expect(after({ ...open, state: 'resolved' }, [late], later)).toMatchObject({
      state: 'resolved',
      reopened: 0,
      count: 10,
    });
  });

  test.each([
    ['ahead by a year', '2027-01-01T12:00:00.000Z'],
    ['at the beginning of time', '1970-01-01T00:00:10.000Z'],
  ])('a node’s clock that is %s does not make an incident last', (_, wrong) => {
    const incident = after(begun(row({ windowEnd: wrong })), [row({ windowStart: wrong, windowEnd: wrong })]);
    expect([incident.firstSeen, incident.lastSeen]).toEqual([at(0), at(0)]);
  });
});

describe('many peers', () => {
  test('are counted, about', () => {
    const peers = Array.from({ length: 10_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    let incident = begun(row(), MANY_PEERS);
    for (let i = 0; i < peers.length; i += 500)
      incident = after(
        incident,
        peers.slice(i, i + 500).map((peer) => row({}, peer)),
      );
    incident = after(
      incident,
      peers.slice(0, 500).map((peer) => row({}, peer)),
    );
    expect(incident.peers).toBeGreaterThan(9000);
    expect(incident.peers).toBeLessThan(11_000);
    expect(incident.peersSketch?.length).toBe(1024);
  });

  test('few are counted exactly enough', () => {
    expect(estimate(addToSketch(null, ['a', 'b', 'c', 'a']))).toBe(3);
  });
});

test('of two incidents that are one, nothing is lost', () => {
  const a = after(begun(), [row({ count: 5 }), row({ count: 2, oneIn: 3 })]);
  const b = after({ ...begun(row({}, '10.0.0.3')), state: 'open' }, [row({ count: 7 }, '10.0.0.3')]);
  expect(merged({ ...a, state: 'quiet' }, b)).toMatchObject({
    id: 'inc_1',
    count: 14,
    estimated: 4,
    events: 3,
    state: 'open',
  });
});
