/** Programs at a device whose meaning is not known: an unknown at that point of the path. */
import type { Link } from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';
import type { Next } from '../walk/next.ts';
import type { Walk } from '../walk/walk.ts';
import { missingSection } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';

export function attachedPrograms(
  walk: Walk,
  ns: WorldNamespace,
  link: Link,
  way: 'ingress' | 'egress',
  packet: Packet,
): Next | null {
  const { programs } = ns.net.state;
  // A kernel with no such program and an agent that may not look print the same nothing: asked only where it was refused.
  if (!programs.known) {
    const missing = missingSection(ns, programs, 'attached-programs');
    return walk.ask(ns, 'no attached program stops the packet', missing, `${walk.direction} programs ${ns.key}`)
      ? null
      : walk.lost(ns, packet, missing);
  }
  for (const program of programs.value) {
    if (program.dev !== link.name) continue;
    const hook = program.hook.toLowerCase();
    if (way === 'egress' ? !hook.includes('egress') : !(hook.includes('ingress') || hook.includes('xdp'))) continue;
    const missing = {
      kind: 'program' as const,
      place: ns.key,
      node: ns.node,
      text: `program ${program.name} at ${program.hook} of ${link.name} is not evaluated`,
      evidence: [
        {
          section: programs.section?.digest ?? null,
          kind: 'attached-programs',
          line: null,
          text: `${link.name} ${program.hook} ${program.name}`,
          at: programs.section?.at ?? null,
        },
      ],
    };
    const key = `${walk.direction} ${ns.key} ${link.name} ${program.hook} ${program.name}`;
    if (!walk.ask(ns, `program ${program.name} lets the packet through`, missing, key))
      return walk.lost(ns, packet, missing);
  }
  return null;
}
