import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Bus,
  type ConsumeOptions,
  type Consumption,
  type DeadLetter,
  type Delivery,
  type Handler,
  Poison,
  TryLater,
} from './index.ts';
import {
  API,
  diagnosisRequested,
  pathBuilt,
  SIMULATOR,
  startTestBus,
  type TestBus,
  TOPOLOGY,
  until,
} from './testing.ts';

let nats: TestBus;
let api: Bus;
let topology: Bus;
const consumptions: Consumption[] = [];

beforeAll(async () => {
  nats = await startTestBus();
  api = await nats.connect(API);
  topology = await nats.connect(TOPOLOGY);
});
afterAll(() => nats?.down());

/** One test's consumer must not take the next one's messages. */
const consumeWith = (
  message: 'diagnosis-requested',
  handler: Handler<'diagnosis-requested'>,
  options?: ConsumeOptions<'diagnosis-requested'>,
): Consumption => {
  const consumption = topology.consume(message, handler, options);
  consumptions.push(consumption);
  return consumption;
};
const stopAll = async (): Promise<void> => {
  await Promise.all(consumptions.splice(0).map((c) => c.stop()));
};
let n = 0;
const send = async (): Promise<string> => {
  const body = diagnosisRequested(++n);
  await api.publish('diagnosis-requested', 'default', body, { id: `${body.diagnosisId}/1/diagnosis-requested/0` });
  return body.diagnosisId;
};

test('a message published twice with the same id is stored and handled once', async () => {
  const seen: string[] = [];
  consumeWith('diagnosis-requested', async (_body, delivery) => void seen.push(delivery.id));
  const body = diagnosisRequested(++n);
  const first = await api.publish('diagnosis-requested', 'default', body, { id: 'twice' });
  const second = await api.publish('diagnosis-requested', 'default', body, { id: 'twice' });
  expect([first.duplicate, second.duplicate, second.seq]).toEqual([false, true, first.seq]);
  await send();
  await until(() => seen.length >= 2);
  expect(seen.filter((id) => id === 'twice')).toHaveLength(1);
  await stopAll();
});

test('a message of another cluster does not come', async () => {
  const clusters: string[] = [];
  consumeWith('diagnosis-requested', async (_body, delivery) => void clusters.push(delivery.cluster));
  await api.publish('diagnosis-requested', 'other', diagnosisRequested(++n), { id: 'elsewhere' });
  await send();
  await until(() => clusters.length > 0);
  expect(clusters).toEqual(['default']);
  await stopAll();
});

test('a handler that fails gets the message again, after a back-off, until it succeeds', async () => {
  const deliveries: { readonly n: number; readonly at: number }[] = [];
  consumeWith(
    'diagnosis-requested',
    async (_body, delivery: Delivery) => {
      deliveries.push({ n: delivery.deliveries, at: performance.now() });
      if (delivery.deliveries < 3) throw new Error('not yet');
    },
    { backoffMs: [100, 200] },
  );
  await send();
  await until(() => deliveries.length >= 3);
  expect(deliveries.map((d) => d.n)).toEqual([1, 2, 3]);
  const [first, second, third] = deliveries.map((d) => d.at);
  expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(90);
  expect((third ?? 0) - (second ?? 0)).toBeGreaterThan(190);
  await stopAll();
});

test('TryLater keeps the message in hand: it counts as one delivery however long it takes', async () => {
  const calls: number[] = [];
  consumeWith(
    'diagnosis-requested',
    async (_body, delivery) => {
      calls.push(delivery.deliveries);
      if (calls.length < 4) throw new TryLater('the database is away');
    },
    { ackWaitMs: 600 },
  );
  await send();
  await until(() => calls.length >= 4);
  expect(calls).toEqual([1, 1, 1, 1]);
  await stopAll();
});

test('a handler slower than the ack wait keeps its message by signs of life', async () => {
  const calls: number[] = [];
  let done = false;
  consumeWith(
    'diagnosis-requested',
    async (_body, delivery) => {
      calls.push(delivery.deliveries);
      await new Promise((resolve) => setTimeout(resolve, 3000));
      done = true;
    },
    { ackWaitMs: 1500 },
  );
  await send();
  await until(() => done);
  expect(calls).toEqual([1]);
  await stopAll();
});

