/** A flow as a command to the prober, and its answer as observations. */
import type { HeardForReal, Observation, Received, RuleSeen } from '../world/observation.ts';
import type { FlowSpec } from '../world/spec.ts';
import type { Command } from './prober.ts';
import { type Positions, ruleSeen, type TraceEvent } from './rules-seen.ts';

export interface AttemptAnswer {
  readonly heard: HeardForReal;
  readonly received: Received | null;
  readonly lost: boolean;
  readonly events: readonly TraceEvent[];
}

/** @param hold keeps a TCP connection open until the world is closed, as the prelude's are */
export function flowCommand(flow: FlowSpec, hold: boolean): Command {
  return {
    fields: [
      'flow',
      flow.from,
      flow.protocol,
      flow.source ?? '-',
      flow.sport,
      flow.destination,
      flow.dport,
      flow.sizeBytes ?? 0,
      Number(flow.dontFragment),
      flow.tos,
      flow.mark,
      flow.ttl,
      flow.uid,
      flow.device ?? '-',
      flow.tcpFlags ?? -1,
      flow.repeat,
      Number(hold),
      Number(flow.continues !== null),
    ],
  };
}

interface Attempted {
  readonly flow: FlowSpec;
  readonly number: number;
  readonly attempt: AttemptAnswer;
  readonly names: readonly string[];
  readonly positions: ReadonlyMap<string, Positions>;
}

export function observationOf({ flow, number, attempt, names, positions }: Attempted): Observation {
  const rules: RuleSeen[] = [];
  for (const event of attempt.events) {
    const namespace = names[event[0]];
    const known = namespace === undefined ? undefined : positions.get(namespace);
    if (namespace === undefined || known === undefined) throw new Error(`a trace of no namespace: ${event.join(' ')}`);
    const seen = ruleSeen(event, namespace, known);
    if (seen !== null) rules.push(seen);
  }
  return {
    flow: flow.id,
    attempt: number,
    heard: heardOf(attempt.heard),
    received: attempt.received,
    rules: attempt.lost ? null : inComparableOrder(rules),
  };
}

/**
 * Traces of two namespaces come over two sockets, so their order among each other is not known: forward before reply, then by
 * the namespace's name, and within that the kernel's order. What is compared with it has to be put in this order as well.
 */
export function inComparableOrder<T extends Pick<RuleSeen, 'direction' | 'namespace'>>(
  rules: readonly T[],
): readonly T[] {
  const key = (rule: T): string => `${rule.direction} ${rule.namespace}`;
  return rules.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

/** ICMP's field for the next hop's MTU means that in two errors only: v4 "fragmentation needed", v6 "packet too big". */
function heardOf(heard: HeardForReal): HeardForReal {
  if (heard.kind !== 'icmp') return heard;
  const isIpv6 = heard.from.includes(':');
  const tellsMtu = isIpv6 ? heard.type === 2 : heard.type === 3 && heard.code === 4;
  return { ...heard, mtu: tellsMtu ? heard.mtu : null };
}
