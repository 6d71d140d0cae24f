/** Flows in a line each: their ends as one types them, and what decides. */
import type { BatchFlowDocument, Destination, Source } from '@netverdict/contracts';

export function endText(end: Source | Destination): string {
  const { pod, workload, node, ip } = end;
  const { service, name, port } = 'service' in end || 'name' in end || 'port' in end ? end : ({} as Destination);
  const shown =
    pod ?? workload ?? ip ?? name ?? (node === undefined ? service && `svc/${service}` : `node/${node}`) ?? '';
  if (port === undefined) return shown;
  return `${shown.includes(':') ? `[${shown}]` : shown}:${port}`;
}

export const flowText = ({ request: { source, destination, protocol = 'tcp' } }: Pick<BatchFlowDocument, 'request'>) =>
  `${endText(source)} → ${endText(destination)} (${protocol})`;

/** What decides, or why there is no verdict. */
export function causeText({ deciding, state, message, outcome }: Omit<BatchFlowDocument, 'flow' | 'request'>): string {
  if (deciding.length > 0)
    return deciding.map(({ code, hop }) => (hop === null ? code : `${code} at ${hop}`)).join(', ');
  return outcome === null && state !== 'waiting' && state !== 'cancelled' ? (message ?? '') : '';
}
