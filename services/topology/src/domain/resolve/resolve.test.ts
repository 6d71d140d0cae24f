import type { DiagnosisRequest } from '@netverdict/contracts';
import { describe, expect, it } from 'vitest';
import { shop } from '../../testing/objects.ts';
import { networksOf } from '../networks.ts';
import { resolve } from './resolve.ts';

const objects = shop();
const ask = (
  source: DiagnosisRequest['source'],
  destination: DiagnosisRequest['destination'],
  protocol?: 'tcp' | 'udp' | 'icmp',
) => resolve(objects, networksOf(objects).facts, { source, destination, ...(protocol ? { protocol } : {}) });

const CART = { pod: 'shop/cart' };

interface Found {
  readonly row: string;
  readonly from?: DiagnosisRequest['source'];
  readonly to: DiagnosisRequest['destination'];
  readonly protocol?: 'tcp' | 'udp' | 'icmp';
  /** `address:port (place) = name`. */
  readonly is: string;
  readonly note?: string;
}

describe('what is named is found', () => {
  const rows: Found[] = [
    {
      row: 'pod and port',
      to: { pod: 'shop/web-2', port: 8080 },
      is: '10.244.2.10:8080 (pod) = pod shop/web-2 port 8080',
    },
    {
      row: 'a named container port',
      to: { pod: 'shop/web-2', port: 'http' },
      is: '10.244.2.10:8080 (pod) = pod shop/web-2 port 8080',
    },
    {
      row: 'the only declared port needs no naming',
      to: { pod: 'shop/web-2' },
      is: '10.244.2.10:8080 (pod) = pod shop/web-2 port 8080',
    },
    {
      row: 'icmp has no port',
      to: { pod: 'shop/web-2' },
      protocol: 'icmp',
      is: '10.244.2.10:- (pod) = pod shop/web-2',
    },
    {
      row: 'a workload: its first ready pod, and says so',
      to: { workload: 'deployment/shop/web', port: 'http' },
      is: '10.244.2.10:8080 (pod) = pod shop/web-2 port 8080 (one of 3 pods of deployment/shop/web)',
      note: 'deployment/shop/web has 3 pod(s): asked for shop/web-2',
    },
    {
      row: 'a workload by its ReplicaSet',
      to: { workload: 'replicaset/shop/web-6f9c', port: 80 },
      is: '10.244.2.10:80 (pod) = pod shop/web-2 port 80 (one of 3 pods of replicaset/shop/web-6f9c)',
    },
    {
      row: 'a Service by number',
      to: { service: 'shop/web', port: 80 },
      is: '10.96.0.80:80 (service) = service shop/web:80',
    },
    {
      row: 'a Service by port name',
      to: { service: 'shop/two', port: 'metrics' },
      is: '10.96.0.90:9090 (service) = service shop/two:9090',
    },
    {
      row: 'a Service with one port needs no port',
      to: { service: 'shop/web' },
      is: '10.96.0.80:80 (service) = service shop/web:80',
    },
    {
      row: 'a Service port that does not exist is followed all the same',
      to: { service: 'shop/web', port: 81 },
      is: '10.96.0.80:81 (service) = service shop/web:81',
      note: 'service shop/web has no tcp port 81; it has port 80/tcp (http)',
    },
    {
      row: 'a Service without endpoints',
      to: { service: 'default/empty' },
      is: '10.96.0.99:80 (service) = service default/empty:80',
    },
    {
      row: 'a headless Service is its ready pod',
      to: { service: 'shop/web-headless' },
      is: '10.244.2.10:8080 (pod) = headless service shop/web-headless (pod shop/web-2 port 8080)',
    },
    {
      row: 'a short name, in the namespace of the pod',
      to: { name: 'web', port: 80 },
      is: '10.96.0.80:80 (service) = service shop/web:80',
    },
    {
      row: 'name.namespace',
      from: { node: 'node-1' },
      to: { name: 'web.shop', port: 80 },
      is: '10.96.0.80:80 (service) = service shop/web:80',
    },
    {
      row: 'the full name',
      to: { name: 'web.shop.svc.cluster.local.', port: 80 },
      is: '10.96.0.80:80 (service) = service shop/web:80',
    },
    {
      row: 'a pod behind a headless Service',
      to: { name: 'web-3.web-headless.shop.svc', port: 8080 },
      is: '10.244.3.10:8080 (pod) = pod shop/web-3 port 8080',
    },
    {
      row: 'a pod by its dashed name',
      to: { name: '10-244-1-10.shop.pod.cluster.local', port: 80 },
      is: '10.244.1.10:80 (pod) = pod shop/web-1 port 80',
    },
    { row: 'a ClusterIP', to: { ip: '10.96.0.80', port: 80 }, is: '10.96.0.80:80 (service) = service shop/web:80' },
    { row: 'a pod IP', to: { ip: '10.244.3.10', port: 8080 }, is: '10.244.3.10:8080 (pod) = pod shop/web-3 port 8080' },
    { row: 'a node', to: { node: 'node-2', port: 10250 }, is: '172.18.0.12:10250 (node) = node node-2 port 10250' },
    {
      row: 'a NodePort by the node',
      to: { node: 'node-2', port: 30080 },
      is: '172.18.0.12:30080 (service via node-2) = node port 30080 of service shop/web-nodeport on node-2',
    },
    {
      row: 'a NodePort from outside by address',
      from: { ip: '203.0.113.10' },
      to: { ip: '172.18.0.13', port: 30080 },
      is: '172.18.0.13:30080 (service via node-3) = node port 30080 of service shop/web-nodeport on node-3',
    },
    { row: 'a node is pinged', to: { node: 'node-2' }, protocol: 'icmp', is: '172.18.0.12:- (node) = node node-2' },
    {
      row: 'a host-network pod has its node’s address',
      to: { pod: 'kube-system/proxy', port: 80 },
      is: '172.18.0.13:80 (pod) = pod kube-system/proxy port 80',
      note: 'pod kube-system/proxy uses the network of node-3',
    },
    {
      row: 'an address outside',
      to: { ip: '203.0.113.10', port: 443 },
      is: '203.0.113.10:443 (address) = 203.0.113.10:443',
    },
    {
      row: 'a stale pod address is followed',
      to: { ip: '10.244.3.77', port: 80 },
      is: '10.244.3.77:80 (address) = 10.244.3.77:80',
      note: '10.244.3.77 was the address of pod shop/old, which is gone',
    },
    {
      row: 'an unowned pod address is followed',
      to: { ip: '10.244.3.200', port: 80 },
      is: '10.244.3.200:80 (address) = 10.244.3.200:80',
      note: '10.244.3.200 lies in the pod network, but no pod has it',
    },
  ];
  it.each(rows)('$row', ({ from, to, protocol, is, note }) => {
    const found = ask(from ?? CART, to, protocol);
    if (!found.ok) throw new Error(JSON.stringify(found.error));
    const { address, port, place } = found.value.destination;
    const via = place.kind === 'service' && place.target.entryNode ? ` via ${place.target.entryNode}` : '';
    expect(`${address}:${port ?? '-'} (${place.kind}${via}) = ${found.value.names.destination}`).toBe(is);
    if (note) expect(found.value.notes).toContain(note);
  });
});

