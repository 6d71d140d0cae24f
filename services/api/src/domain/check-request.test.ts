import { expect, test } from 'vitest';
import { checkRequest, nameOf } from './check-request.ts';

test.each([
  ['a service by number', { service: 'shop/pay', port: 80 }],
  ['a service by the name of its port', { service: 'shop/pay', port: 'http' }],
  ['a pod', { pod: 'shop/pay-1', port: 8080 }],
  ['a workload', { workload: 'deployment/shop/pay', port: 8080 }],
  ['a node', { node: 'node-1', port: 30080 }],
  ['an IPv6 address', { ip: 'fd00::1', port: 443 }],
  ['a DNS name with its dot', { name: 'pay.shop.svc.cluster.local.', port: 443 }],
])('%s is a destination', (_what, destination) => {
  expect(checkRequest({ source: { node: 'node-1' }, destination })).toEqual([]);
});

test('icmp needs no port and takes none', () => {
  const request = { source: { pod: 'a/b' }, destination: { pod: 'c/d' }, protocol: 'icmp' } as const;
  expect(checkRequest(request)).toEqual([]);
  expect(checkRequest({ ...request, destination: { pod: 'c/d', port: 1 } })).toMatchObject([
    { pointer: '/destination/port' },
  ]);
});

test('all faults are told at once', () => {
  const faults = checkRequest({ source: { pod: 'a/b', ip: 'x' }, destination: {} });
  expect(faults.map((f) => f.pointer)).toEqual(['/source', '/destination', '/source/ip', '/destination/port']);
});

test('an end is listed by its one name', () => {
  expect([
    nameOf({ pod: 'a/b' }),
    nameOf({ service: 'c/d', port: 1 }),
    nameOf({ name: 'x.y', port: 1 }),
    nameOf({ ip: '::1' }),
  ]).toEqual(['a/b', 'c/d', 'x.y', '::1']);
});
