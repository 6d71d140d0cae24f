/** `netverdict agents`, `netverdict clusters`: what is installed where, and whether it is heard. */
import type { AgentDocument, ClusterDocument } from '@netverdict/contracts';
import { type NetverdictClient, problemFrom } from '@netverdict/sdk';
import { print, printTable } from '../terminal/print.ts';

export interface InventoryOptions {
  readonly cluster?: string;
  readonly json?: boolean;
}

const ago = (ms: number): string => {
  if (ms < 90_000) return `${Math.round(ms / 1000)} s ago`;
  return ms < 5_400_000 ? `${Math.round(ms / 60_000)} min ago` : `${Math.round(ms / 3_600_000)} h ago`;
};

const clockText = (offsetMs: number | null): string =>
  offsetMs === null ? '' : `${offsetMs < 0 ? '-' : '+'}${(Math.abs(offsetMs) / 1000).toFixed(2)} s`;

/** `probe:drops` and its kin are `netverdict probes`' to tell. */
export function agentRow(agent: AgentDocument): string[] {
  const { cluster, node, state, version, kernel, silentMs, clockOffsetMs, capabilities, watch } = agent;
  const probes = capabilities.filter((one) => one.startsWith('probe:')).length;
  const can = capabilities.filter((one) => !one.startsWith('probe:')).join(', ');
  const watching = watch === null ? `${probes} eBPF ${probes === 1 ? 'probe' : 'probes'}` : `no eBPF probes: ${watch}`;
  return [cluster, node, state, ago(silentMs), clockText(clockOffsetMs), version, kernel, `${can}; ${watching}`];
}

export async function agents(client: NetverdictClient, options: InventoryOptions): Promise<void> {
  const found = await client.listAgents(options.cluster === undefined ? {} : { cluster: options.cluster });
  if (options.json === true) return print(JSON.stringify(found, null, 2));
  if (found.length === 0) return print('No agent has been heard of. `netverdict doctor` tells what is missing.');
  printTable(['CLUSTER', 'NODE', 'STATE', 'HEARD', 'CLOCK', 'VERSION', 'KERNEL', 'CAN'], found.map(agentRow));
}

const clusterRow = ({ name, state, nodes, agents: own, topologies, versions }: ClusterDocument): string[] => [
  name,
  state,
  String(nodes),
  `${own.reporting + own.quiet} heard, ${own.silent} silent`,
  String(topologies),
  versions.join(', '),
];

export async function clusters(client: NetverdictClient, options: InventoryOptions): Promise<void> {
  const query = options.cluster === undefined ? {} : { cluster: options.cluster };
  const { data, error, response } = await client.raw.GET('/api/v1/clusters', { params: { query } });
  if (data === undefined) throw problemFrom(response, error);
  if (options.json === true) return print(JSON.stringify(data.items, null, 2));
  if (data.items.length === 0) return print('No cluster has been heard of. `netverdict doctor` tells what is missing.');
  printTable(['CLUSTER', 'STATE', 'NODES', 'AGENTS', 'TOPOLOGIES', 'VERSIONS'], data.items.map(clusterRow));
}
