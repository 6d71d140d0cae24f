/** Which connection tracking entries leave a node: the flow's own, by its addresses and destination port. */
import type { Flow } from '@netverdict/linux-net';
import type { FlowFilter } from '../collect/ports.ts';
import type { Resolution } from '../resolve/resolution.ts';
import { addressesOf } from '../resolve/resolve.ts';
import { PROTOCOL_NUMBER } from './build-flow.ts';

export function flowFilter(flow: Flow, resolution: Resolution): FlowFilter {
  const source = addressesOf(resolution.source).filter((a) => a.includes(':') === (flow.family === 'ipv6'));
  return filterOf(flow, source);
}

/** In a later round the names are not resolved again; the address of the source is the snapshot's to tell. */
export function flowFilterOfRound(flow: Flow, podAddresses: readonly string[]): FlowFilter {
  return filterOf(flow, flow.source.address === null ? podAddresses : [flow.source.address]);
}

const filterOf = (flow: Flow, source: readonly string[]): FlowFilter => ({
  protocol: flow.family === 'ipv6' && flow.protocol === 'icmp' ? 58 : PROTOCOL_NUMBER[flow.protocol],
  addresses: [...new Set([...source, flow.destination.address])],
  ports: flow.destination.port === null ? [] : [flow.destination.port],
});
