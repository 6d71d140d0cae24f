/** networking.k8s.io/v1 NetworkPolicy (k8s.io/api/networking/v1/types.go; pkg/apis/networking/validation). */
import { err, ok, prefixContains, type Result } from '@netverdict/linux-net';
import type { Static } from 'typebox';
import type { NetworkPolicy, Peer, PortMatch, Rule } from '../policy.ts';
import { check } from './check.ts';
import type { ObjectProblem } from './problem.ts';
import { Reading } from './reading.ts';
import { NetworkPolicyObject, type NetworkPolicyPeer, type NetworkPolicyPort } from './schemas.ts';

export function readNetworkPolicy(value: unknown, name: string): Result<NetworkPolicy, readonly ObjectProblem[]> {
  const wrong = check(NetworkPolicyObject, name, value);
  if (wrong.length > 0) return err(wrong);
  const { metadata, spec = {} } = value as Static<typeof NetworkPolicyObject>;
  const reading = new Reading(name);
  const ingress = (spec.ingress ?? []).map(({ from, ports }, i) =>
    ruleOf(reading, from ?? [], ports ?? [], `/spec/ingress/${i}`, 'from'),
  );
  const egress = (spec.egress ?? []).map(({ to, ports }, i) =>
    ruleOf(reading, to ?? [], ports ?? [], `/spec/egress/${i}`, 'to'),
  );
  // Without policyTypes a policy is about ingress, and about egress where it has such a rule (SetDefaults_NetworkPolicy).
  const types = spec.policyTypes?.length ? spec.policyTypes : egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  const policy: NetworkPolicy = {
    kind: 'NetworkPolicy',
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    pods: reading.selector(spec.podSelector, '/spec/podSelector'),
    ingress: types.includes('Ingress') ? ingress : null,
    egress: types.includes('Egress') ? egress : null,
  };
  return reading.problems.length > 0 ? err(reading.problems) : ok(policy);
}

/** An empty list and an absent one are the same here: anybody, every port. */
function ruleOf(
  reading: Reading,
  peers: readonly NetworkPolicyPeer[],
  ports: readonly NetworkPolicyPort[],
  pointer: string,
  direction: 'from' | 'to',
): Rule {
  return {
    peers:
      peers.length === 0 ? null : peers.flatMap((peer, i) => peerOf(reading, peer, `${pointer}/${direction}/${i}`)),
    ports: ports.length === 0 ? null : ports.map((port, i) => portOf(reading, port, `${pointer}/ports/${i}`)),
  };
}

function peerOf(reading: Reading, peer: NetworkPolicyPeer, pointer: string): Peer[] {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  if (ipBlock) {
    if (podSelector || namespaceSelector)
      reading.problem(pointer, 'has an ipBlock beside selectors: only one is allowed');
    const prefix = reading.prefix(ipBlock.cidr, `${pointer}/ipBlock/cidr`);
    if (!prefix) return [];
    const except = (ipBlock.except ?? []).flatMap((text, i) => {
      const at = `${pointer}/ipBlock/except/${i}`;
      const inner = reading.prefix(text, at);
      if (!inner) return [];
      const strictlyWithin = inner.length > prefix.length && prefixContains(prefix, inner.address);
      if (!strictlyWithin) reading.problem(at, `${text} must lie strictly within ${ipBlock.cidr}`);
      return [inner];
    });
    return [{ kind: 'block', prefix, except }];
  }
  if (!podSelector && !namespaceSelector) {
    reading.problem(pointer, 'needs a podSelector, a namespaceSelector or an ipBlock');
    return [];
  }
  return [
    {
      kind: 'pods',
      namespaces: namespaceSelector ? reading.selector(namespaceSelector, `${pointer}/namespaceSelector`) : null,
      pods: reading.selector(podSelector, `${pointer}/podSelector`),
    },
  ];
}

function portOf(reading: Reading, value: NetworkPolicyPort, pointer: string): PortMatch {
  const { protocol = 'TCP', port, endPort } = value;
  if (typeof port === 'string') {
    if (endPort !== undefined) reading.problem(`${pointer}/endPort`, 'may not stand beside a named port');
    return { kind: 'named', protocol, name: port };
  }
  if (port === undefined) {
    if (endPort !== undefined) reading.problem(`${pointer}/endPort`, 'needs a port to begin with');
    return { kind: 'range', protocol, from: 0, to: 65_535 };
  }
  if (endPort !== undefined && endPort < port)
    reading.problem(`${pointer}/endPort`, `is ${endPort}, and must not be less than port ${port}`);
  return { kind: 'range', protocol, from: port, to: endPort ?? port };
}
