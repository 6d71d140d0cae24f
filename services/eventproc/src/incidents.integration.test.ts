/** Incidents out of the stream, with a real NATS and PostgreSQL and two replicas: each event counts once, whatever happens. */
import type { AddressEntry, Anomaly } from '@netverdict/contracts';
import { type Explanation, type Incident, MANY_PEERS } from '@netverdict/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ago, CLUSTER, drop, Reporter, type Scene, startScene, until } from './testing/scene.ts';

let scene: Scene;
const times = { quietMs: 6000, resolvedMs: 12_000, peersApart: 50 };
beforeAll(async () => {
  scene = await startScene();
  await scene.startReplica({ incidents: times });
  await scene.startReplica({ incidents: times });
}, 120_000);
afterAll(() => scene?.down(), 60_000);

const incidents = (filter: object = {}): Promise<readonly (Incident & Explanation)[]> =>
  scene.store.incidents.list({ cluster: CLUSTER, limit: 200, ...filter });
const sum = (list: readonly Incident[], what: 'count' | 'events' = 'count'): number =>
  list.reduce((n, i) => n + i[what], 0);
const own = (name: string, change: Partial<Anomaly> = {}, peer?: string): Anomaly =>
  drop({ pod: { namespace: 'test', name }, ...change }, peer);
const of = (name: string) => incidents({ workload: `pod/test/${name}` });

test('events of one kind, pair and cause are one incident; what comes twice, or again after it was stored, changes nothing', async () => {
  const agent = new Reporter(scene, 'node-1', 'one');
  const first = await agent.report(own('one', { count: 3 }), own('one', { count: 4, oneIn: 10, bytes: 240 }));
  await agent.report(own('one', { count: 5 }), own('one', { count: 2, reason: 'IP_RPFILTER' }));
  await agent.send(first, 'again');
  await agent.send(first, 'and again');
  await until(async () => sum(await of('one')) === 14);
  const again = await agent.report(own('one', { count: 1 }));
  await agent.send(again, 'a third time');
  await until(async () => sum(await of('one')) === 15);
  const [rpfilter, netfilter] = (await of('one')).toSorted((a, b) => (a.reason ?? '').localeCompare(b.reason ?? ''));
  expect(netfilter).toMatchObject({
    ...{
      kind: 'packet-drop',
      peer: '10.1.0.2',
      reason: 'NETFILTER_DROP',
      hook: 'OUTPUT',
      direction: 'out',
      probe: 'drops',
    },
    ...{
      count: 13,
      estimated: 36,
      events: 4,
      bytes: 240,
      state: 'open',
      severity: 'warning',
      nodes: ['node-1'],
      pods: ['test/one'],
    },
  });
  expect(rpfilter?.count).toBe(2);
  const events = await scene.store.events.list({ incident: netfilter?.id ?? '', limit: 10 });
  expect(events.reduce((n, { count }) => n + count, 0)).toBe(13);
  // Sinks hear of every event, and of an incident when it begins, not of each count.
  const told = scene.notices
    .map(({ stream, line }) => ({ ...(JSON.parse(line) as { workload?: string }), stream }))
    .filter(({ workload }) => workload === 'pod/test/one');
  expect(['event', 'incident'].map((stream) => told.filter((notice) => notice.stream === stream).length)).toEqual([
    5, 2,
  ]);
  expect(told.find(({ stream }) => stream === 'incident')).not.toHaveProperty('peersSketch');
});

test('two replicas that count into one incident at the same time lose nothing', async () => {
  const reporters = (['node-1', 'node-2'] as const).map((node) => new Reporter(scene, node, 'crowd'));
  for (let i = 0; i < 40; i++)
    await Promise.all(
      reporters.map((agent) => agent.report(own('crowd', { count: 1 }), own('crowd', { count: 2 }, '10.1.0.3'))),
    );
  await until(async () => sum(await of('crowd')) >= 240);
  const both = await of('crowd');
  expect(both.map(({ peer, count, events, nodes }) => [peer, count, events, nodes.toSorted()]).sort()).toEqual([
    ['10.1.0.2', 80, 80, ['node-1', 'node-2']],
    ['10.1.0.3', 160, 80, ['node-1', 'node-2']],
  ]);
});

test('10,000 peers are fifty incidents and one that counts the others, and every event is in one of them', async () => {
  const agent = new Reporter(scene, 'node-2', 'many');
  for (let i = 0; i < 10_000; i += 500)
    await agent.report(
      ...Array.from({ length: 500 }, (_, n) => own('many', {}, `203.${(i + n) >> 8}.${(i + n) & 255}.1`)),
    );
  await until(async () => sum(await of('many')) >= 10_000, 90_000);
  const all = await of('many');
  const folded = all.find(({ peer }) => peer === MANY_PEERS);
  expect([all.length, sum(all), sum(all, 'events'), folded?.count]).toEqual([51, 10_000, 10_000, 9950]);
  expect(folded?.peers).toBeGreaterThan(9000);
  expect(folded?.peers).toBeLessThan(11_000);
}, 120_000);

const holder = (address: string, name: string, change: Partial<AddressEntry> = {}): AddressEntry => ({
  ...{
    address,
    kind: 'pod',
    namespace: 'late',
    name,
    workload: `deployment/late/${name.split('-')[0]}`,
    node: 'node-1',
  },
  ...{ since: ago(600), until: null },
  ...change,
});
let maps = 0;
const tell = (...entries: AddressEntry[]) =>
  scene.topology.publish('address-map', CLUSTER, { entries }, { id: `map/${++maps}`, deadlineMs: 30_000 });

