/** Pods of a namespace that no policy can tell apart, as one class. Classes are numbered in the order of their namespaces' names. */
import type { Prefix } from '@netverdict/linux-net';
import { formatPrefix, prefixContains } from '@netverdict/linux-net';
import type { Cluster, Pod } from '../cluster.ts';
import type { NetworkPolicy, Peer, Rule } from '../policy.ts';
import type { Selector } from '../selector.ts';

export interface PodClass {
  /** One for all. */
  readonly pod: Pod;
  readonly pods: number;
}

export interface Classes {
  readonly namespaces: readonly string[];
  readonly classes: readonly PodClass[];
  /** The first class of each namespace; one more at the end. */
  readonly firstOf: readonly number[];
  readonly namespaceAt: ReadonlyMap<string, number>;
}

/** What policies look at of a pod. */
export interface Relevant {
  readonly keys: readonly string[];
  readonly blocks: readonly Prefix[];
  readonly named: boolean;
}

export function relevantOf(policies: readonly NetworkPolicy[]): Relevant {
  const keys = new Set<string>();
  const blocks = new Map<string, Prefix>();
  let named = false;
  const selector = ({ requirements }: Selector): void => {
    for (const { key } of requirements) keys.add(key);
  };
  const peer = (one: Peer): void => {
    if (one.kind === 'pods') selector(one.pods);
    else if (one.kind === 'block')
      for (const block of [one.prefix, ...one.except]) blocks.set(formatPrefix(block), block);
  };
  const rule = ({ peers, ports }: Rule): void => {
    peers?.forEach(peer);
    if (ports?.some((port) => port.kind === 'named')) named = true;
  };
  for (const { pods, ingress, egress } of policies) {
    selector(pods);
    ingress?.forEach(rule);
    egress?.forEach(rule);
  }
  return { keys: [...keys].sort(), blocks: [...blocks.values()], named };
}

export function classesOf(cluster: Cluster, relevant: Relevant): Classes {
  const byNamespace = new Map<string, Map<string, { pod: Pod; pods: number }>>();
  for (const pod of cluster.pods.values()) {
    // On its node's network a pod is the node, and no policy is about it.
    if (pod.ended || pod.hostNetwork) continue;
    const own = byNamespace.get(pod.namespace) ?? new Map<string, { pod: Pod; pods: number }>();
    byNamespace.set(pod.namespace, own);
    const signature = signatureOf(pod, relevant);
    const there = own.get(signature);
    if (there) there.pods += 1;
    else own.set(signature, { pod, pods: 1 });
  }
  const namespaces = [...byNamespace.keys()].sort();
  const classes: PodClass[] = [];
  const firstOf: number[] = [];
  for (const name of namespaces) {
    firstOf.push(classes.length);
    classes.push(...(byNamespace.get(name)?.values() ?? []));
  }
  firstOf.push(classes.length);
  return { namespaces, classes, firstOf, namespaceAt: new Map(namespaces.map((name, i) => [name, i])) };
}

export function signatureOf(pod: Pod, { keys, blocks, named }: Relevant): string {
  let text = '';
  for (const key of keys) {
    const value = pod.labels.get(key);
    text += value === undefined ? ',' : `=${value},`;
  }
  if (named) for (const { name, protocol, port } of pod.ports) text += `|${name} ${protocol} ${port}`;
  for (const block of blocks) text += pod.addresses.some((address) => prefixContains(block, address)) ? '1' : '0';
  return text;
}
