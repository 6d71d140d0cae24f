import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bus, NotPermitted, Poison, type StoredDeadLetter } from './index.ts';
import { API, pathBuilt, SIMULATOR, startTestBus, type TestBus, TOPOLOGY, until } from './testing.ts';

let nats: TestBus;
let api: Bus;
let topology: Bus;
let simulator: Bus;
beforeAll(async () => {
  nats = await startTestBus();
  [api, topology, simulator] = await Promise.all([nats.connect(API), nats.connect(TOPOLOGY), nats.connect(SIMULATOR)]);
});
afterAll(() => nats?.down());

async function letters(): Promise<StoredDeadLetter[]> {
  const found: StoredDeadLetter[] = [];
  for (let dead = await api.deadLetters.next(0); dead !== null; dead = await api.deadLetters.next(dead.seq))
    found.push(dead);
  return found;
}

test('a compressed message is readable, is handled once more under its own id, and its letter is gone', async () => {
  let mended = false;
  const handled: [string, number][] = [];
  const consumption = simulator.consume('path-built', async (body, { id }) => {
    if (!mended) throw new Poison('not mended');
    handled.push([id, body.names.source.length]);
  });
  const body = pathBuilt(1, 'KUBE-SERVICES '.repeat(10_000));
  await topology.publish('path-built', 'default', body, { id: 'dg/1/path-built/0' });
  await until(async () => (await letters()).length === 1);
  const [dead] = await letters();
  if (dead === undefined) throw new Error('it was there');
  expect(dead).toMatchObject({ message: 'path-built', cut: false, letter: { reason: 'not mended', encoding: 'zstd' } });
  expect(dead.bytes).toBeLessThan(10_000);
  const text = await api.deadLetters.text(dead);
  expect(JSON.parse(text ?? '')).toMatchObject({ id: 'dg/1/path-built/0', message: 'path-built' });
  // Letters of before the encoding was written down.
  const { encoding: _encoding, bytes: _bytes, ...old } = dead.letter;
  expect(await api.deadLetters.text({ ...dead, letter: old })).toBe(text);

  mended = true;
  const [first, second] = await Promise.all([api.deadLetters.redeliver(dead), api.deadLetters.redeliver(dead)]);
  expect([first?.duplicate, second?.duplicate].sort()).toEqual([false, true]);
  await until(() => handled.length > 0);
  expect(handled).toEqual([['dg/1/path-built/0', body.names.source.length]]);
  expect(await letters()).toEqual([]);
  await consumption.stop();
});

test('a message that is too big to be kept whole says so, and is not sent on in part', async () => {
  const consumption = simulator.consume('path-built', () => Promise.reject(new Poison('never')));
  const noise = randomBytes(400_000).toString('base64');
  await topology.publish('path-built', 'default', pathBuilt(2, noise), { id: 'dg/1/path-built/1' });
  await until(async () => (await letters()).length === 1);
  const [dead] = await letters();
  if (dead === undefined) throw new Error('it was there');
  expect([dead.cut, await api.deadLetters.text(dead)]).toEqual([true, null]);
  expect(dead.bytes).toBeGreaterThan(300_000);
  await expect(api.deadLetters.redeliver(dead)).rejects.toThrow('cut');
  expect([await api.deadLetters.remove(dead.seq), await api.deadLetters.remove(dead.seq)]).toEqual([true, false]);
  expect(await api.deadLetters.get(dead.seq)).toBeNull();
  await consumption.stop();
});

test('nobody but the api may read dead letters', async () => {
  await expect(simulator.deadLetters.next(0)).rejects.toThrow(NotPermitted);
});
