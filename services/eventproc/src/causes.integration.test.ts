/** An incident has one cause: what follows when its diagnosis finds another. With a real NATS and PostgreSQL; the answers are given here. */
import type { Anomaly, IncidentVerdict } from '@netverdict/contracts';
import type { ClaimRules, Explanation, Incident } from '@netverdict/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keepAnswer } from './domain/explain/keep-answer.ts';
import { DEFAULTS } from './domain/incident.ts';
import { ago, CLUSTER, drop, Reporter, type Scene, startScene, until } from './testing/scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
  await scene.startReplica();
}, 120_000);
afterAll(() => scene?.down(), 60_000);

const of = (name: string): Promise<readonly (Incident & Explanation)[]> =>
  scene.store.incidents.list({ cluster: CLUSTER, limit: 50, workload: `pod/test/${name}` });
const countOf = async (name: string): Promise<number> => (await of(name)).reduce((n, { count }) => n + count, 0);
const storedIn = async (incident: string): Promise<number> =>
  (await scene.store.events.list({ incident, limit: 100 })).reduce((n, { count }) => n + count, 0);

/** A pod to which things happen: times are in seconds from the beginning, which is now. */
class Sufferer {
  readonly #name: string;
  readonly #agent: Reporter;
  readonly #zero = Date.now();
  #total = 0;
  constructor(name: string) {
    this.#name = name;
    this.#agent = new Reporter(scene, 'node-1', name);
  }
  at = (second: number): string => new Date(this.#zero + second * 1000).toISOString();
  async drops(count: number, from: number, to = from + 1, change: Partial<Anomaly> = {}): Promise<void> {
    const window = { windowStart: this.at(from), windowEnd: this.at(to) };
    await this.#agent.report(drop({ pod: { namespace: 'test', name: this.#name }, count, ...window, ...change }));
    this.#total += count;
    await until(async () => (await countOf(this.#name)) === this.#total);
  }
  /** Its question is asked and answered. */
  async answer(cause: string | null): Promise<Incident | null> {
    const asked = await scene.store.explanations.claim(RULES);
    const own = (await of(this.#name)).map(({ id }) => id);
    const incident = asked.find(({ id }) => own.includes(id));
    if (incident === undefined) throw new Error('nothing is asked');
    const state = cause === null ? 'no-more' : 'explained';
    const answer = {
      incident,
      askedAt: incident.askedAt,
      diagnosisId: `dg_${cause}`,
      state,
      verdict: verdict(cause),
    } as const;
    return await keepAnswer(scene.store, answer, DEFAULTS, Date.now());
  }
}
const RULES: ClaimRules = {
  ...{ kinds: ['packet-drop'], onlyReasons: {}, limit: 10, perMinute: 1000 },
  ...{ checkMs: 0, againMs: 0, staleMs: 0, retryMs: 0 },
};
const verdict = (cause: string | null): IncidentVerdict => ({
  ...{
    sentence: { en: `because of ${cause}`, zh: '' },
    question: null,
    packet: null,
    outcome: null,
    reachableShare: null,
  },
  ...{ findings: [], cause, answeredAt: ago(0) },
});
const byCause = async (name: string) =>
  Object.fromEntries((await of(name)).map((incident) => [incident.cause ?? 'none', incident]));

test('another cause is another incident: the first keeps its verdict, its numbers and its times', async () => {
  const pod = new Sufferer('follows');
  await pod.drops(3, -2);
  expect(await pod.answer('X')).toBeNull();
  await pod.drops(4, 2);
  await pod.drops(5, 20);
  await pod.drops(6, 21, 22, { tuple: { ...TUPLE, destinationPort: 81 } });
  const opened = await pod.answer('Y');
  expect(opened).toMatchObject({ cause: 'Y', count: 11 });
  const { X, Y } = await byCause('follows');
  expect(X).toMatchObject({
    count: 7,
    events: 2,
    state: 'quiet',
    current: false,
    firstSeen: pod.at(-2),
    lastSeen: pod.at(3),
  });
  expect(X?.verdict).toMatchObject({ sentence: { en: 'because of X' } });
  expect(X?.causeEndedAt).toBe(Y?.askedAt);
  expect(Y).toMatchObject({
    count: 11,
    events: 2,
    state: 'open',
    current: true,
    firstSeen: pod.at(20),
    lastSeen: pod.at(22),
  });
  expect(Y).toMatchObject({ diagnosisId: 'dg_Y', diagnosisState: 'explained', severity: 'warning' });
  expect(Y?.samples.map((sample) => sample.tuple?.destinationPort)).toEqual([80, 81]);
  expect([await storedIn(X?.id ?? ''), await storedIn(Y?.id ?? '')]).toEqual([7, 11]);

  // The same again is the same; and when the first is back, it is the first.
  await pod.drops(1, 23);
  await pod.answer('Y');
  expect((await byCause('follows')).Y).toMatchObject({ id: Y?.id, count: 12, confirmed: 1 });
  await pod.drops(2, 45);
  expect(await pod.answer('X')).toMatchObject({ id: X?.id });
  const now = await byCause('follows');
  expect(now.X).toMatchObject({
    id: X?.id,
    count: 9,
    state: 'open',
    current: true,
    causeEndedAt: null,
    lastSeen: pod.at(46),
  });
  expect(now.Y).toMatchObject({ id: Y?.id, count: 12, state: 'quiet', current: false, lastSeen: pod.at(24) });
  expect(Object.keys(now)).toHaveLength(2);
});
const TUPLE = { family: 'ipv4', protocol: 6, source: '10.1.0.1', sourcePort: null, destination: '10.1.0.2' } as const;

test('when what was found is gone, what comes afterwards is another incident, at once', async () => {
  const pod = new Sufferer('gone');
  await pod.drops(3, -2);
  await pod.answer('X');
  await pod.drops(1, 1);
  await pod.answer(null);
  const [gone] = await of('gone');
  expect(gone).toMatchObject({ cause: 'X', diagnosisState: 'explained', verdict: { cause: 'X' }, state: 'open' });
  expect(gone?.causeEndedAt).toBe(gone?.askedAt);
  // Of before it was found gone, though told late.
  await pod.drops(4, -1, 0);
  expect(await of('gone')).toHaveLength(1);
  await pod.drops(5, 30);
  await pod.drops(6, 31);
  const { X, none: fresh } = await byCause('gone');
  expect([X?.count, X?.state, X?.current, fresh?.count, fresh?.state, fresh?.verdict]).toEqual([
    8,
    'quiet',
    false,
    11,
    'open',
    null,
  ]);
  // It turns out to be the same after all: one incident.
  await pod.answer('X');
  expect(await of('gone')).toMatchObject([
    { id: gone?.id, cause: 'X', count: 19, state: 'open', current: true, causeEndedAt: null },
  ]);
  expect(await storedIn(gone?.id ?? '')).toBe(19);
});

test('what a diagnosis could not tell changes nothing, nor does the answer to a question that is not the last', async () => {
  const pod = new Sufferer('steady');
  await pod.drops(3, -2);
  const [first] = await scene.store.explanations.claim(RULES);
  await pod.drops(1, 1);
  await pod.answer('X');
  if (first === undefined) throw new Error('nothing was asked');
  const late = {
    incident: first,
    askedAt: first.askedAt,
    diagnosisId: 'dg_old',
    state: 'explained',
    verdict: verdict('W'),
  } as const;
  expect(await keepAnswer(scene.store, late, DEFAULTS, Date.now())).toBeNull();
  await pod.drops(1, 3);
  const [again] = (await scene.store.explanations.claim(RULES)).filter(({ key }) => key.includes('steady'));
  if (again === undefined) throw new Error('nothing was asked again');
  const failed = {
    incident: again,
    askedAt: again.askedAt,
    diagnosisId: null,
    state: 'failed',
    verdict: verdict(null),
  } as const;
  await keepAnswer(scene.store, failed, DEFAULTS, Date.now());
  expect(await of('steady')).toMatchObject([
    { cause: 'X', count: 5, diagnosisState: 'explained', diagnosisId: 'dg_X', causeEndedAt: null, confirmed: 1 },
  ]);
});