test('poison goes to the dead-letter subject with its reason: bad bytes, a bad body, a refusing handler, too many failures', async () => {
  const letters: DeadLetter[] = [];
  const known: (string | null)[] = [];
  consumeWith(
    'diagnosis-requested',
    async (body) => {
      if (body.attempt === 7) throw new Poison('attempt 7 is unlucky');
      if (body.attempt === 8) throw new Error('always');
    },
    {
      maxDeliver: 2,
      backoffMs: [20],
      onDeadLetter: async (letter, body) => {
        letters.push(letter);
        known.push(body?.diagnosisId ?? null);
      },
    },
  );
  // Behind the catalog's back, with the server's data open to us.
  const { nc, jsm } = await nats.admin();
  await nc.request('diagnosis.requested.default', 'no JSON');
  await nc.request(
    'diagnosis.requested.default',
    JSON.stringify({
      id: 'x',
      message: 'diagnosis-requested',
      version: 1,
      cluster: 'default',
      occurredAt: '2026-01-01T00:00:00Z',
      body: { attempt: 'one' },
    }),
  );
  await api.publish('diagnosis-requested', 'default', { ...diagnosisRequested(++n), attempt: 7 }, { id: 'poison-7' });
  await api.publish('diagnosis-requested', 'default', { ...diagnosisRequested(++n), attempt: 8 }, { id: 'poison-8' });
  await until(() => letters.length === 4);
  const reasons = letters.map((l) => l.reason).sort();
  expect(reasons).toEqual([
    'always',
    'attempt 7 is unlucky',
    expect.stringMatching(/^diagnosis-requested: .*diagnosisId/),
    'not JSON',
  ]);
  expect(known.filter((id) => id !== null)).toHaveLength(2);
  expect(letters.find((l) => l.reason === 'always')?.deliveries).toBe(2);
  await until(async () => (await jsm.streams.info('DEADLETTER')).state.messages === 4);
  await stopAll();
});

test('two replicas share the work, and each message goes to one of them', async () => {
  const second = await nats.connect(TOPOLOGY);
  const seen: { readonly replica: number; readonly id: string }[] = [];
  const handler = (replica: number) => async (_body: unknown, delivery: Delivery) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    seen.push({ replica, id: delivery.id });
  };
  const options = { concurrency: 2 };
  const both = [
    topology.consume('diagnosis-requested', handler(1), options),
    second.consume('diagnosis-requested', handler(2), options),
  ];
  await Promise.all(Array.from({ length: 40 }, send));
  await until(() => seen.length >= 40);
  expect(new Set(seen.map((s) => s.id)).size).toBe(40);
  expect(seen.filter((s) => s.replica === 1).length).toBeGreaterThan(10);
  expect(seen.filter((s) => s.replica === 2).length).toBeGreaterThan(10);
  await Promise.all(both.map((c) => c.stop()));
});

test('a replica that dies in the middle loses nothing: another gets the message after the ack wait', async () => {
  const doomed = await nats.connect(TOPOLOGY);
  const options = { ackWaitMs: 500 };
  let taken = false;
  doomed.consume(
    'diagnosis-requested',
    async () => {
      taken = true;
      await new Promise(() => {});
    },
    options,
  );
  const id = await send();
  await until(() => taken);
  await doomed.close();
  const seen: string[] = [];
  consumeWith('diagnosis-requested', async (body) => void seen.push(body.diagnosisId), options);
  await until(() => seen.includes(id));
  await stopAll();
});

test('a message of several megabytes travels, compressed', async () => {
  const simulator = await nats.connect(SIMULATOR);
  const lengths: number[] = [];
  const consumption = simulator.consume('path-built', async (body) => {
    lengths.push(body.names.source.length - 'pod default/client'.length);
  });
  await topology.publish('path-built', 'default', pathBuilt(1, 'KUBE-SERVICES '.repeat(300_000)), { id: 'large' });
  await until(() => lengths.length === 1);
  expect(lengths).toEqual([4_200_000]);
  await consumption.stop();
});

test('a body that is not the catalog’s is refused before it is sent', async () => {
  const wrong = { ...diagnosisRequested(1), diagnosisId: 'nonsense' };
  await expect(api.publish('diagnosis-requested', 'default', wrong, { id: 'bad' })).rejects.toThrow(
    /diagnosis-requested: \/diagnosisId/,
  );
});
