import type {
  V1LabelSelector,
  V1NetworkPolicy,
  V1NetworkPolicyPeer,
  V1NetworkPolicyPort,
} from '@kubernetes/client-node';
import type { LabelSelector, NetworkPolicy, PolicyPeer, PolicyRule } from '../objects/network-policy.ts';
import { mapOf, projectMeta, protocolOf } from './meta.ts';

export function projectNetworkPolicy(raw: V1NetworkPolicy): NetworkPolicy {
  const { spec } = raw;
  const egress = (spec?.egress ?? []).map((rule) => projectRule(rule.to, rule.ports));
  return {
    kind: 'NetworkPolicy',
    meta: projectMeta(raw.metadata),
    podSelector: projectSelector(spec?.podSelector ?? {}),
    types: typesOf(spec?.policyTypes, egress.length > 0),
    ingress: (spec?.ingress ?? []).map((rule) => projectRule(fromOf(rule), rule.ports)),
    egress,
  };
}

/** The client's types call it `_from`; on the wire it is `from`. */
const fromOf = (rule: object): V1NetworkPolicyPeer[] | undefined =>
  Reflect.get(rule, 'from') as V1NetworkPolicyPeer[] | undefined;

/** Absent: Ingress always, Egress if the policy has egress rules (the API server writes it out, old objects lack it). */
function typesOf(types: readonly string[] | undefined, hasEgress: boolean): NetworkPolicy['types'] {
  if (types === undefined) return hasEgress ? ['Ingress', 'Egress'] : ['Ingress'];
  return types.filter((type) => type === 'Ingress' || type === 'Egress');
}

/** An empty list of peers or ports is none given: everyone. */
function projectRule(
  peers: readonly V1NetworkPolicyPeer[] | undefined | null,
  ports: readonly V1NetworkPolicyPort[] | undefined | null,
): PolicyRule {
  const allPeers = (peers ?? []).map(projectPeer);
  const allPorts = (ports ?? []).map((port) => ({
    protocol: protocolOf(port.protocol),
    port: port.port ?? null,
    endPort: port.endPort ?? null,
  }));
  return { peers: allPeers.length === 0 ? null : allPeers, ports: allPorts.length === 0 ? null : allPorts };
}

/** Null is absent: clients that write objects by hand send it. An empty selector is another thing: it selects all. */
function projectPeer(raw: V1NetworkPolicyPeer): PolicyPeer {
  const ipBlock = raw.ipBlock ?? null;
  if (ipBlock !== null) return { kind: 'ip-block', cidr: ipBlock.cidr, except: ipBlock.except ?? [] };
  const namespaces = raw.namespaceSelector ?? null;
  const pods = raw.podSelector ?? null;
  return {
    kind: 'pods',
    namespaces: namespaces === null ? null : projectSelector(namespaces),
    pods: pods === null ? null : projectSelector(pods),
  };
}

const projectSelector = (raw: V1LabelSelector): LabelSelector => ({
  matchLabels: mapOf(raw.matchLabels),
  matchExpressions: (raw.matchExpressions ?? []).map(({ key, operator, values }) => ({
    key,
    operator,
    values: values ?? [],
  })),
});
