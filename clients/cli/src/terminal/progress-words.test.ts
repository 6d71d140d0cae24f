import { expect, it } from 'vitest';
import { progressIn } from './progress-words.ts';

it.each([
  ['collecting node-1, node-2 (0 of 2 answered)', '正在采集 node-1, node-2(已应答 0/2)'],
  ['simulating the packet through 7 network namespaces', '正在模拟数据包经过 7 个网络命名空间'],
  [
    'sending 16 real packets from node-1/pod/default/client to default/web:80',
    '正在从 node-1/pod/default/client 向 default/web:80 发送 16 个真实数据包',
  ],
  ['default/client → service default/web:80', 'default/client → 服务 default/web:80'],
  ['default/client → pod default/web-2 port 8080', 'default/client → Pod default/web-2 端口 8080'],
])('%s, in Chinese and as it is', (line, zh) => {
  expect(progressIn('zh', line)).toBe(zh);
  expect(progressIn('en', line)).toBe(line);
});

it('what is said by nobody else stays as it is', () => expect(progressIn('zh', 'ready')).toBe('ready'));
