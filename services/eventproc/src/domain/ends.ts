/** The two ends of an anomaly: who it happened to, and who is at the other side. Pure. */
import type { Anomaly, AnomalyTuple, WorkloadRef } from '@netverdict/contracts';
import type { Names, Pod } from './names.ts';
import { bounded } from './text.ts';

export interface Facts {
  readonly kind: string;
  readonly node: string;
  readonly pod: Pod | null;
  readonly workload?: WorkloadRef | undefined;
  readonly direction?: Anomaly['direction'] | undefined;
  readonly tuple?: AnomalyTuple | null | undefined;
  /** What the agent says of the far end. */
  readonly peer?: string | undefined;
  /** RFC 3339. */
  readonly at: string;
}

export interface Ends {
  /** `deployment/shop/cart`, `pod/shop/cart-1`, `service/shop/cart`, `node/node-1`, or an address. */
  readonly workload: string;
  /** The same; '' where there is no far end. */
  readonly peer: string;
  readonly peerAddress: string | null;
  /** out: the packets were the workload's; in: they were meant for it. */
  readonly direction: 'in' | 'out' | null;
}

/** The object that people know by name: static pods are their own. */
export function workloadName(ref: WorkloadRef | undefined): string | null {
  if (ref === undefined || ref.kind === 'Node') return null;
  return bounded(`${ref.kind.toLowerCase()}/${ref.namespace}/${ref.name}`);
}

const isObject = (end: string): boolean => end.includes('/');
const isNode = (end: string): boolean => end.startsWith('node/');

/** The tuple is of the packet that the error is about: a received error is about one of ours. */
function outgoing({ kind, direction }: Facts): boolean | null {
  if (direction === undefined) return null;
  return (direction === 'out') !== (kind === 'icmp-error-received' || kind === 'icmp-error-sent');
}

function ofPod(facts: Facts, pod: Pod, names: Names): Ends {
  const { tuple, at } = facts;
  const workload = workloadName(facts.workload) ?? names.workload(pod, at);
  if (!tuple || (tuple.source === null && tuple.destination === null))
    return { workload, peer: facts.peer ?? '', peerAddress: null, direction: facts.direction ?? null };
  const { source, destination } = tuple;
  const out =
    source !== null && names.isOf(pod, source, at)
      ? true
      : destination !== null && names.isOf(pod, destination, at)
        ? false
        : (outgoing(facts) ?? true);
  const far = out ? destination : source;
  return {
    workload,
    peer: far === null ? '' : names.end(far, at),
    peerAddress: far,
    direction: out ? 'out' : 'in',
  };
}

/** In the node's own namespace: its own traffic, or what it passes on for others. */
function ofNode(facts: Facts, names: Names): Ends {
  const { tuple, at } = facts;
  const node = `node/${facts.node}`;
  if (!tuple || (tuple.source === null && tuple.destination === null))
    return { workload: node, peer: facts.peer ?? '', peerAddress: null, direction: facts.direction ?? null };
  const { source, destination } = tuple;
  const [from, to] = [
    source === null ? '' : names.end(source, at),
    destination === null ? '' : names.end(destination, at),
  ];
  const out: Ends = { workload: from, peer: to, peerAddress: destination, direction: 'out' };
  const into: Ends = { workload: to, peer: from, peerAddress: source, direction: 'in' };
  const own = (end: string): boolean => end === node || end === 'loopback';
  if (own(from)) return { ...out, workload: node };
  if (own(to)) return { ...into, workload: node };
  if (isObject(from) && !(isNode(from) && isObject(to))) return out;
  if (isObject(to)) return into;
  // Nobody is known: the node passes it on, or it is one of the node's own addresses that the map does not have.
  const both = from !== '' && to !== '' ? `${from} → ${to}` : from || to;
  return { workload: node, peer: both, peerAddress: destination ?? source, direction: null };
}

export function endsOf(facts: Facts, names: Names): Ends {
  const ends = facts.pod === null ? ofNode(facts, names) : ofPod(facts, facts.pod, names);
  return { ...ends, workload: bounded(ends.workload), peer: bounded(ends.peer) };
}
