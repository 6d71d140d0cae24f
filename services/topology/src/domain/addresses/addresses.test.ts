import type { AddressEntry } from '@netverdict/contracts';
import { viewOf } from '@netverdict/kube';
import { expect, test } from 'vitest';
import { node, pod, service, shop } from '../../testing/objects.ts';
import { AddressChanges } from './address-changes.ts';
import { addressEntries } from './address-entries.ts';

const NOW = Date.parse('2026-01-01T01:00:00Z');
const named = (entries: readonly AddressEntry[]): string[] =>
  entries.map(({ address, kind, namespace, name, workload, until }) =>
    [address, `${kind} ${namespace}/${name}`, workload, until === null ? '' : 'ended'].filter(Boolean).join(' '),
  );
const cart = (ips: readonly string[], change = {}) => pod('shop', 'cart', { ips, ...change });
const changesOf = () => {
  const changes = new AddressChanges();
  const tell = (objects: Parameters<typeof viewOf>[0], nowMs: number): AddressEntry[] => {
    const told = changes.take(addressEntries(viewOf(objects)), nowMs);
    changes.told(told);
    return told;
  };
  return { changes, tell };
};

test('pods with their owners, Services and nodes are named; what runs in the node’s network has no address of its own', () => {
  const entries = named(addressEntries(shop()));
  expect(entries).toContain('10.244.1.10 pod shop/web-1 deployment/shop/web');
  expect(entries).toContain('10.244.1.7 pod shop/cart');
  expect(entries).toContain('10.96.0.80 service shop/web');
  expect(entries).toContain('172.18.0.13 node /node-3');
  expect(entries).toContain('10.244.3.77 pod shop/old ended');
  expect(entries.filter((entry) => /proxy|done|headless/.test(entry))).toEqual([]);
});

test('only what changed is told; what is gone is told once with its end', () => {
  const { tell } = changesOf();
  expect(
    named(tell([node(1), cart(['10.0.0.1']), service('shop', 'web', { clusterIps: ['10.96.0.1'] })], NOW)).length,
  ).toBe(3);
  expect(tell([node(1), cart(['10.0.0.1']), service('shop', 'web', { clusterIps: ['10.96.0.1'] })], NOW)).toEqual([]);
  const [gone] = tell([node(1), cart(['10.0.0.1'])], NOW + 5000);
  expect(gone).toMatchObject({ name: 'web', until: new Date(NOW + 5000).toISOString() });
  expect(tell([node(1), cart(['10.0.0.1'])], NOW + 6000)).toEqual([]);
});

test('a pod that waited for its address has it since it was seen with it, and not since it was made', () => {
  const { tell } = changesOf();
  expect(tell([cart([])], NOW)).toEqual([]);
  const [entry] = tell([cart(['10.0.0.9'])], NOW + 60_000);
  expect(entry?.since).toBe(new Date(NOW + 60_000).toISOString());
  // One that was there before we looked: nobody knows better than the object.
  expect(changesOf().tell([cart(['10.0.0.9'])], NOW)[0]?.since).toBe('2026-01-01T00:00:00Z');
});

test('what could not be told is told again, everything when it is asked for', () => {
  const changes = new AddressChanges();
  const entries = addressEntries(viewOf([cart(['10.0.0.1'])]));
  const first = changes.take(entries, NOW);
  expect(changes.take(entries, NOW)).toEqual(first);
  changes.told(first);
  expect(changes.take(entries, NOW)).toEqual([]);
  changes.again();
  expect(changes.take(entries, NOW)).toEqual(first);
});
