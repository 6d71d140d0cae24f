/** The NetworkPolicies that are about the flow's pods, and these pods and namespaces, as manifests: what libs/netpol reads. */
import type { ClusterObjects, NetworkPolicy, Pod } from '@netverdict/kube';

type Selector = NetworkPolicy['podSelector'];
type Rule = NetworkPolicy['ingress'][number];

/** A message must stay small: beyond this the policies are not looked at, which is not the same as none. */
const MOST_POLICIES = 500;

/** @param pods those that the flow can begin or end at */
export function policyObjects(objects: ClusterObjects, pods: readonly Pod[]): readonly object[] | null {
  const namespaces = new Set(pods.map((pod) => pod.meta.namespace));
  const policies = [...objects.networkPolicies.values()].filter((policy) => namespaces.has(policy.meta.namespace));
  if (policies.length === 0) return [];
  if (policies.length > MOST_POLICIES) return null;
  return [
    ...[...namespaces].map((name) => ({
      kind: 'Namespace',
      metadata: { name, labels: Object.fromEntries(objects.namespaces.get(name)?.meta.labels ?? []) },
    })),
    ...pods.map(podManifest),
    ...policies.map(policyManifest),
  ];
}

const podManifest = (pod: Pod): object => ({
  kind: 'Pod',
  metadata: { namespace: pod.meta.namespace, name: pod.meta.name, labels: Object.fromEntries(pod.meta.labels) },
  spec: {
    nodeName: pod.nodeName ?? undefined,
    hostNetwork: pod.hostNetwork,
    containers: [
      {
        ports: pod.ports.map(({ name, port, protocol }) => ({
          ...(name === null ? {} : { name }),
          containerPort: port,
          protocol,
        })),
      },
    ],
  },
  status: { phase: pod.phase, podIPs: pod.ips.map((ip) => ({ ip })) },
});

const policyManifest = (policy: NetworkPolicy): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { namespace: policy.meta.namespace, name: policy.meta.name },
  spec: {
    podSelector: selector(policy.podSelector),
    policyTypes: policy.types,
    ingress: policy.ingress.map((rule) => ruleManifest(rule, 'from')),
    egress: policy.egress.map((rule) => ruleManifest(rule, 'to')),
  },
});

const ruleManifest = ({ peers, ports }: Rule, direction: 'from' | 'to'): object => ({
  ...(peers === null ? {} : { [direction]: peers.map(peerManifest) }),
  ...(ports === null
    ? {}
    : {
        ports: ports.map(({ protocol, port, endPort }) => ({
          protocol,
          ...(port === null ? {} : { port }),
          ...(endPort === null ? {} : { endPort }),
        })),
      }),
});

const peerManifest = (peer: NonNullable<Rule['peers']>[number]): object =>
  peer.kind === 'ip-block'
    ? { ipBlock: { cidr: peer.cidr, except: peer.except } }
    : {
        ...(peer.namespaces === null ? {} : { namespaceSelector: selector(peer.namespaces) }),
        ...(peer.pods === null ? {} : { podSelector: selector(peer.pods) }),
      };

const selector = ({ matchLabels, matchExpressions }: Selector): object => ({
  matchLabels: Object.fromEntries(matchLabels),
  ...(matchExpressions.length === 0
    ? {}
    : {
        matchExpressions: matchExpressions.map(({ key, operator, values }) => ({
          key,
          operator,
          ...(values.length === 0 ? {} : { values }),
        })),
      }),
});
