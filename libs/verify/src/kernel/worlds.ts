/** Worlds and flows with everything that a test does not speak of left as it is by default. */
import type { FlowSpec, NamespaceSpec, WorldSpec } from '../world/spec.ts';

export function namespaceOf(name: string, given: Partial<NamespaceSpec> = {}): NamespaceSpec {
  return {
    name,
    sysctls: [],
    links: [],
    ip: [],
    ip6: [],
    late: [],
    bridge: [],
    deviceSysctls: [],
    ipset: [],
    iptablesLegacy: [],
    ip6tablesLegacy: [],
    iptablesNft: [],
    ip6tablesNft: [],
    nft: [],
    sockets: [],
    ...given,
  };
}

export function worldOf(namespaces: readonly NamespaceSpec[], prelude: readonly FlowSpec[] = []): WorldSpec {
  return { id: 'test', namespaces, prelude, flows: [] };
}

let serial = 0;

/** Each flow has a source port of its own. */
export function flowOf(given: Pick<FlowSpec, 'from' | 'protocol' | 'destination'> & Partial<FlowSpec>): FlowSpec {
  serial += 1;
  return {
    id: `f${serial}`,
    family: given.destination.includes(':') ? 'ipv6' : 'ipv4',
    source: null,
    sport: 20_000 + serial * 10,
    dport: 0,
    sizeBytes: null,
    dontFragment: false,
    tos: 0,
    mark: 0,
    ttl: 64,
    uid: 0,
    device: null,
    tcpFlags: null,
    repeat: 1,
    continues: null,
    ...given,
  };
}
