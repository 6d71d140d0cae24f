/**
 * Which connection tracking entries leave a node: the flow's own, by its addresses and ports. A Service's connection has its
 * own address on the node that translates and an endpoint's beyond, so the endpoints belong to it.
 */
import type { ClusterMap, Flow } from '@netverdict/linux-net';
import type { FlowFilter } from '../collect/ports.ts';
import type { Resolution } from '../resolve/resolution.ts';
import { addressesOf } from '../resolve/resolve.ts';
import { PROTOCOL_NUMBER } from './build-flow.ts';

export function flowFilter(flow: Flow, resolution: Resolution, map: ClusterMap): FlowFilter {
  const source = addressesOf(resolution.source).filter((a) => a.includes(':') === (flow.family === 'ipv6'));
  return filterOf(flow, source, map);
}

/** In a later round the names are not resolved again; the address of the source is the snapshot's to tell. */
export function flowFilterOfRound(flow: Flow, podAddresses: readonly string[], map: ClusterMap): FlowFilter {
  return filterOf(flow, flow.source.address === null ? podAddresses : [flow.source.address], map);
}

/** The helper takes 64 of each (FLOW_ADDRESSES in native/collect/context.h); those of the question come first. */
const MOST = 64;

function filterOf(flow: Flow, source: readonly string[], map: ClusterMap): FlowFilter {
  const { address, port } = flow.destination;
  const isCalled = (service: ClusterMap['services'][number]): boolean =>
    port !== null &&
    service.ports.some((p) => p.nodePort === port || (p.port === port && service.clusterIps.includes(address)));
  const called = map.services
    .filter(isCalled)
    .flatMap((service) => service.endpoints.filter((e) => e.protocol.toLowerCase() === flow.protocol));
  return {
    protocol: flow.family === 'ipv6' && flow.protocol === 'icmp' ? 58 : PROTOCOL_NUMBER[flow.protocol],
    addresses: [...new Set([...source, address, ...called.map((endpoint) => endpoint.address)])].slice(0, MOST),
    ports: port === null ? [] : [...new Set([port, ...called.map((endpoint) => endpoint.port)])].slice(0, MOST),
  };
}
