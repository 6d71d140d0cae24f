import { expect, test } from 'vitest';
import type { Outcome } from '../verdict.ts';
import { summarize } from './summary.ts';

const share = { reachable: 1, unreachable: 0, undetermined: 0 };
const zh = (outcome: Outcome, source: string, destination: string): string =>
  summarize(outcome, share, { source, destination }, null).zh;

test.each<[Outcome, string, string, string]>([
  ['reachable', 'shop/cart', 'service shop/web:80', 'shop/cart 可以访问服务 shop/web:80,往返都通。'],
  ['unreachable', 'node n1', 'pod shop/web port 80', '节点 n1 无法访问 Pod shop/web 端口 80。'],
  ['unreachable', 'shop/cart', 'node n2 (192.0.2.2)', 'shop/cart 无法访问节点 n2 (192.0.2.2)。'],
  [
    'undetermined',
    'shop/cart',
    'headless service shop/db (pod shop/db-0 port 5432)',
    '无法确定 shop/cart 能否访问无头服务 shop/db (Pod shop/db-0 端口 5432)。',
  ],
  [
    'unreachable',
    '203.0.113.9',
    'node port 30080 of service shop/web on n1',
    '203.0.113.9 无法访问节点 n1 上服务 shop/web 的 NodePort 30080。',
  ],
  [
    'reachable',
    'shop/cart (one of 3 pods of deployment/shop/cart)',
    'pod shop/web',
    'shop/cart (deployment/shop/cart 的 3 个 Pod 之一) 可以访问 Pod shop/web,往返都通。',
  ],
  ['unreachable', 'shop/cart', '203.0.113.9', 'shop/cart 无法访问 203.0.113.9。'],
])('a Chinese sentence, %s: from %s to %s', (outcome, source, destination, expected) => {
  expect(zh(outcome, source, destination)).toBe(expected);
});
