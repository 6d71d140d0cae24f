/**
 * The intended path: which namespaces and devices the objects and the CNI's conventions promise.
 *
 *   source ─▶ (its node: service translation) ─▶ [wire] ─▶ (node of the backend) ─▶ destination
 *
 * It describes; nothing is decided by it. The simulator finds the actual path.
 */
import { hostKey, podKey } from '@netverdict/linux-net';
import type { CniConventions, CniNode, IntendedHop, IntendedPath, PathEnd } from './plugin.ts';

export interface PathQuestion {
  readonly conventions: CniConventions;
  readonly nodes: readonly CniNode[];
  readonly source: PathEnd;
  readonly destination:
    | { readonly kind: 'end'; readonly end: PathEnd }
    | {
        readonly kind: 'service';
        /** `service shop/payments:80`. */
        readonly name: string;
        /** Node whose address is called, for a NodePort; null: translated on the source's node. */
        readonly entryNode: string | null;
        readonly backends: readonly { readonly label: string; readonly end: PathEnd }[];
      };
}

export function intendedPath(question: PathQuestion): IntendedPath {
  const { conventions, source, destination } = question;
  if (destination.kind === 'end') {
    return {
      cni: conventions.name,
      hops: [...leaveSource(question, ''), ...travel(question, source, destination.end)],
    };
  }
  const count = destination.backends.length;
  const entry = destination.entryNode ?? (source.kind === 'outside' ? null : source.node);
  const verb = count === 0 ? 'no ready endpoint: rejected' : count === 1 ? '1 endpoint' : `one of ${count} endpoints`;
  const translation: IntendedHop[] =
    entry === null ? [] : [{ place: hostKey(entry), via: `KUBE-SERVICES: ${destination.name} → ${verb}` }];
  const hops = [...leaveSource(question, entry === null ? '' : entry), ...translation];
  // From the translating node on; where the caller sits on that node too, its own end says whether it is the same pod.
  for (const backend of destination.backends) {
    const from: PathEnd = entry === null || sameNode(source, entry) ? source : { kind: 'host', node: entry };
    hops.push(...travel(question, from, backend.end).map((hop) => ({ ...hop, via: `${backend.label}: ${hop.via}` })));
  }
  return { cni: conventions.name, hops };
}

const sameNode = (end: PathEnd, node: string): boolean => end.kind !== 'outside' && end.node === node;

const placeOf = (end: PathEnd): string => {
  switch (end.kind) {
    case 'pod':
      return podKey(end.node, end.namespace, end.name);
    case 'host':
      return hostKey(end.node);
    case 'outside':
      return 'outside';
  }
};

/** The source itself, and its way to the node whose address is called, when that is another. */
function leaveSource({ conventions, source }: PathQuestion, entryNode: string): IntendedHop[] {
  const hops: IntendedHop[] = [];
  if (source.kind === 'pod') {
    hops.push({ place: placeOf(source), via: 'eth0, default route' });
    hops.push({ place: hostKey(source.node), via: conventions.podDevice ?? 'the pod’s host-side device' });
  } else if (source.kind === 'host') {
    hops.push({ place: placeOf(source), via: 'made here' });
  } else {
    hops.push({ place: 'outside', via: source.address });
  }
  if (entryNode !== '' && !sameNode(source, entryNode))
    hops.push({ place: 'wire', via: `to an address of ${entryNode}` });
  return hops;
}

/** From the source's node to the end: the source's own hops stand already. */
function travel({ conventions, nodes }: PathQuestion, from: PathEnd, to: PathEnd): IntendedHop[] {
  if (from.kind !== 'outside' && to.kind !== 'outside' && from.node === to.node) return arriveOnNode(conventions, to);
  if (to.kind === 'outside') {
    const masquerade = from.kind === 'pod' && conventions.masquerade ? `${conventions.masquerade}, ` : '';
    const leave = from.kind === 'outside' ? [] : [{ place: hostKey(from.node), via: `${masquerade}default route` }];
    return [...leave, { place: 'outside', via: to.address }];
  }
  const target = nodes.find((node) => node.name === to.node);
  const start = from.kind === 'outside' ? undefined : nodes.find((node) => node.name === from.node);
  if (to.kind === 'host' || !start || !target) {
    const leave = from.kind === 'outside' ? [] : [{ place: hostKey(from.node), via: `route to ${to.node}` }];
    return [...leave, { place: 'wire', via: `to an address of ${to.node}` }, ...arriveOnNode(conventions, to)];
  }
  const between = conventions.betweenNodes(start, target);
  return [
    { place: hostKey(start.name), via: between.leave },
    { place: 'wire', via: between.wire },
    { place: hostKey(target.name), via: between.arrive },
    ...arriveOnNode(conventions, to),
  ];
}

function arriveOnNode(conventions: CniConventions, to: Exclude<PathEnd, { kind: 'outside' }>): IntendedHop[] {
  if (to.kind === 'host') return [{ place: hostKey(to.node), via: 'taken by the node itself' }];
  return [
    { place: hostKey(to.node), via: conventions.podDevice ?? 'the pod’s host-side device' },
    { place: placeOf(to), via: 'eth0' },
  ];
}
