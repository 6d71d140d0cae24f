import type { AgentDocument, ServiceReplica } from '@netverdict/contracts';
import { expect, test } from 'vitest';
import { checkInstallation, type Known, worst } from './checks.ts';
import { clustersOf } from './clusters.ts';

const replica = (service: ServiceReplica['service'], change: Partial<ServiceReplica> = {}): ServiceReplica => ({
  ...{ service, cluster: null, replica: `${service}-1`, state: 'running', version: '1' },
  ...{ startedAt: '2026-01-01T00:00:00Z', lastSeen: '2026-01-01T01:00:00Z', silentMs: 0, clockOffsetMs: 3 },
  dependencies: [{ name: 'nats', reachable: true }],
  ...change,
});
const agent = (change: Partial<AgentDocument> = {}): AgentDocument => ({
  ...{ cluster: 'prod', node: 'n1', version: '1', kernel: '6.1', epoch: 'e', silentMs: 0, state: 'quiet' },
  ...{ firstSeen: '2026-01-01T00:00:00Z', lastSeen: '2026-01-01T01:00:00Z', clockOffsetMs: -4, watch: null },
  capabilities: ['collect', 'capture', 'probe'],
  ...change,
});
const topology = (cluster: string): ServiceReplica => replica('topology', { cluster, replica: `topology-${cluster}` });
const SOUND: Known = {
  version: '1',
  dependencies: [{ name: 'postgresql', reachable: true }],
  services: [replica('api'), replica('simulator'), replica('eventproc'), topology('prod')],
  settled: true,
  agents: [agent()],
  defaultCluster: 'prod',
  deadLetters: 0,
};

test('of a sound installation every check passes, and none has a remedy', () => {
  const checks = checkInstallation(SOUND);
  expect(checks.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'postgresql',
      'simulator',
      'eventproc',
      'topology of prod',
      'agents',
      'clocks',
      'versions',
    ]),
  );
  expect(checks.filter(({ state, remedy }) => state !== 'passed' || remedy !== null)).toEqual([]);
  expect(worst(checks)).toBe('passed');
});

const silent = agent({ node: 'n2', state: 'silent', version: '0', clockOffsetMs: 90_000, watch: 'no BTF' });
test.each<[string, Partial<Known>, string, string, RegExp]>([
  ['an engine is away', { dependencies: [{ name: 'nats', reachable: false }] }, 'nats', 'failed', /answer/],
  ['no simulator', { services: [topology('prod'), replica('eventproc')] }, 'simulator', 'failed', /not heard: no diag/],
  [
    'the only simulator is silent',
    { services: [...SOUND.services.slice(2), replica('simulator', { state: 'silent' })] },
    'simulator',
    'failed',
    /not heard since 2026-01-01T01/,
  ],
  ['nobody was listened to yet', { services: [], settled: false }, 'simulator', 'unknown', /not been heard yet/],
  ['a cluster without topology', { agents: [agent({ cluster: 'test' })] }, 'topology of test', 'failed', /diagnosed/],
  [
    'a service lacks what it needs',
    {
      services: SOUND.services.map((one) =>
        one.service === 'topology' ? { ...one, dependencies: [{ name: 'kubernetes', reachable: false }] } : one,
      ),
    },
    'topology of prod',
    'failed',
    /kubernetes \(topology-prod\)/,
  ],
  ['the store is away', { agents: null }, 'agents', 'unknown', /store/],
  ['dead letters', { deadLetters: 2 }, 'dead letters', 'warning', /^2 messages/],
  ['NATS is away', { deadLetters: null }, 'dead letters', 'unknown', /NATS/],
  ['no agent', { agents: [] }, 'agents', 'failed', /none/],
  ['a silent agent', { agents: [agent(), silent] }, 'agents', 'failed', /1 of 2 are silent: prod\/n2/],
  ['an agent without probes', { agents: [agent({ watch: 'no BTF' })] }, 'probes', 'warning', /prod\/n1: no BTF/],
  [
    'less can be done',
    { agents: [agent({ capabilities: ['collect', 'probe'] })] },
    'capabilities',
    'warning',
    /capture/,
  ],
  ['another version', { agents: [agent({ version: '0' })] }, 'versions', 'warning', /prod\/n1 0/],
  ['a wrong clock', { agents: [agent({ clockOffsetMs: -5000 })] }, 'clocks', 'failed', /prod\/n1 is 5.0 s behind/],
])('%s', (_what, change, name, state, detail) => {
  const checks = checkInstallation({ ...SOUND, ...change });
  const found = checks.find((check) => check.name === name);
  expect(found?.state).toBe(state);
  expect(found?.detail).toMatch(detail);
  expect(found?.remedy).toMatch(/.{20}/);
  expect(worst(checks)).toBe(checks[0]?.state);
});

test('what is silent is not blamed for its clock, version and probes too', () => {
  const wrong = checkInstallation({ ...SOUND, agents: [agent(), silent] }).filter(({ state }) => state !== 'passed');
  expect(wrong.map(({ name }) => name)).toEqual(['agents']);
});

test('many names are cut short', () => {
  const agents = Array.from({ length: 8 }, (_, i) => agent({ node: `n${i}`, state: 'silent' }));
  const [first] = checkInstallation({ ...SOUND, agents });
  expect(first?.detail).toBe('8 of 8 are silent: prod/n0, prod/n1, prod/n2, prod/n3, prod/n4 and 3 more');
});

test('a cluster is known by its agents or by its topology', () => {
  const found = clustersOf([agent(), silent, agent({ cluster: 'test' })], [topology('prod'), topology('new')]);
  expect(found.map(({ name, state, nodes, agents }) => [name, state, nodes, agents.silent])).toEqual([
    ['new', 'served', 0, 0],
    ['prod', 'served', 2, 1],
    ['test', 'unserved', 1, 0],
  ]);
});
