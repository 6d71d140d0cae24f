/** Programs at a device whose meaning is not known: an unknown at that point of the path. */
import type { Link } from '@netverdict/linux-net';
import { nativeAtDevice } from '../netfilter/native.ts';
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
  const native = nativeAtDevice(walk, ns, link.name, way, packet);
  if (native) return native;
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
    if (way === 'egress' ? !hook.includes('egress') && hook !== 'qdisc' : !/ingress|xdp/.test(hook)) continue;
    if (hook === 'qdisc' && isHarmlessRate(program.name, packet.sizeBytes)) continue;
    const missing = {
      kind: 'program' as const,
      place: ns.key,
      node: ns.node,
      text: `program ${program.name} at ${program.hook} of ${link.name} is not evaluated`,
      zh: `未计算 ${link.name} 的 ${program.hook} 上的程序 ${program.name}`,
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

/** Below it a handshake takes longer than anybody waits: 40 bytes and the queue before them. */
const LEAST_BYTES_PER_SECOND = 8000;
const ETHERNET_HEADER = 14;

/**
 * tbf as a bandwidth plugin sets it: `tbf rate 125000 burst 32000 limit 64000`, in bytes (per second). It loses what is longer
 * than its bucket, and what waits when the queue is full; a few packets of a new connection it lets through.
 */
function isHarmlessRate(name: string, sizeBytes: number): boolean {
  const match = /^tbf rate (\d+) burst (\d+) limit (\d+)$/.exec(name);
  if (!match) return false;
  const [rate = 0, burst = 0, limit = 0] = match.slice(1).map(Number);
  return rate >= LEAST_BYTES_PER_SECOND && Math.min(burst, limit) >= sizeBytes + ETHERNET_HEADER;
}

/** Of the root cgroup, which every process is in: they see, change or stop what sockets send and get. */
const CGROUP_HOOKS = {
  connect: ['connect4', 'connect6', 'sendmsg4', 'sendmsg6'],
  egress: ['egress'],
  ingress: ['ingress'],
} as const;

export function cgroupPrograms(
  walk: Walk,
  ns: WorldNamespace,
  at: keyof typeof CGROUP_HOOKS,
  packet: Packet,
): Next | null {
  const { programs } = ns.net.state;
  if (!programs.known || packet.payload) return null;
  for (const program of programs.value) {
    const [kind, hook = ''] = program.hook.toLowerCase().split(/[ /]/);
    if (program.dev !== null || kind !== 'cgroup' || !CGROUP_HOOKS[at].some((name) => name === hook)) continue;
    if (/[46]$/.test(hook) && !hook.endsWith(packet.family === 'ipv4' ? '4' : '6')) continue;
    if (hook.startsWith('connect') && packet.icmp) continue;
    if (hook.startsWith('sendmsg') && packet.protocol !== 17) continue;
    const missing = {
      kind: 'program' as const,
      place: ns.key,
      node: ns.node,
      text: `program ${program.name} at ${program.hook} of the root cgroup is not evaluated`,
      zh: `未计算根 cgroup 的 ${program.hook} 上的程序 ${program.name}`,
      evidence: [
        {
          section: programs.section?.digest ?? null,
          kind: 'attached-programs',
          line: null,
          text: `${program.hook} ${program.name}`,
          at: programs.section?.at ?? null,
        },
      ],
    };
    const key = `${walk.direction} ${ns.key} ${program.hook} ${program.name}`;
    if (!walk.ask(ns, `program ${program.name} lets the packet through unchanged`, missing, key))
      return walk.lost(ns, packet, missing);
  }
  return null;
}
