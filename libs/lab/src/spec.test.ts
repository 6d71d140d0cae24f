import { expect, test } from 'vitest';
import { LabError } from './errors.ts';
import { faultNames } from './faults/registry.ts';
import { completeSpec, planNodes } from './spec.ts';

test('nodes have the addresses that the docs promise', () => {
  const [first, second] = planNodes(completeSpec({ name: 'x' }));
  expect(first).toMatchObject({
    name: 'node-1',
    address: '172.18.0.11',
    podCidr: '10.244.1.0/24',
    netns: 'nv-x-node-1',
  });
  expect(second).toMatchObject({ name: 'node-2', vtepAddress: '10.244.2.0', podGateway: '10.244.2.1' });
});

test('VTEP MACs are unicast, locally administered and distinct', () => {
  const macs = planNodes(completeSpec({ nodes: 50 })).map(({ vtepMac }) => vtepMac);
  expect(new Set(macs).size).toBe(50);
  for (const mac of macs) expect(Number.parseInt(mac.slice(0, 2), 16) & 3).toBe(2);
});

test.each(['', '-a', 'a_b', 'A', 'a/b', 'x'.repeat(33)])('%j is no name of a lab', (name) => {
  expect(() => completeSpec({ name })).toThrow(LabError);
});

test('fault names can be file names and are kebab-case', () => {
  for (const name of faultNames) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)+$/);
  expect(faultNames).toHaveLength(30);
});
