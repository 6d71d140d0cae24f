/** The whole system on a lab: what happens when its parts fail, and that nothing accepted is lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseBundle, replay } from '@netverdict/bundle';
import type { Lab } from '@netverdict/lab';
import type { DiagnosisDocument, NetverdictClient } from '@netverdict/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Instance } from '../../clients/cli/src/local/instance.ts';
import { type LabInstance, startLabInstance } from '../testing/lab-instance.ts';

let started: LabInstance;
let lab: Lab;
let instance: Instance;
let client: NetverdictClient;

beforeAll(async () => {
  started = await startLabInstance('sys', 3);
  ({ lab, instance, client } = started);
});
afterAll(() => started?.down());

const ask = (port: number | string = 80): Promise<DiagnosisDocument> =>
  client.diagnose({
    source: { pod: 'default/client' },
    destination: { service: 'default/web', port },
    protocol: 'tcp',
    maxAgeMs: 0,
  });

const outcomes = (documents: readonly DiagnosisDocument[]): (string | undefined)[] =>
  documents.map((document) =>
    document.verdict?.outcome === 'undetermined'
      ? `undetermined: ${document.verdict.summary.en}`
      : (document.verdict?.outcome ?? `${document.status}: ${document.problem?.detail}`),
  );

/** Kills a service's process as a crash does; the supervisor starts it again. */
function crash(name: string): void {
  const pid = instance.services.pidOf(name);
  if (pid === null) throw new Error(`${name} does not run`);
  process.kill(pid, 'SIGKILL');
}

describe('a failing part', () => {
  it('a simulator killed in the middle: every diagnosis finishes', async () => {
    const asked = Array.from({ length: 8 }, () => ask());
    await sleep(30);
    crash('simulator');
    expect(outcomes(await Promise.all(asked))).toEqual(Array(8).fill('reachable'));
  });

  it('a topology killed in the middle: every diagnosis finishes', async () => {
    const asked = Array.from({ length: 8 }, () => ask());
    await sleep(30);
    crash('topology');
    expect(outcomes(await Promise.all(asked))).toEqual(Array(8).fill('reachable'));
  });

  it('an api killed in the middle: every diagnosis that it accepted finishes', async () => {
    const asked = await Promise.all(
      Array.from({ length: 4 }, () =>
        client.submit({
          source: { pod: 'default/client' },
          destination: { service: 'default/web', port: 80 },
          protocol: 'tcp',
        }),
      ),
    );
    crash('api');
    expect(outcomes(await Promise.all(asked.map((document) => client.waitFor(document.id))))).toEqual(
      Array(4).fill('reachable'),
    );
  });

  it('NATS killed, all its data lost: every diagnosis finishes, and so does the next', async () => {
    const asked = Array.from({ length: 4 }, () => ask());
    await sleep(20);
    await instance.engines.restart('nats', { signal: 'SIGKILL', wipe: true });
    // An agent's answer that was on its way is lost with NATS, and so is each text that was stored: both are asked for again.
    expect(outcomes(await Promise.all(asked))).toEqual(Array(4).fill('reachable'));
    expect(outcomes([await ask()])).toEqual(['reachable']);
  });

  it('PostgreSQL restarted: every diagnosis finishes', async () => {
    const asked = await Promise.all(
      Array.from({ length: 4 }, () =>
        client.submit({
          source: { pod: 'default/client' },
          destination: { service: 'default/web', port: 80 },
          protocol: 'tcp',
        }),
      ),
    );
    await instance.engines.restart('postgres');
    expect(outcomes(await Promise.all(asked.map((document) => client.waitFor(document.id))))).toEqual(
      Array(4).fill('reachable'),
    );
  });

  it('Redis lost: diagnoses go on', async () => {
    await instance.engines.restart('redis', { signal: 'SIGKILL', wipe: true });
    expect(outcomes([await ask()])).toEqual(['reachable']);
  });

  it.each(['nats', 'postgres', 'redis'] as const)(
    '%s killed: it is started again, and the next diagnosis works',
    async (name) => {
      const pid = instance.engines.pids[name];
      if (pid === undefined) throw new Error(`${name} does not run`);
      process.kill(pid, 'SIGKILL');
      const deadline = performance.now() + 45_000;
      while (instance.engines.pids[name] === pid && performance.now() < deadline) await sleep(50);
      expect(instance.engines.pids[name]).not.toBe(pid);
      expect(outcomes([await ask()])).toEqual(['reachable']);
    },
  );

  it('services run twice share the work', async () => {
    const twin = async (name: string, folder: string): Promise<void> => {
      const env = instance.services.envOf(name);
      await instance.services.start({ name: `${name}-2`, folder, env, healthUrl: null });
    };
    await twin('simulator', 'simulator');
    await twin('topology', 'topology');
    await twin('eventproc', 'eventproc');
    await instance.services.ready(50_000);
    expect(outcomes(await Promise.all(Array.from({ length: 12 }, () => ask())))).toEqual(Array(12).fill('reachable'));
    for (const name of ['simulator-2', 'topology-2', 'eventproc-2']) await instance.services.stop(name);
    expect(outcomes(await Promise.all(Array.from({ length: 4 }, () => ask())))).toEqual(Array(4).fill('reachable'));
  });

  it('a node whose agent is down makes the answer partial, and says so', async () => {
    const spec = {
      name: 'collector-agent@node-2',
      folder: 'collector-agent',
      env: instance.services.envOf('collector-agent@node-2'),
      healthUrl: null,
    };
    await instance.services.stop(spec.name);
    const document = await client.diagnose({
      source: { pod: 'default/client' },
      destination: { pod: 'default/web-2', port: 80 },
      protocol: 'tcp',
      maxAgeMs: 0,
    });
    expect(document.verdict?.outcome).toBe('undetermined');
    expect(document.verdict?.summary.en).toContain('node-2');
    expect(document.collection?.nodes.find((n) => n.node === 'node-2')?.unavailable).toBeTruthy();
    // The other node was read all the same.
    expect(document.collection?.nodes.find((n) => n.node === 'node-1')?.unavailable).toBeNull();
    await instance.services.start(spec);
    await instance.services.ready(20_000);
    expect(outcomes([await ask()])).toEqual(['reachable']);
  });
});

