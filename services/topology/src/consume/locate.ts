/** Where the ends of a capture or of a ping mesh are, from the informers' view. */
import type { LocateAnswer, LocatedEnd, LocateRequest } from '@netverdict/contracts';
import type { ClusterObjects } from '@netverdict/kube';
import type { Serving } from '@netverdict/messaging';
import { networksOf } from '../domain/networks.ts';
import { nodeIps } from '../domain/resolve/nodes.ts';
import { nameOf } from '../domain/resolve/pods.ts';
import type { ResolvedSource } from '../domain/resolve/resolution.ts';
import { resolveSource } from '../domain/resolve/source.ts';
import type { Topology } from '../topology.ts';

function located(source: ResolvedSource): LocatedEnd {
  switch (source.kind) {
    case 'pod': {
      const { pod } = source;
      const { namespace, name } = pod.meta;
      const common = { kind: 'pod', name: nameOf(pod), node: pod.nodeName, pod: { namespace, name } } as const;
      return { ...common, addresses: [...pod.ips] };
    }
    case 'node': {
      const { node, address } = source;
      const addresses = address === null ? [...nodeIps(node)] : [address];
      return { kind: 'node', name: node.meta.name, node: node.meta.name, pod: null, addresses };
    }
    case 'outside':
      return { kind: 'outside', name: source.address, node: null, pod: null, addresses: [source.address] };
  }
}

export function locate(objects: ClusterObjects, { ends }: LocateRequest): LocateAnswer {
  const { facts } = networksOf(objects);
  const found: LocatedEnd[] = [];
  for (const [index, end] of ends.entries()) {
    const resolved = resolveSource(objects, facts, end);
    if (!resolved.ok) {
      const { problem, title, detail, suggestions } = resolved.error;
      return { kind: 'unknown', index, problem, title, detail, suggestions: [...suggestions] };
    }
    found.push(located(resolved.value.source));
  }
  return { kind: 'located', ends: found };
}

export function serveLocate({ bus, cluster, view, viewReady }: Topology): Serving {
  return bus.serve('locate', { cluster, node: null }, async (request, reply) => {
    await reply(
      viewReady()
        ? locate(view.objects(), request)
        : { kind: 'error', message: `the objects of cluster ${cluster} have not been listed yet` },
    );
  });
}
