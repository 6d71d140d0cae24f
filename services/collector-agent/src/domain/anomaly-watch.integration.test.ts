/** Counters that have no tracepoint, provoked for real: a full accept queue. */
import { statSync } from 'node:fs';
import { startHelper } from '@netverdict/collect';
import type { Anomaly } from '@netverdict/contracts';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { builtHelper } from '../configuration.ts';
import { type Interpreter, interpreterIn } from '../testing/interpreter.ts';
import { type Scratch, scratchNamespace } from '../testing/scratch.ts';
import { watchAnomalies } from './anomaly-watch.ts';

let scratch: Scratch;
let python: Interpreter;
const told: Anomaly[] = [];
let looks = 0;
const stops: (() => unknown)[] = [];
const of = (kind: Anomaly['kind']): Anomaly[] => told.filter((anomaly) => anomaly.kind === kind);

beforeAll(async () => {
  scratch = scratchNamespace('counters');
  python = interpreterIn(scratch.name);
  const helper = startHelper(builtHelper, { info() {}, warn() {} });
  const watch = watchAnomalies({
    helper,
    pods: {
      async list() {
        looks++;
        return [];
      },
    },
    hostNetns: scratch.path,
    everyMs: 200,
    report: (anomalies) => void told.push(...anomalies),
    log: { warn: (fields, message) => console.warn(message, fields) },
  });
  stops.push(
    () => watch.stop(),
    () => helper.close(),
  );
  // What was counted before the first look is nobody's anomaly: the second begins when the first is over.
  await vi.waitFor(() => expect(looks).toBeGreaterThan(1), { timeout: 20_000 });
});
afterAll(async () => {
  for (const stop of stops) await stop();
  python?.close();
  scratch?.remove();
});

it('a listener that does not accept: which one, how many wait, how many may, and each connection that it dropped', async () => {
  const before = await python.run(`l = listen(8001, 1); held = []
for i in range(5):
  s = tcp(0.3); held.append(s); attempt(lambda: s.connect(('127.0.0.1', 8001)))
sleep(0.3)
print(open('/proc/net/netstat').read())`);
  expect(before).toContain('ListenOverflows');
  await vi.waitFor(() => expect(of('tcp-listen-overflow').length).toBeGreaterThan(0), { timeout: 20_000 });
  expect(of('tcp-listen-overflow')[0]).toMatchObject({
    netns: statSync(scratch.path).ino,
    reason: 'ACCEPT_QUEUE_FULL',
    details: { waiting: 2, limit: 1 },
    tuple: { family: 'ipv4', protocol: 6, destination: '0.0.0.0', destinationPort: 8001 },
  });
  // The kernel's own count, once the SYNs that are sent again have ended.
  await python.run('for s in held: s.close()');
  await vi.waitFor(
    async () => {
      const [names = '', values = ''] = scratch.run(['cat', '/proc/net/netstat']).split('\n');
      const drops = Number(values.split(' ')[names.split(' ').indexOf('ListenDrops')]);
      expect(drops).toBeGreaterThanOrEqual(3);
      expect(of('tcp-listen-overflow').reduce((sum, { count }) => sum + count, 0)).toBe(drops);
    },
    { timeout: 30_000, interval: 300 },
  );
  expect(of('tcp-listen-drop')).toEqual([]);
});
