/** What the simulation expects of a live probe: of the packet that was asked about, and of one straight to each backend of the Service. Pure. */
import type { ExpectedBranch, ExpectedTarget } from '@netverdict/contracts';
import type { ClusterMap, Flow } from '@netverdict/linux-net';
import { diagnose } from '@netverdict/netsim';
import { type Branch, outcomeOf, type Trace } from '@netverdict/verdict';

type World = Parameters<typeof diagnose>[0];
type End = ExpectedBranch['destination'];

/** Each is simulated and probed by itself: a Service with more is probed at these. */
const MAX_BACKENDS = 12;

export function expectedOf(world: World, flow: Flow, trace: Trace, map: ClusterMap): ExpectedTarget[] {
  const asked = target('asked', flow, flow.destination, trace, map);
  if (flow.source.kind === 'external') return [asked];
  const names = { source: '', destination: '' };
  return [
    asked,
    ...backendsOf(flow, asked.branches, map).map((end) => {
      const direct: Flow = { ...flow, destination: end };
      return target('backend', flow, end, diagnose(world, direct, names, { maxRounds: 0 }).diagnosis.trace, map);
    }),
  ];
}

const same = (a: End, b: End): boolean => a.address === b.address && a.port === b.port;

/** Where translations send the packet, and what the Service's objects name besides. */
function backendsOf(flow: Flow, branches: readonly ExpectedBranch[], map: ClusterMap): End[] {
  const found: End[] = [];
  const add = (end: End): void => {
    if (!same(end, flow.destination) && !found.some((other) => same(other, end))) found.push(end);
  };
  for (const { destination } of branches) add(destination);
  const ports = new Set(found.map(({ port }) => port));
  const service = map.services.find(({ clusterIps }) => clusterIps.includes(flow.destination.address));
  for (const { address, port, protocol, ready } of service?.endpoints ?? [])
    if (ready && protocol.toLowerCase() === flow.protocol && (ports.size === 0 || ports.has(port)))
      add({ address, port });
  return found.slice(0, MAX_BACKENDS);
}

function target(kind: ExpectedTarget['kind'], flow: Flow, end: End, trace: Trace, map: ClusterMap): ExpectedTarget {
  const { address, port } = end;
  return {
    kind,
    label: labelOf(end, map),
    protocol: flow.protocol,
    address,
    port,
    branches: trace.branches.map((branch) => expectedBranch(branch, end)),
  };
}

function labelOf({ address, port }: End, { pods, services }: ClusterMap): string {
  const pod = pods.find((p) => !p.hostNetwork && p.addresses.includes(address));
  if (pod) return `${pod.namespace}/${pod.name}`;
  const service = services.find(({ clusterIps }) => clusterIps.includes(address));
  const name = service ? `${service.namespace}/${service.name}` : address.includes(':') ? `[${address}]` : address;
  return port === null ? name : `${name}:${port}`;
}

function expectedBranch(branch: Branch, asked: End): ExpectedBranch {
  const { share, disposition, ended, hops } = branch;
  const forward = hops.filter((hop) => hop.direction === 'forward').flatMap((hop) => hop.steps);
  const last = forward.findLast((step) => step.packet !== undefined)?.packet;
  const stop = hops.at(-1)?.steps.findLast((step) => step.action === 'stop');
  return {
    share,
    outcome: outcomeOf(disposition),
    disposition,
    ended,
    destination: last ? { address: last.destination, port: last.dport } : asked,
    hops: hops
      .filter(({ kind }) => kind === 'host' || kind === 'pod' || kind === 'other')
      .map(({ place, direction }) => ({ place, direction })),
    stop: stop?.text ?? null,
  };
}
