import { expect, test } from 'vitest';
import {
  namespacesOf,
  type Permission,
  refuseByRole,
  refuseCluster,
  refuseList,
  refuseNamespaces,
  refuseQuestion,
} from './authority.ts';

const all: readonly Permission[] = ['diagnose', 'viewer', 'operator', 'admin'];

test.each([
  ['GET', '/api/v1/diagnoses/:id', ['diagnose', 'viewer', 'operator', 'admin']],
  ['GET', '/api/v1/incidents', ['viewer', 'operator', 'admin']],
  ['GET', '', ['viewer', 'operator', 'admin']],
  ['POST', '/api/v1/diagnoses', ['diagnose', 'operator', 'admin']],
  ['POST', '/api/v1/captures', ['operator', 'admin']],
  ['GET', '/api/v1/captures/:id/packets', ['operator', 'admin']],
  ['GET', '/api/v1/webhooks', ['operator', 'admin']],
  ['POST', '/api/v1/webhooks', ['admin']],
  ['POST', '/api/v1/webhooks/:id/ping', ['admin']],
  ['PUT', '/api/v1/agent-configuration', ['admin']],
  ['GET', '/api/v1/agent-configuration', ['viewer', 'operator', 'admin']],
  ['GET', '/api/v1/tokens', ['admin']],
  ['DELETE', '/api/v1/tokens/:id', ['admin']],
  ['GET', '/api/v1/audit-log', ['admin']],
])('%s %s is for %j', (method, route, allowed) => {
  expect(all.filter((may) => refuseByRole(may, method, route) === null)).toEqual(allowed);
});

const shop = { clusters: ['east'], namespaces: ['shop'] };
const east = { clusters: ['east'], namespaces: null };

test('a question has the namespaces of both its ends; addresses, nodes and names lie in none', () => {
  const workload = 'deployment/shop/cart';
  expect(namespacesOf({ source: { pod: 'shop/a' }, destination: { service: 'bank/b' } })).toEqual(['shop', 'bank']);
  expect(namespacesOf({ source: { workload }, destination: { workload } })).toEqual(['shop', 'shop']);
  expect(namespacesOf({ source: { node: 'n' }, destination: { name: 'b.shop' } })).toEqual([null, null]);
});

test('a scope by namespace takes a question with one end within, since of the other the answer says no names', () => {
  for (const ends of [
    ['shop', 'shop'],
    ['shop', 'bank'],
    ['bank', 'shop'],
    ['shop', null],
  ])
    expect(refuseNamespaces(shop, ends)).toBeNull();
  for (const ends of [['bank', 'bank'], [null, null], []]) expect(refuseNamespaces(shop, ends)).toContain('shop');
  expect(refuseNamespaces(east, ['bank', null])).toBeNull();
});

test('real packets are sent in the name of pods in scope only', () => {
  const destination = { service: 'shop/b', port: 80 };
  expect(refuseQuestion(shop, { source: { pod: 'bank/a' }, destination })).toBeNull();
  expect(refuseQuestion(shop, { source: { pod: 'bank/a' }, destination, probe: true })).toContain('shop');
  expect(refuseQuestion(shop, { source: { node: 'node-1' }, destination, probe: {} })).toContain('shop');
  expect(refuseQuestion(shop, { source: { pod: 'shop/a' }, destination: { pod: 'bank/b' }, probe: true })).toBeNull();
  expect(refuseQuestion(east, { source: { pod: 'bank/a' }, destination, probe: true })).toBeNull();
});

test('a scope by cluster wants the cluster named', () => {
  expect(refuseCluster(east, 'east')).toBeNull();
  expect(refuseCluster(east, 'west')).toContain('east');
  expect(refuseCluster(east, undefined)).toContain('`cluster`');
});

test.each([
  [east, 'GET', '/api/v1/nodes', { cluster: 'east' }, true],
  [east, 'GET', '/api/v1/nodes', {}, false],
  [east, 'GET', '/api/v1/nodes', { cluster: 'west' }, false],
  [east, 'POST', '/api/v1/captures', { cluster: 'east' }, false],
  [east, 'GET', '/api/v1/captures/:id/packets', { cluster: 'east' }, false],
  [shop, 'GET', '/api/v1/nodes', { cluster: 'east' }, false],
  [shop, 'GET', '/api/v1/incidents', { cluster: 'east' }, false],
  [shop, 'GET', '/api/v1/incidents', { cluster: 'east', workload: 'deployment/shop/cart' }, true],
  [shop, 'GET', '/api/v1/incidents', { cluster: 'west', workload: 'deployment/shop/cart' }, false],
  [shop, 'GET', '/api/v1/events/stream', { cluster: 'east', pod: 'shop/cart-1' }, true],
  [shop, 'GET', '/api/v1/events', { cluster: 'east', pod: 'bank/b' }, false],
  [shop, 'GET', '/api/v1/events', { cluster: 'east', pod: 'shop/a', workload: 'deployment/bank/b' }, false],
  [shop, 'GET', '/api/v1/events', { cluster: 'east', workload: 'node/shop' }, false],
  [shop, 'GET', '/api/v1/events', { cluster: 'east', pod: 'shop/a', address: '10.0.0.1' }, false],
  [shop, 'GET', '/api/v1/incidents', { cluster: 'east', pod: 'shop/a', peer: 'service/bank/b' }, false],
  [shop, 'GET', '/api/v1/incidents', { cluster: 'east', pod: 'shop/a', peer: 'service/shop/b' }, true],
  [shop, 'GET', '/api/v1/diagnoses', { cluster: 'east' }, true],
  [shop, 'GET', '/api/v1/diagnoses', { cluster: 'west' }, false],
  [shop, 'GET', '/api/v1/diagnoses', { cluster: 'east', source: 'shop/' }, true],
  [shop, 'GET', '/api/v1/diagnoses', { cluster: 'east', destination: 'bank/l' }, false],
])('%j: %s %s with %j: %s', (scope, method, route, query, allowed) => {
  expect(refuseList(scope, method, route, query) === null).toBe(allowed);
});
