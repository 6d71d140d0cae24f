/** Whether a rule's peers and ports match a flow. `null`: not known. */
import { type IpAddress, prefixContains } from '@netverdict/linux-net';
import type { Cluster, End, Protocol } from '../cluster.ts';
import type { Peer, PortMatch } from '../policy.ts';
import { selects } from '../selector.ts';

/** Three-valued: what is not known is neither. */
export type Match = boolean | null;

export const anyOf = <T>(items: readonly T[], matches: (item: T) => Match): Match => {
  let result: Match = false;
  for (const item of items) {
    const one = matches(item);
    if (one === true) return true;
    if (one === null) result = null;
  }
  return result;
};

export const both = (a: Match, b: Match): Match =>
  a === false || b === false ? false : a === null || b === null ? null : true;

/** @param own the policy's namespace; null: it has none */
export function matchesPeer(cluster: Cluster, peer: Peer, own: string | null, end: End): Match {
  switch (peer.kind) {
    case 'pods': {
      // A pod on its node's network is not told from the node by its address: selectors do not find it.
      if (end.kind !== 'pod') return false;
      const { namespace, labels } = end.pod;
      if (peer.namespaces === null) {
        if (namespace !== own) return false;
      } else if (!selects(peer.namespaces, cluster.namespaces.get(namespace)?.labels ?? NONE)) return false;
      return selects(peer.pods, labels);
    }
    case 'block':
      return anyOf(
        addressesOf(end),
        (address) =>
          prefixContains(peer.prefix, address) && !peer.except.some((except) => prefixContains(except, address)),
      );
    case 'nodes':
      return end.kind === 'node' && selects(peer.nodes, cluster.nodes.get(end.node)?.labels ?? NONE);
    case 'unknown':
      return end.kind === 'outside' ? null : false;
  }
}

const NONE = new Map<string, string>();

export function addressesOf(end: End): readonly IpAddress[] {
  switch (end.kind) {
    case 'pod':
      return end.pod.addresses;
    case 'node':
      return end.address === null ? [] : [end.address];
    case 'outside':
      return [end.address];
  }
}

/** A name is looked up in the containers of the destination; what is no pod has none. */
export function matchesPort(match: PortMatch, destination: End, protocol: Protocol, port: number): boolean {
  if (match.kind === 'range') return match.protocol === protocol && match.from <= port && port <= match.to;
  if (match.protocol !== null && match.protocol !== protocol) return false;
  return (
    destination.kind === 'pod' &&
    destination.pod.ports.some(
      (named) => named.name === match.name && named.protocol === protocol && named.port === port,
    )
  );
}
