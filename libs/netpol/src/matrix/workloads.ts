/** Pods that policies cannot tell apart, as one end each; and the outside, as far as policies tell it apart. */
import { formatPrefix, type IpAddress, ip, type Prefix, prefixContains } from '@netverdict/linux-net';
import { type Cluster, type End, endOf, endOfPod, type Pod, podKey } from '../cluster.ts';
import type { Peer, Rule } from '../policy.ts';
import { holds, type Requirement, type Selector } from '../selector.ts';

export interface Workload {
  /** `shop/web`, `outside 10.0.0.0/8`. Unique within a matrix. */
  readonly name: string;
  /** One for all. */
  readonly end: End;
  /** How many pods; 1 for what is none. */
  readonly pods: number;
}

/** `Deployment/web`, `ReplicaSet/web-5d9c7` and a pod web-5d9c7-x2x4k without an owner that is known: web. */
export function workloadOf(pod: Pod): string {
  if (pod.owner === null) return podKey(pod);
  const [kind = '', name = ''] = pod.owner.split('/');
  return `${pod.namespace}/${kind === 'ReplicaSet' ? name.replace(/-[a-z0-9]+$/, '') : name}`;
}

/** @param policies clusters whose policies tell ends apart: this one's, and those that it is compared with */
export function workloadsOf(cluster: Cluster, policies: readonly Cluster[] = [cluster]): readonly Workload[] {
  const requirements = new Map<string, Requirement>();
  const blocks = blocksOf(policies);
  for (const selector of policies.flatMap(podSelectors))
    for (const requirement of selector.requirements) requirements.set(JSON.stringify(requirement), requirement);
  const decisive = [...requirements.values()];
  const groups = new Map<string, Map<string, Pod[]>>();
  for (const pod of cluster.pods.values()) {
    if (pod.ended) continue;
    const workload = workloadOf(pod);
    const classes = groups.get(workload) ?? new Map<string, Pod[]>();
    groups.set(workload, classes);
    const signature = signatureOf(pod, decisive, blocks);
    classes.set(signature, [...(classes.get(signature) ?? []), pod]);
  }
  const found: Workload[] = [];
  for (const [workload, classes] of groups)
    for (const pods of classes.values()) {
      const [first] = pods as [Pod, ...Pod[]];
      found.push({ name: classes.size === 1 ? workload : podKey(first), end: endOfPod(first), pods: pods.length });
    }
  return [...found.sort((a, b) => (a.name < b.name ? -1 : 1)), ...outsides(cluster, blocks)];
}

/** What of the pod any policy looks at. On its node's network it is the node. */
const signatureOf = (pod: Pod, requirements: readonly Requirement[], blocks: readonly Prefix[]): string =>
  [
    requirements.map((requirement) => (holds(requirement, pod.labels) ? '1' : '0')).join(''),
    blocks.map((block) => (pod.addresses.some((address) => prefixContains(block, address)) ? '1' : '0')).join(''),
    pod.ports.map(({ name, protocol, port }) => `${name}/${protocol}/${port}`).sort(),
    pod.hostNetwork ? pod.node : '',
  ].join('|');

const rulesOf = (cluster: Cluster): readonly Rule[] => [
  ...cluster.policies.flatMap(({ ingress, egress }) => [...(ingress ?? []), ...(egress ?? [])]),
  ...cluster.tiered.flatMap(({ ingress, egress }) => [...ingress, ...egress]),
];
const peersOf = (cluster: Cluster): readonly Peer[] => rulesOf(cluster).flatMap((rule) => rule.peers ?? []);

const podSelectors = (cluster: Cluster): readonly Selector[] => [
  ...cluster.policies.map((policy) => policy.pods),
  ...cluster.tiered.map((policy) => policy.subject.pods),
  ...peersOf(cluster).flatMap((peer) => (peer.kind === 'pods' ? [peer.pods] : [])),
];

function blocksOf(clusters: readonly Cluster[]): readonly Prefix[] {
  const blocks = new Map<string, Prefix>();
  for (const peer of clusters.flatMap(peersOf))
    if (peer.kind === 'block')
      for (const block of [peer.prefix, ...peer.except]) blocks.set(formatPrefix(block), block);
  return [...blocks.values()];
}

/**
 * An address for each way in which the blocks overlap: blocks nest or are disjoint, so that one in each block that lies in no
 * smaller one stands for all such. And one that lies in none.
 */
function outsides(cluster: Cluster, blocks: readonly Prefix[]): readonly Workload[] {
  const found: Workload[] = [];
  for (const block of blocks) {
    const inner = blocks.filter((b) => b !== block && b.length > block.length && prefixContains(block, b.address));
    const address = freeWithin(block, inner, (candidate) => endOf(cluster, candidate).kind === 'outside');
    if (address !== null)
      found.push({ name: `outside ${formatPrefix(block)}`, end: { kind: 'outside', address }, pods: 1 });
  }
  const rest = REST.find((address) => !blocks.some((block) => prefixContains(block, address)));
  if (rest !== undefined) found.push({ name: 'outside', end: { kind: 'outside', address: rest }, pods: 1 });
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Of the whole Internet, documentation's addresses first (RFC 5737). */
const REST: readonly IpAddress[] = ['203.0.113.1', '198.51.100.1', '192.0.2.1', '8.8.8.8', '100.64.0.1', '1.1.1.1'].map(
  (text) => ip(text),
);

/** The ends of the gaps between the inner blocks are tried. */
function freeWithin(
  block: Prefix,
  inner: readonly Prefix[],
  isOutside: (address: IpAddress) => boolean,
): IpAddress | null {
  const starts: IpAddress[] = [block.address, after(block.address, 1n)];
  for (const one of inner)
    starts.push(after(one.address, 1n << BigInt((block.family === 'ipv4' ? 32 : 128) - one.length)));
  return (
    starts.find(
      (address) =>
        prefixContains(block, address) && !inner.some((one) => prefixContains(one, address)) && isOutside(address),
    ) ?? null
  );
}

const after = (address: IpAddress, by: bigint): IpAddress =>
  (typeof address === 'number' ? Number((BigInt(address) + by) & 0xffffffffn) : address + by) as IpAddress;
