/** A cluster that goes away: its diagnoses fail at once with that reason, and those of others do not notice. */
import type { DiagnosisDocument, ServiceName } from '@netverdict/contracts';
import { announceService, connectBus } from '@netverdict/messaging';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningApi } from './service.ts';
import { silentLog } from './testing/silent.ts';
import { call, post, QUESTION, type Stack, startStack, until } from './testing/stack.ts';

let stack: Stack;
let api: RunningApi;
beforeAll(async () => {
  stack = await startStack(['default', 'west']);
  api = await stack.startApi({ clusterAwayMs: 1500 });
}, 90_000);
afterAll(() => stack?.down());

const beat = {
  ...{ service: 'topology' as ServiceName, version: '0.1.0', log: silentLog, everyMs: 100 },
  dependencies: () => Promise.resolve([]),
};
const topologies = async (): Promise<(string | null)[]> => {
  const { services } = (await (await call(api, '/api/v1/health')).json()) as {
    services: { service: string; cluster: string | null; state: string }[];
  };
  return services.flatMap(({ service, cluster }) => (service === 'topology' ? [cluster] : []));
};
const documentOf = async (response: Response): Promise<DiagnosisDocument> =>
  (await response.json()) as DiagnosisDocument;
const statusOf = async (id: string): Promise<string> =>
  ((await (await call(api, `/api/v1/diagnoses/${id}`)).json()) as { status: string }).status;

test('what waits for a cluster that is not heard any more fails with that reason, long before its deadline', async () => {
  const at = new Date().toISOString();
  const agent = { epoch: 'e', version: '0.1.0', kernel: '6.1', lastSeq: 1, capabilities: ['collect'], lastSeen: at };
  await api.store.agents.upsert([{ ...agent, cluster: 'west', node: 'n1', details: {} }]);
  const west = await connectBus({
    url: stack.engines.natsUrl,
    user: { role: 'topology', cluster: 'west' },
    nkeySeedFile: stack.engines.natsKeyFile({ role: 'topology', cluster: 'west' }),
    log: silentLog,
  });
  const ofWest = announceService(west, { ...beat, cluster: 'west' });
  const ofDefault = announceService(stack.pipeline.topology, { ...beat, cluster: 'default' });
  await until(async () => (await topologies()).length === 2);

  stack.pipeline.react = () => 'ignore';
  const lost = await documentOf(await post(api, QUESTION));
  const other = await documentOf(await post(api, { ...QUESTION, cluster: 'west' }));
  await west.close(); // without a word
  await until(async () => (await statusOf(other.id)) === 'failed', 10_000);
  const document = await documentOf(await call(api, `/api/v1/diagnoses/${other.id}`));
  expect(document).toMatchObject({
    problem: {
      type: 'urn:netverdict:problem:cluster-away',
      title: 'The cluster west is away',
      detail: expect.stringMatching(/^Its topology service is not heard since \d{4}-.*Z\. See that it runs/),
    },
  });
  expect(Date.parse(document.finishedAt ?? '')).toBeLessThan(Date.parse(document.deadlineAt) - 5000);
  expect(await statusOf(lost.id)).toBe('accepted');

  // A new question to it is answered as quickly.
  const asked = performance.now();
  const again = await documentOf(await post(api, { ...QUESTION, cluster: 'west' }, { prefer: 'wait=10' }));
  expect(again).toMatchObject({ status: 'failed', problem: { type: 'urn:netverdict:problem:cluster-away' } });
  expect(performance.now() - asked).toBeLessThan(3000);
  expect(await statusOf(lost.id)).toBe('accepted');

  stack.pipeline.react = () => 'answer';
  expect(await documentOf(await post(api, QUESTION, { prefer: 'wait=10' }))).toMatchObject({ status: 'completed' });
  await Promise.all([ofWest.stop(), ofDefault.stop()]);
});
