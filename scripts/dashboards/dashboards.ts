import { dns } from './dns.ts';
import { drops } from './drops.ts';
import { latencyByStage } from './latency.ts';
import { nodes } from './nodes.ts';
import type { Dashboard } from './panel.ts';
import { pipeline } from './pipeline.ts';
import { pods } from './pods.ts';
import { tcp } from './tcp.ts';

export const DASHBOARDS: readonly Dashboard[] = [nodes, pods, drops, tcp, dns, latencyByStage, pipeline];