test('names that come late are put on what was there: two addresses that are one workload become one incident', async () => {
  const agent = new Reporter(scene, 'node-1', 'late');
  const late = { pod: { namespace: 'late', name: 'web-1' } };
  await agent.report(drop({ ...late, count: 3 }, '10.9.0.1'), drop({ ...late, count: 4 }, '10.9.0.2'));
  // In the node's own namespace, between two of whom nothing is known yet.
  await agent.report(
    drop({
      pod: null,
      hook: 'FORWARD',
      tuple: {
        family: 'ipv4',
        protocol: 6,
        source: '10.9.0.7',
        sourcePort: null,
        destination: '10.9.0.1',
        destinationPort: 80,
      },
    }),
  );
  await until(async () => sum(await incidents({ workload: 'pod/late/web-1' })) === 7);
  await until(async () => (await incidents({ peer: '10.9.0.7 → 10.9.0.1' })).length === 1);
  await tell(
    holder('10.9.0.1', 'db-1'),
    holder('10.9.0.2', 'db-2'),
    holder('10.9.0.3', 'web-1'),
    holder('10.9.0.7', 'cart-1'),
  );
  await until(async () => (await incidents({ workload: 'deployment/late/web' })).length === 1);
  const [named] = await incidents({ workload: 'deployment/late/web' });
  expect(named).toMatchObject({ peer: 'deployment/late/db', count: 7, events: 2 });
  expect(await incidents({ workload: 'pod/late/web-1' })).toEqual([]);
  expect(
    (await scene.store.events.list({ incident: named?.id ?? '', limit: 10 })).map(({ workload, peer }) => [
      workload,
      peer,
    ]),
  ).toEqual(Array(2).fill(['deployment/late/web', 'deployment/late/db']));
  expect(await incidents({ workload: 'deployment/late/cart' })).toMatchObject([
    { peer: 'deployment/late/db', direction: 'out', count: 1 },
  ]);
  // What comes now has its names at once, and counts into the same.
  await agent.report(drop({ ...late, count: 5 }, '10.9.0.2'));
  await until(async () => sum(await incidents({ workload: 'deployment/late/web' })) === 12);
  expect((await incidents({ workload: 'deployment/late/web' })).length).toBe(1);
});

test('an address that another pod has got is the old one’s in an event of before', async () => {
  await tell(holder('10.9.1.1', 'old-1', { until: ago(60) }), holder('10.9.1.1', 'new-1', { since: ago(30) }));
  await until(
    async () =>
      (await scene.store.addresses.find(CLUSTER, { addresses: ['10.9.1.1'], pods: [], since: ago(600) })).length === 2,
  );
  const agent = new Reporter(scene, 'node-1', 'reused');
  await agent.report(
    own('reuse', {}, '10.9.1.1'),
    own('reuse', { windowStart: ago(102), windowEnd: ago(100) }, '10.9.1.1'),
  );
  await until(async () => (await of('reuse')).length === 2);
  expect((await of('reuse')).map(({ peer }) => peer).sort()).toEqual(['deployment/late/new', 'deployment/late/old']);
});

test('an incident grows quiet, is resolved, and is opened again when it comes back; what comes late opens nothing', async () => {
  const agent = new Reporter(scene, 'node-1', 'life');
  const state = async () => (await of('life'))[0];
  await agent.report(own('life'));
  await until(async () => (await state())?.state === 'open');
  await until(async () => (await state())?.state === 'quiet');
  await agent.report(own('life'));
  await until(async () => (await state())?.state === 'open');
  expect((await state())?.reopened).toBe(0);
  await until(async () => (await state())?.state === 'resolved');
  expect((await state())?.resolvedAt).not.toBeNull();
  const { lastSeen } = (await state()) as Incident;
  await agent.report(own('life', { windowStart: ago(60), windowEnd: ago(50) }));
  await until(async () => (await state())?.count === 3);
  expect(await state()).toMatchObject({ state: 'resolved', reopened: 0, lastSeen });
  await agent.report(own('life'));
  await until(async () => (await state())?.state === 'open');
  expect(await state()).toMatchObject({ reopened: 1, count: 4, resolvedAt: null });
}, 90_000);

test('a clock that jumps by a year does not make an incident of next year, and its rows are told', async () => {
  const agent = new Reporter(scene, 'node-2', 'clock');
  const wrong = ago(-365 * 24 * 3600);
  await agent.report(own('clock', { windowStart: wrong, windowEnd: wrong }));
  await until(async () => sum(await of('clock')) === 1);
  expect(Math.abs(Date.parse((await of('clock'))[0]?.lastSeen ?? '') - Date.now())).toBeLessThan(60_000);
  expect((await scene.store.maintenance.misplaced()).get('events')).toBe(1);
  // One that starts has counted when it begins.
  const { tallies, stop } = await scene.startReplica({ incidents: times });
  await until(async () => (await tallies.registry.metrics()).includes('netverdict_rows_without_day{table="events"} 1'));
  const metrics = await tallies.registry.metrics();
  expect(metrics).toMatch(/netverdict_incidents\{kind="packet-drop",severity="warning",state="\w+"\} \d+/);
  await stop();
});
