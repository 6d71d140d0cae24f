/** What the cluster's policies say of packets that the nodes let through: a policy that nothing enforces protects nobody. */
import { type ClusterMap, type Flow, parseIp, podKey, type Snapshot } from '@netverdict/linux-net';
import {
  type Answer,
  type Cluster,
  describeEnd,
  type End,
  endOf,
  endOfPod,
  evaluate,
  type KubernetesObject,
  type NetworkPolicy,
  type Protocol,
  policyName,
  readCluster,
  type TieredPolicy,
} from '@netverdict/netpol';
import { type Branch, type Diagnosis, FINDING_CODES, type Finding } from '@netverdict/verdict';

/** Policies know no ICMP: plugins differ in what they do with it. */
const PROTOCOLS: Readonly<Record<Flow['protocol'], Protocol | null>> = { tcp: 'TCP', udp: 'UDP', icmp: null };

export function withPolicies(diagnosis: Diagnosis, flow: Flow, { map }: Snapshot): Diagnosis {
  const protocol = PROTOCOLS[flow.protocol];
  if (protocol === null || !map.policyObjects?.length) return diagnosis;
  const { cluster } = readCluster([...nodesOf(map), ...(map.policyObjects as KubernetesObject[])]);
  const source = sourceOf(cluster, map, flow);
  if (source === null) return diagnosis;
  const found = new Map<string, Finding>();
  for (const branch of diagnosis.trace.branches) {
    const arrived = branch.disposition === 'delivered' ? arrival(cluster, map, flow, branch) : null;
    if (arrived === null) continue;
    const answer = evaluate(cluster, { source, destination: arrived.end, protocol, port: arrived.port });
    if (answer.allowed !== false) continue;
    const finding = findingOf(answer, source, arrived, protocol, branch);
    const key = JSON.stringify([finding.hop, finding.params]);
    const before = found.get(key);
    found.set(key, before ? { ...before, branches: [...before.branches, branch.id] } : finding);
  }
  return found.size === 0 ? diagnosis : { ...diagnosis, findings: [...diagnosis.findings, ...found.values()] };
}

interface Arrival {
  readonly end: End;
  readonly port: number;
  readonly place: string;
  readonly node: string | null;
}

const nodesOf = (map: ClusterMap): KubernetesObject[] =>
  map.nodes.map(({ name, addresses }) => ({
    kind: 'Node',
    metadata: { name },
    status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) },
  }));

/** null: a namespace that is neither a pod's nor a node's. */
function sourceOf(cluster: Cluster, map: ClusterMap, { source }: Flow): End | null {
  if (source.kind === 'external') {
    const address = parseIp(source.address);
    return address.ok ? endOf(cluster, address.value) : null;
  }
  return endAt(cluster, map, source.namespace);
}

function endAt(cluster: Cluster, map: ClusterMap, place: string): End | null {
  const pod = map.pods.find((known) => podKey(known.node, known.namespace, known.name) === place);
  if (pod) {
    const known = cluster.pods.get(`${pod.namespace}/${pod.name}`);
    return known ? endOfPod(known) : null;
  }
  const node = map.nodes.find(({ name }) => `${name}/host` === place);
  return node ? { kind: 'node', node: node.name, address: null } : null;
}

/** Where the first packet ended, and the port that it had by then: a Service's is translated on the way. */
function arrival(cluster: Cluster, map: ClusterMap, flow: Flow, branch: Branch): Arrival | null {
  const hops = branch.hops.filter((hop) => hop.direction === 'forward');
  const last = hops.at(-1);
  const end = last ? endAt(cluster, map, last.place) : null;
  if (!last || end?.kind !== 'pod') return null;
  const views = hops.flatMap((hop) => hop.steps.flatMap(({ packet }) => (packet && !packet.outer ? [packet] : [])));
  const port = views.at(-1)?.dport ?? flow.destination.port;
  return port === null ? null : { end, port, place: last.place, node: last.node };
}

function findingOf(
  answer: Answer,
  source: End,
  { end, port, place, node }: Arrival,
  protocol: Protocol,
  branch: Branch,
): Finding {
  const denying = [answer.egress, answer.ingress].flatMap((decision): readonly (NetworkPolicy | TieredPolicy)[] =>
    decision.kind === 'denied-by-isolation' ? decision.policies : decision.kind === 'tier' ? [decision.by.policy] : [],
  );
  return {
    code: 'NV-POLICY-UNENFORCED',
    severity: FINDING_CODES['NV-POLICY-UNENFORCED'].severity,
    hop: place,
    node,
    direction: 'forward',
    branches: [branch.id],
    params: {
      policies: denying.map(policyName).join(', '),
      source: describeEnd(source),
      destination: describeEnd(end),
      port: `${protocol} ${port}`,
    },
    evidence: denying.map((policy) => ({
      section: null,
      kind: policy.kind,
      line: null,
      text: `${policyName(policy)} selects one of the two pods, and none of its rules allows this`,
    })),
    remedy: {
      command: null,
      on: null,
      en: 'Flannel alone enforces no policies: a policy engine has to run on the nodes (Calico, kube-router, Cilium…). If one does, see in its log why it does not follow this policy.',
      zh: '仅使用 Flannel 时不会执行任何策略:节点上需要运行策略引擎(Calico、kube-router、Cilium 等)。如果已经有,请在其日志中查看为何没有执行该策略。',
      proven: false,
    },
  };
}
