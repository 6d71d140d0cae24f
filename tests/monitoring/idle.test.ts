/** A healthy lab has no incident: not by itself, and not by what Netverdict sends to look at it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DiagnosisRequest, PingMeshDocument } from '@netverdict/contracts';
import type { IncidentDocument } from '@netverdict/sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LabInstance, startLabInstance } from '../testing/lab-instance.ts';

/** NETVERDICT_IDLE_SECONDS=600 for a long look. */
const IDLE_SECONDS = Number(process.env.NETVERDICT_IDLE_SECONDS ?? 20);
/** An agent's window, the bus, the store. */
const SETTLE_MS = 6000;

let started: LabInstance;
beforeAll(async () => {
  started = await startLabInstance('idle', 3);
});
afterAll(() => started?.down());

const inWords = ({ kind, reason, workload, peer, samples }: IncidentDocument): string =>
  `${kind} ${reason}: ${workload} and ${peer} ${JSON.stringify(samples[0]?.tuple ?? null)}`;
async function incidents(): Promise<string[]> {
  const all: string[] = [];
  for await (const incident of started.client.listIncidents({})) all.push(inWords(incident));
  return all;
}
async function accounts(): Promise<{ seen: number; filtered: number }> {
  const answer = await started.rest('GET', '/accounting');
  const { items } = (await answer.json()) as { items: { probes: { account: { seen: number; filtered: number } }[] }[] };
  const probes = items.flatMap((item) => item.probes.map(({ account }) => account));
  const sum = (of: 'seen' | 'filtered'): number => probes.reduce((n, counts) => n + counts[of], 0);
  return { seen: sum('seen'), filtered: sum('filtered') };
}

it('left alone it has none, though every agent watches', { timeout: (IDLE_SECONDS + 120) * 1000 }, async () => {
  await expect.poll(async () => (await accounts()).seen, { timeout: 60_000 }).toBeGreaterThan(0);
  await sleep(IDLE_SECONDS * 1000);
  expect(await incidents()).toEqual([]);
});

const diagnose = (destination: DiagnosisRequest['destination'], more: Partial<DiagnosisRequest> = {}) =>
  started.client.diagnose({
    ...{ source: { pod: 'default/client' }, destination, protocol: 'tcp', maxAgeMs: 0 },
    probe: { attempts: 3, perSecond: 50 },
    ...more,
  });

it('live probes, what is slow, and ping meshes leave none, also where nobody listens', {
  timeout: 180_000,
}, async () => {
  const before = await accounts();
  const web = { service: 'default/web', port: 80 };
  expect((await diagnose(web)).probe?.targets[0]).toMatchObject({ succeeded: 3 });
  expect((await diagnose(web, { probe: { attempts: 3, slow: true } })).probe?.notMade).toBeNull();
  expect((await diagnose({ service: 'default/dns', port: 53 }, { protocol: 'udp' })).probe?.targets[0]).toMatchObject({
    succeeded: 3,
  });
  expect((await diagnose({ pod: 'default/web-2' }, { protocol: 'icmp' })).probe?.targets[0]).toMatchObject({
    succeeded: 3,
  });
  // What a probe finds is in its answer.
  const refused = { outcomes: { refused: 3 } };
  expect((await diagnose({ pod: 'default/web-2', port: 81 })).probe?.targets[0]).toMatchObject(refused);
  expect((await diagnose({ pod: 'default/web-2', port: 81 }, { protocol: 'udp' })).probe?.targets[0]).toMatchObject(
    refused,
  );
  const ends = [{ pod: 'default/client' }, { pod: 'default/web-1' }, { node: 'node-2' }];
  for (const what of [{ protocol: 'icmp' }, { protocol: 'tcp', port: 8080 }, { protocol: 'udp', port: 81 }]) {
    const answer = await started.rest('POST', '/ping-meshes', { ends, attempts: 3, ...what });
    expect(answer.status).toBe(202);
    const { id } = (await answer.json()) as PingMeshDocument;
    const state = async () =>
      ((await (await started.rest('GET', `/ping-meshes/${id}`)).json()) as PingMeshDocument).state;
    await expect.poll(state, { timeout: 60_000 }).toBe('completed');
  }
  await sleep(SETTLE_MS);
  expect(await incidents()).toEqual([]);
  // They were met, and counted as our own.
  await expect.poll(async () => (await accounts()).filtered, { timeout: 20_000 }).toBeGreaterThan(before.filtered);
});