describe('sources', () => {
  it.each([
    ['a pod', { pod: 'shop/cart' }, 'shop/cart', 'pod'],
    ['a node', { node: 'node-1' }, 'node node-1', 'node'],
    ['the address of a pod', { ip: '10.244.1.7' }, 'shop/cart', 'pod'],
    ['the address of a node', { ip: '172.18.0.11' }, 'node node-1 (172.18.0.11)', 'node'],
    ['an address outside', { ip: '203.0.113.10' }, '203.0.113.10', 'outside'],
    ['a workload', { workload: 'deployment/shop/web' }, 'shop/web-2 (one of 3 pods of deployment/shop/web)', 'pod'],
  ] as const)('%s', (_row, from, name, kind) => {
    const found = ask(from, { service: 'shop/web', port: 80 });
    if (!found.ok) throw new Error(JSON.stringify(found.error));
    expect([found.value.names.source, found.value.source.kind]).toEqual([name, kind]);
  });
});

describe('what cannot be answered says what does exist nearby', () => {
  it.each([
    ['an unknown pod: near names', CART, { pod: 'shop/wbe-2', port: 80 }, 'unknown-pod', 'pod shop/web-2'],
    [
      'an unknown pod: the same name elsewhere',
      CART,
      { pod: 'shop/client', port: 80 },
      'unknown-pod',
      'pod default/client',
    ],
    ['a workload named as a pod', CART, { pod: 'shop/web', port: 80 }, 'unknown-pod', 'service shop/web'],
    ['an unknown namespace', CART, { pod: 'shopp/cart', port: 80 }, 'unknown-pod', 'namespace shop'],
    ['an ended pod', CART, { pod: 'shop/done', port: 80 }, 'pod-terminated', null],
    ['a deleted pod', CART, { pod: 'shop/old', port: 80 }, 'pod-terminated', null],
    ['a pod without a node', CART, { pod: 'shop/waiting', port: 80 }, 'pod-not-running', null],
    [
      'an unknown workload',
      CART,
      { workload: 'deployment/shop/wep', port: 80 },
      'unknown-workload',
      'deployment/shop/web',
    ],
    ['an unknown Service', CART, { service: 'shop/wep', port: 80 }, 'unknown-service', 'service shop/web'],
    ['a pod named as a Service', CART, { service: 'shop/cart', port: 80 }, 'unknown-service', 'pod shop/cart'],
    [
      'an unknown port name of a Service',
      CART,
      { service: 'shop/two', port: 'metric' },
      'unknown-port',
      'port 9090/tcp (metrics)',
    ],
    ['an unknown port name of a pod', CART, { pod: 'shop/web-1', port: 'https' }, 'unknown-port', 'port 8080 (http)'],
    ['two ports and none named', CART, { service: 'shop/two' }, 'port-missing', 'port 9090/tcp (metrics)'],
    ['a node without a port', CART, { node: 'node-1' }, 'port-missing', 'node port 30080 of service shop/web-nodeport'],
    ['an unknown node', CART, { node: 'node-9', port: 80 }, 'unknown-node', 'node node-1'],
    ['an unknown name', CART, { name: 'wep.shop', port: 80 }, 'unknown-name', 'web.shop'],
    ['a name outside', CART, { name: 'example.org', port: 80 }, 'unknown-name', null],
    ['an alias', CART, { service: 'shop/alias', port: 80 }, 'external-name', null],
    [
      'a Service as the source',
      { ip: '10.96.0.80' },
      { pod: 'shop/cart', port: 80 },
      'source-not-allowed',
      'pod shop/web-1',
    ],
    [
      'a dead address as the source',
      { ip: '10.244.9.9' },
      { pod: 'shop/cart', port: 80 },
      'unknown-source-address',
      null,
    ],
    ['IPv6 where there is none', CART, { ip: 'fd00::1', port: 80 }, 'family-mismatch', null],
    ['IPv6 from outside', { ip: 'fd00::1' }, { pod: 'shop/cart', port: 80 }, 'family-mismatch', null],
    ['a malformed address', CART, { ip: '10.0.0', port: 80 }, 'invalid-address', null],
    ['a multicast address', CART, { ip: '224.0.0.1', port: 80 }, 'invalid-address', null],
    ['two destinations', CART, { pod: 'shop/cart', node: 'node-1', port: 80 }, 'invalid-request', null],
  ] as const)('%s', (_row, from, to, type, suggestion) => {
    const found = ask(from, to);
    expect(found.ok ? found.value.names : found.error.problem).toBe(type);
    if (!found.ok && suggestion !== null) expect(found.error.suggestions).toContain(suggestion);
  });

  it.each([
    ['pod', 'shopp/cart', 'The cluster has no namespace shopp.'],
    ['service', 'shopp/web', 'The cluster has no namespace shopp.'],
    ['pod', 'shop/crat', 'The cluster has no pod named crat in namespace shop.'],
    ['service', 'shop/wep', 'The cluster has no service named wep in namespace shop.'],
  ] as const)('%s %s: what is missing, and names only as suggestions', (kind, text, detail) => {
    const found = ask(CART, kind === 'pod' ? { pod: text, port: 80 } : { service: text, port: 80 });
    expect(found.ok ? null : found.error.detail).toBe(detail);
    for (const suggestion of found.ok ? [] : found.error.suggestions) expect(suggestion).toMatch(/^[a-z]+ [\w./-]+$/);
  });
});
