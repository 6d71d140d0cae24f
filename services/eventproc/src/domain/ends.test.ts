import type { AnomalyTuple } from '@netverdict/contracts';
import type { AddressHolder } from '@netverdict/store';
import { expect, test } from 'vitest';
import { endsOf, type Facts } from './ends.ts';
import { Names } from './names.ts';

const T0 = '2026-01-01T00:00:00.000Z';
const holder = (change: Partial<AddressHolder> & Pick<AddressHolder, 'address' | 'name'>): AddressHolder => ({
  kind: 'pod',
  namespace: 'shop',
  workload: null,
  node: 'node-1',
  since: T0,
  until: null,
  ...change,
});
const CART = holder({ address: '10.1.0.5', name: 'cart-x1', workload: 'deployment/shop/cart' });
const WEB = holder({ address: '10.1.0.6', name: 'web-y1', workload: 'deployment/shop/web' });
const names = new Names([
  CART,
  WEB,
  holder({ address: '192.168.0.1', kind: 'node', namespace: '', name: 'node-1' }),
  holder({ address: '192.168.0.2', kind: 'node', namespace: '', name: 'node-2' }),
  holder({ address: '10.96.0.1', kind: 'service', name: 'web' }),
]);
const tuple = (source: string | null, destination: string | null): AnomalyTuple => ({
  family: 'ipv4',
  protocol: 6,
  source,
  sourcePort: 40000,
  destination,
  destinationPort: 80,
});
const cart = { namespace: 'shop', name: 'cart-x1' };
const pair = (facts: Partial<Facts>, by = names): string => {
  const ends = endsOf({ kind: 'packet-drop', node: 'node-1', pod: null, at: '2026-01-02T00:00:00Z', ...facts }, by);
  return `${ends.workload} ${ends.direction === 'in' ? '<' : ends.direction === 'out' ? '>' : '-'} ${ends.peer}`;
};

test.each<[string, Partial<Facts>, string]>([
  [
    'a pod’s own packet, by its address',
    { pod: cart, tuple: tuple('10.1.0.5', '10.1.0.6') },
    'deployment/shop/cart > deployment/shop/web',
  ],
  [
    'a packet that arrives at the pod',
    { pod: cart, tuple: tuple('10.1.0.6', '10.1.0.5') },
    'deployment/shop/cart < deployment/shop/web',
  ],
  [
    'a pod’s packet to a Service',
    { pod: cart, tuple: tuple('10.1.0.5', '10.96.0.1') },
    'deployment/shop/cart > service/shop/web',
  ],
  [
    'a pod’s packet to the world',
    { pod: cart, tuple: tuple('10.1.0.5', '203.0.113.9') },
    'deployment/shop/cart > 203.0.113.9',
  ],
  [
    'a pod whose address is not known, by the direction',
    { pod: { namespace: 'a', name: 'b' }, direction: 'in', tuple: tuple('10.1.0.5', '10.9.9.9') },
    'pod/a/b < deployment/shop/cart',
  ],
  [
    'a received ICMP error, which is about a packet of ours',
    {
      pod: { namespace: 'a', name: 'b' },
      kind: 'icmp-error-received',
      direction: 'in',
      tuple: tuple('10.9.9.9', '10.1.0.6'),
    },
    'pod/a/b > deployment/shop/web',
  ],
  [
    'the owner that the runtime’s labels tell',
    { pod: cart, workload: { kind: 'StatefulSet', namespace: 'shop', name: 'cart' }, tuple: tuple('10.1.0.5', null) },
    'statefulset/shop/cart > ',
  ],
  [
    'a packet that the node passes on',
    { tuple: tuple('10.1.0.5', '10.1.0.6') },
    'deployment/shop/cart > deployment/shop/web',
  ],
  [
    'a packet from the world that the node passes on',
    { tuple: tuple('203.0.113.9', '10.1.0.6') },
    'deployment/shop/web < 203.0.113.9',
  ],
  [
    'a packet from another node to a pod',
    { tuple: tuple('192.168.0.2', '10.1.0.6') },
    'deployment/shop/web < node/node-2',
  ],
  ['the node’s own packet', { tuple: tuple('192.168.0.1', '10.1.0.6') }, 'node/node-1 > deployment/shop/web'],
  ['a packet for the node', { tuple: tuple('203.0.113.9', '192.168.0.1') }, 'node/node-1 < 203.0.113.9'],
  [
    'a packet of whom nobody knows',
    { tuple: tuple('203.0.113.1', '203.0.113.2') },
    'node/node-1 - 203.0.113.1 → 203.0.113.2',
  ],
  ['loopback', { tuple: tuple('127.0.0.1', '127.0.0.1') }, 'node/node-1 > loopback'],
  ['a broadcast', { pod: cart, tuple: tuple('10.1.0.5', '255.255.255.255') }, 'deployment/shop/cart > multicast'],
  ['a counter of a pod', { pod: cart, kind: 'tcp-listen-overflow' }, 'deployment/shop/cart - '],
  ['a counter of the node', { kind: 'conntrack-drop' }, 'node/node-1 - '],
])('%s', (_, facts, expected) => {
  expect(pair(facts)).toBe(expected);
});

test('an address that another pod got is named by the time of the event, and in between is an address', () => {
  const at = (minute: number): string => `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`;
  const reused = new Names([
    holder({ address: '10.1.0.9', name: 'old', since: at(0), until: at(10) }),
    holder({ address: '10.1.0.9', name: 'new', since: at(20), until: null }),
    CART,
  ]);
  const seen = (minute: number) => pair({ pod: cart, tuple: tuple('10.1.0.5', '10.1.0.9'), at: at(minute) }, reused);
  expect([5, 15, 25].map(seen)).toEqual([
    'deployment/shop/cart > pod/shop/old',
    'deployment/shop/cart > 10.1.0.9',
    'deployment/shop/cart > pod/shop/new',
  ]);
});