describe('a question that has no path', () => {
  it.each([
    [
      'an unknown pod',
      { source: { pod: 'default/clint' }, destination: { service: 'default/web', port: 80 } },
      /unknown-pod$/,
      'default/client',
    ],
    [
      'an unknown service',
      { source: { pod: 'default/client' }, destination: { service: 'default/wep', port: 80 } },
      /unknown-service$/,
      'default/web',
    ],
    [
      'an unknown port name',
      { source: { pod: 'default/client' }, destination: { service: 'default/web', port: 'htpp' } },
      /unknown-port$/,
      'http',
    ],
    [
      'IPv6 where the cluster has none',
      { source: { pod: 'default/client' }, destination: { ip: 'fd00::1', port: 80 } },
      /family-mismatch$/,
      '',
    ],
  ])('%s names what does exist', async (_name, question, type, suggestion) => {
    const document = await client.diagnose({ ...question, protocol: 'tcp' });
    expect(document.status).toBe('failed');
    expect(document.problem?.type).toMatch(type);
    expect(`${document.problem?.detail} ${document.problem?.suggestions.join(' ')}`).toContain(suggestion);
  });
});

it('a bundle gives the same verdict offline', async () => {
  const document = await ask();
  const bundle = parseBundle(await client.bundle(document.id));
  if (!bundle.ok) throw new Error(bundle.error);
  const { diagnosis, needs } = replay(bundle.value);
  expect(needs).toEqual([]);
  expect(diagnosis.verdict).toEqual(document.verdict);
  expect(diagnosis.findings).toEqual(document.findings);
});

it('anomalies in a pod become stored events that name it', async () => {
  // No socket listens there: the probe of drops tells each with the kernel's reason; where it is not to be had, the counter does.
  const target = lab.pods.find((pod) => pod.name === 'web-3');
  if (!target) throw new Error('the lab has no web-3');
  await lab.probe({
    from: { pod: 'default/client' },
    to: { address: target.address, port: 9 },
    protocol: 'udp',
    count: 60,
    timeoutMs: 20,
  });
  const deadline = performance.now() + 45_000;
  for (;;) {
    const found: unknown[] = [];
    for await (const event of client.listEvents({}))
      if (
        event.pod?.name === 'web-3' &&
        (event.kind === 'udp-no-port' || (event.kind === 'packet-drop' && event.reason === 'NO_SOCKET'))
      )
        found.push(event);
    if (found.length > 0) break;
    expect(performance.now(), 'an event within 45 s').toBeLessThan(deadline);
    await sleep(300);
  }
});
