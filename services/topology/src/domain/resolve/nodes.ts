/** Nodes by name. */
import { nearest } from '@netverdict/contracts';
import type { ClusterObjects, Node } from '@netverdict/kube';
import { ok } from '@netverdict/linux-net';
import { fail, type Outcome } from './outcome.ts';

export function resolveNode(objects: ClusterObjects, name: string): Outcome<Node> {
  const node = objects.nodes.get(name);
  if (node) return ok(node);
  const names = [...objects.nodes.keys()].sort();
  const near = nearest(name, names);
  const suggestions = (near.length > 0 ? near : names.slice(0, 5)).map((n) => `node ${n}`);
  return fail(
    'unknown-node',
    `There is no node ${name}`,
    `The cluster has ${names.length} node(s), none named ${name}.`,
    suggestions,
  );
}

/** Addresses that packets use: hostnames are no addresses. */
export const nodeIps = (node: Node): readonly string[] =>
  node.addresses.filter((a) => a.type === 'InternalIP' || a.type === 'ExternalIP').map((a) => a.address);
