import type { AgentConfiguration, AgentConfigurationChange } from '@netverdict/contracts';
import type { ConfiguredNode } from '@netverdict/store';
import { expect, it } from 'vitest';
import { checkConfiguration, configurationTeller, effective } from './agent-configuration.ts';

const current: readonly ConfiguredNode[] = [
  { node: null, version: 3, probes: { drops: { oneIn: 2, filter: { port: 80 } }, dns: { enabled: true } } },
  { node: 'node-1', version: 5, probes: { drops: { samples: 1, filter: { protocol: 'tcp' } } } },
  { node: 'node-2', version: 2, probes: {} },
];

it('a node runs what all have under what it has of its own; the newer of the two is its version', () => {
  expect(effective(current, 'node-1')).toEqual({
    version: 5,
    probes: { drops: { oneIn: 2, samples: 1, filter: { port: 80, protocol: 'tcp' } }, dns: { enabled: true } },
  });
  expect(effective(current, 'node-2').version).toBe(3);
  expect(effective([], 'node-9')).toEqual({ version: 0, probes: {} });
});

const rows: readonly [string, AgentConfigurationChange, string][] = [
  ['a threshold that the probe has not', { probes: { drops: { threshold: 5 } } }, '/probes/drops/threshold'],
  ['reasons that it has not', { probes: { dns: { filter: { exclude: ['X'] } } } }, '/probes/dns/filter/exclude'],
  [
    'a prefix that is too long',
    { probes: { drops: { filter: { address: '10.0.0.0/33' } } } },
    '/probes/drops/filter/address',
  ],
  ['no address', { probes: { drops: { filter: { address: 'cart' } } } }, '/probes/drops/filter/address'],
  ['a port of ICMP', { probes: { drops: { filter: { protocol: 'icmp', port: 1 } } } }, '/probes/drops/filter/port'],
  ['a namespace of all nodes', { probes: { drops: { filter: { netns: 4 } } } }, '/probes/drops/filter/netns'],
];
it.each(rows)('%s is refused', (_, change, pointer) => {
  expect(checkConfiguration(change).map((field) => field.pointer)).toEqual([pointer]);
});
it('what has a meaning is taken', () => {
  const probes = {
    connects: { enabled: true, threshold: 1, filter: { address: 'fd00::/64', port: 443, protocol: 'tcp' as const } },
    drops: { filter: { exclude: ['NO_SOCKET'], address: '10.0.0.1', netns: 9 } },
  };
  expect(checkConfiguration({ probes, nodes: ['node-1'] })).toEqual([]);
});

it('an agent that runs another version is told, until it runs this one; one that was silent is told when it is heard', async () => {
  const told: [string, number][] = [];
  let stored = current;
  let at = 0;
  const teller = configurationTeller({
    current: async () => stored,
    tell: async (_cluster, node, { version }: AgentConfiguration) => void told.push([node, version]),
    now: () => at,
  });
  await teller.heard('c', 'node-1', 0);
  await teller.heard('c', 'node-1', 0);
  await teller.heard('c', 'node-1', 5);
  await teller.heard('c', 'old-agent', undefined);
  expect(told.splice(0)).toEqual([
    ['node-1', 5],
    ['node-1', 5],
  ]);
  // Another replica changed it: this one has not seen that yet, and the agent runs it already.
  stored = [{ node: null, version: 6, probes: {} }];
  await teller.heard('c', 'node-1', 6);
  expect(told).toEqual([]);
  at = 61_000;
  await teller.heard('c', 'node-2', 6);
  await teller.changed('c');
  expect(told).toEqual([['node-2', 6]]);
});
