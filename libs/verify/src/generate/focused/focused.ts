/**
 * Worlds in which each packet meets one condition that decides about it. In a random ruleset most conditions hold or fail
 * without changing anything; here each packet has a source port of its own, one rule that is asked by packets of that port only,
 * and behind its condition a verdict. So that every match, statement, set type and selector is decisive often enough.
 */
import type { FlowSpec } from '../../world/spec.ts';
import { address, FAMILIES } from '../addresses.ts';
import type { Draft, DraftNamespace } from '../draft.ts';
import { flow } from '../flows.ts';
import * as shapes from '../topology/shapes.ts';

export interface Focus {
  readonly draft: Draft;
  /** In the middle: all packets pass it, or end there. */
  readonly router: DraftNamespace;
  readonly family: 'ipv4' | 'ipv6';
  readonly protocol: 'tcp' | 'udp';
  /** `20000:20129`: of this packet and its repetitions only. */
  readonly ports: { readonly from: number; readonly to: number };
}

const FIRST_SPORT = 20_000;
const SPORTS_PER_FLOW = 130;

/** a — r — b, everybody listening. Gives r. */
export function focusedShape(draft: Draft): DraftNamespace {
  shapes.router(draft);
  const router = draft.namespaces.find((ns) => ns.router);
  if (!router) throw new Error('a router without a router');
  for (const ns of draft.namespaces)
    for (const protocol of ['tcp', 'udp'] as const)
      for (const port of [80, 443, 8080])
        ns.sockets.push({ protocol, family: 'ipv6', address: '::', port, v6only: false });
  return router;
}

const TRIES = 16;

/**
 * `ask` adds the rule for one packet, and may change the packet; null: nothing fits, and another is made in its place, or none when
 * nothing fits again and again.
 */
export function addFocused(
  draft: Draft,
  router: DraftNamespace,
  count: number,
  ask: (focus: Focus, packet: FlowSpec, index: number) => FlowSpec | null,
): void {
  const { random } = draft;
  for (let i = 0; i < count; i++) {
    for (let tries = 0; tries < TRIES; tries++) {
      const family = random.pick(FAMILIES);
      const protocol = random.pick(['tcp', 'udp'] as const);
      const from = FIRST_SPORT + i * SPORTS_PER_FLOW;
      const focus = { draft, router, family, protocol, ports: { from, to: from + SPORTS_PER_FLOW - 1 } };
      const asked = ask(focus, packetOf(focus, `f${i}`), i);
      if (asked === null) continue;
      draft.flows.push(asked);
      break;
    }
  }
}

/** From a to b through the router, or now and then to the router itself. */
function packetOf({ draft, family, protocol, ports }: Focus, id: string): FlowSpec {
  const { random } = draft;
  const made = flow(draft, id, ports.from);
  const toRouter = random.chance(0.25);
  return {
    ...made,
    from: 'a',
    family,
    protocol,
    source: random.chance(0.7) ? address(family, 1, 1) : null,
    destination: toRouter ? address(family, 2, 254) : address(family, 2, 1),
    dport: random.pick([80, 443, 8080]),
    sizeBytes: protocol === 'udp' ? made.sizeBytes : null,
    dontFragment: true,
    ttl: 64,
    device: null,
    tcpFlags: protocol === 'tcp' ? made.tcpFlags : null,
    repeat: 1,
  };
}
