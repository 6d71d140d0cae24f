import { expect, it } from 'vitest';
import { resolveOwner } from './owner.ts';

const by = (kind: string, name: string) => [{ kind, name, controller: true }];

it('a ReplicaSet named after the pod-template-hash belongs to its Deployment', () => {
  expect(resolveOwner(by('ReplicaSet', 'cart-v2-6f9c'), new Map([['pod-template-hash', '6f9c']]))).toEqual({
    kind: 'Deployment',
    name: 'cart-v2',
    via: { kind: 'ReplicaSet', name: 'cart-v2-6f9c' },
  });
});
it('a ReplicaSet made by hand is its own owner', () => {
  const via = { kind: 'ReplicaSet', name: 'cart-6f9c' };
  expect(resolveOwner(by('ReplicaSet', 'cart-6f9c'), new Map())).toEqual({ ...via, via });
});
it('a Job with a scheduled minute belongs to its CronJob', () => {
  expect(resolveOwner(by('Job', 'backup-29000123'), new Map())?.kind).toBe('CronJob');
  expect(resolveOwner(by('Job', 'backup'), new Map())?.kind).toBe('Job');
});
it('the controller counts, not the first reference; no reference, no owner', () => {
  const references = [{ kind: 'Widget', name: 'w', controller: false }, ...by('StatefulSet', 'db')];
  expect(resolveOwner(references, new Map())).toMatchObject({ kind: 'StatefulSet', name: 'db' });
  expect(resolveOwner([], new Map())).toBeNull();
});
