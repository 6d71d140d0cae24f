/** What the cluster's network policies say, beside what the nodes do. Found where objects and verdict meet (libs/bundle), not by the simulator. */
import type { CodeEntries } from './entry.ts';

export const POLICIES = {
  'NV-POLICY-UNENFORCED': {
    severity: 'suspicious',
    title: { en: 'A network policy forbids it, and nothing enforces it', zh: '网络策略禁止该流量,但没有组件执行它' },
    text: {
      en: 'Network policy {policies} forbids {source} to reach {destination} on {port}, and the packets get through all the same: nothing on the way enforces it.',
      zh: '网络策略 {policies} 禁止 {source} 访问 {destination} 的 {port},但数据包仍然可以通过:沿途没有任何组件执行该策略。',
    },
    params: ['policies', 'source', 'destination', 'port'],
  },
} as const satisfies CodeEntries;
