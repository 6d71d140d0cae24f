/** Worlds and flows with everything that a test does not speak of left as it is by default. */
import { BARE_NAMESPACE, PLAIN_FLOW } from '../world/defaults.ts';
import type { FlowSpec, NamespaceSpec, WorldSpec } from '../world/spec.ts';

export function namespaceOf(name: string, given: Partial<NamespaceSpec> = {}): NamespaceSpec {
  return { ...BARE_NAMESPACE, name, ...given };
}

export function worldOf(namespaces: readonly NamespaceSpec[], prelude: readonly FlowSpec[] = []): WorldSpec {
  return { id: 'test', namespaces, prelude, flows: [] };
}

let serial = 0;

/** Each flow has a source port of its own. */
export function flowOf(given: Pick<FlowSpec, 'from' | 'protocol' | 'destination'> & Partial<FlowSpec>): FlowSpec {
  serial += 1;
  return {
    ...PLAIN_FLOW,
    id: `f${serial}`,
    family: given.destination.includes(':') ? 'ipv6' : 'ipv4',
    sport: 20_000 + serial * 10,
    ...given,
  };
}
