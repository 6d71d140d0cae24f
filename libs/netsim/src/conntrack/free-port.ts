/** A question that names no source port is about a new connection: it must not meet the entry of one that has its port by chance. */
import type { ConntrackEntry, Flow } from '@netverdict/linux-net';
import type { World } from '../world/world.ts';

/** The flow with the first source port (or echo identifier), from its own on, that no entry of connection tracking has. */
export function asNewConnection(world: World, flow: Flow): Flow {
  if (flow.anySourcePort !== true) return flow;
  const taken = new Set<number>();
  for (const { net } of world.namespaces.values()) {
    const { conntrack } = net.state;
    if (conntrack.known) for (const entry of conntrack.value) for (const port of portsOf(entry)) taken.add(port);
  }
  if (taken.size === 0) return flow;
  const from = flow.protocol === 'icmp' ? (flow.icmpId ?? ECHO_ID) : flow.sourcePort;
  let free = from;
  while (taken.has(free) && free < 0xffff) free++;
  if (free === from) return flow;
  return flow.protocol === 'icmp' ? { ...flow, icmpId: free } : { ...flow, sourcePort: free };
}

/** Any number: who pings counts up from somewhere. */
export const ECHO_ID = 4711;

/** Of a translated connection the sender's port may be another on its way. */
function portsOf({ original, reply }: ConntrackEntry): number[] {
  return [original.icmp?.id ?? original.sport, reply.icmp?.id ?? reply.dport].filter((port) => port != null);
}
