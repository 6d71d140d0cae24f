/** All answers to one routing question, as `ip route get` asks it: what the kernel may choose among is more than one. */
import { type Flow, formatIp, type Link } from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';
import { Walk } from '../walk/walk.ts';
import type { World, WorldNamespace } from '../world/world.ts';
import { decideInput, type InputDecision } from './decide-input.ts';
import { flowKey } from './key.ts';
import { errnoOf, type OutputRoute, routeOut } from './output.ts';

export interface RouteQuestion {
  readonly packet: Omit<Packet, 'source'> & { readonly source: Packet['source'] | null };
  /** It came in by that device; null: the host sends it itself. */
  readonly iif: Link | null;
  readonly oif: Link | null;
  readonly uid: number;
}

export interface RouteAnswer {
  /** `dev via source`, `local`, or an errno. */
  readonly text: string;
  /** It hangs on something that is not known. */
  readonly unknown: boolean;
}

const MAX_ANSWERS = 256;

export function askRoute(
  world: World,
  ns: WorldNamespace,
  flow: Flow,
  question: RouteQuestion,
): readonly RouteAnswer[] {
  const answers = new Map<string, RouteAnswer>();
  const waiting: number[][] = [[]];
  for (let run = 0; run < MAX_ANSWERS; run++) {
    const prefix = waiting.pop();
    if (!prefix) break;
    const walk = new Walk(world, flow, prefix);
    const text = answerOf(walk, ns, question);
    const unknown = walk.choices.points.some((point) => point.what === 'unknown') || text === 'unknown';
    answers.set(text, { text, unknown: unknown || (answers.get(text)?.unknown ?? false) });
    walk.choices.points.forEach((point, at) => {
      if (at < prefix.length) return;
      const taken = walk.choices.points.slice(0, at).map((p) => p.taken);
      for (let other = 1; other < point.options.length; other++) waiting.push([...taken, other]);
    });
  }
  return [...answers.values()];
}

function answerOf(walk: Walk, ns: WorldNamespace, { packet, iif, oif, uid }: RouteQuestion): string {
  const known = { ...packet, source: packet.source ?? (packet.family === 'ipv4' ? 0 : 0n) } as Packet;
  if (iif) return inputText(decideInput(walk, ns, iif, known));
  const key = { ...flowKey(known, 'lo', oif), source: packet.source, uid };
  return outputText(routeOut(walk, ns, key, false));
}

function outputText(found: OutputRoute): string {
  if (found.kind === 'unknown') return 'unknown';
  if (found.kind === 'refused') return found.errno;
  const { out, nexthop, source, local } = found;
  const via = local || nexthop?.via == null ? '-' : formatIp(nexthop.via);
  return `${out.name} ${via} ${source === null ? '-' : formatIp(source)}`;
}

function inputText(decision: InputDecision): string {
  switch (decision.kind) {
    case 'local':
      return 'local';
    case 'forward':
      return `${decision.out.name} ${decision.nexthop.via === null ? '-' : formatIp(decision.nexthop.via)}`;
    case 'forwarding-off':
      return 'EHOSTUNREACH';
    case 'no-way':
      return errnoOf(decision.result);
    case 'martian':
      return 'EINVAL';
    case 'source':
      return decision.refusal.kind === 'rp-filter'
        ? 'EXDEV'
        : decision.refusal.kind === 'unknown'
          ? 'unknown'
          : 'EINVAL';
    case 'unknown':
    case 'lost':
      return 'unknown';
  }
}
