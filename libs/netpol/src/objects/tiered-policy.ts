/** policy.networking.k8s.io: AdminNetworkPolicy, BaselineAdminNetworkPolicy (v1alpha1), ClusterNetworkPolicy (v1alpha2). */
import { err, ok, type Result } from '@netverdict/linux-net';
import type { Protocol } from '../cluster.ts';
import type { Peer, PortMatch, TieredPolicy, TieredRule } from '../policy.ts';
import { EVERYTHING } from '../selector.ts';
import { check } from './check.ts';
import type { ObjectProblem } from './problem.ts';
import { Reading } from './reading.ts';
import {
  AdminNetworkPolicyObject,
  type AdminPeer,
  type AdminPort,
  type AdminRule,
  BaselineAdminNetworkPolicyObject,
  ClusterNetworkPolicyObject,
  type ProtocolMatch,
  type Subject,
} from './schemas.ts';

const SCHEMAS = {
  AdminNetworkPolicy: AdminNetworkPolicyObject,
  BaselineAdminNetworkPolicy: BaselineAdminNetworkPolicyObject,
  ClusterNetworkPolicy: ClusterNetworkPolicyObject,
} as const;

interface Spec {
  readonly priority?: number;
  readonly tier?: 'Admin' | 'Baseline';
  readonly subject: Subject;
  readonly ingress?: readonly AdminRule[] | null;
  readonly egress?: readonly AdminRule[] | null;
}

export function readTieredPolicy(
  kind: TieredPolicy['kind'],
  value: unknown,
  name: string,
): Result<TieredPolicy, readonly ObjectProblem[]> {
  const wrong = check(SCHEMAS[kind], name, value);
  if (wrong.length > 0) return err(wrong);
  const { metadata, spec } = value as { metadata: { name: string }; spec: Spec };
  const reading = new Reading(name);
  const { namespaces, pods } = spec.subject;
  if ((namespaces === undefined) === (pods === undefined))
    reading.problem('/spec/subject', 'needs namespaces or pods, and not both');
  const policy: TieredPolicy = {
    kind,
    name: metadata.name,
    tier: kind === 'BaselineAdminNetworkPolicy' || spec.tier === 'Baseline' ? 'baseline' : 'admin',
    priority: spec.priority ?? 0,
    subject: podsOf(reading, spec.subject, '/spec/subject'),
    ingress: (spec.ingress ?? []).map((rule, i) => ruleOf(reading, rule, `/spec/ingress/${i}`)),
    egress: (spec.egress ?? []).map((rule, i) => ruleOf(reading, rule, `/spec/egress/${i}`)),
  };
  return reading.problems.length > 0 ? err(reading.problems) : ok(policy);
}

function podsOf(reading: Reading, { namespaces, pods }: Subject, pointer: string): TieredPolicy['subject'] {
  if (pods === undefined)
    return { namespaces: reading.selector(namespaces, `${pointer}/namespaces`), pods: EVERYTHING };
  return {
    namespaces: reading.selector(pods.namespaceSelector, `${pointer}/pods/namespaceSelector`),
    pods: reading.selector(pods.podSelector, `${pointer}/pods/podSelector`),
  };
}

const ACTIONS = { Allow: 'allow', Accept: 'allow', Deny: 'deny', Pass: 'pass' } as const;

function ruleOf(reading: Reading, rule: AdminRule, pointer: string): TieredRule {
  const direction = rule.from ? 'from' : 'to';
  const peers = (rule.from ?? rule.to ?? []).flatMap((peer, i) =>
    peersOf(reading, peer, `${pointer}/${direction}/${i}`),
  );
  const ports = [
    ...(rule.ports ?? []).flatMap((port, i) => portsOf(reading, port, `${pointer}/ports/${i}`)),
    ...(rule.protocols ?? []).flatMap((match, i) => protocolsOf(reading, match, `${pointer}/protocols/${i}`)),
  ];
  return {
    name: rule.name ?? null,
    action: ACTIONS[rule.action as keyof typeof ACTIONS],
    peers,
    ports: rule.ports?.length || rule.protocols?.length ? ports : null,
  };
}

function peersOf(reading: Reading, peer: AdminPeer, pointer: string): Peer[] {
  const { namespaces, pods, nodes, networks, domainNames } = peer;
  const found: Peer[] = [];
  if (namespaces || pods) {
    const of = podsOf(reading, { ...(namespaces ? { namespaces } : {}), ...(pods ? { pods } : {}) }, pointer);
    found.push({ kind: 'pods', ...of });
  }
  if (nodes) found.push({ kind: 'nodes', nodes: reading.selector(nodes, `${pointer}/nodes`) });
  (networks ?? []).forEach((text, i) => {
    const prefix = reading.prefix(text, `${pointer}/networks/${i}`);
    if (prefix) found.push({ kind: 'block', prefix, except: [] });
  });
  for (const domain of domainNames ?? []) found.push({ kind: 'unknown', what: `domain name ${domain}` });
  if (found.length === 0 && reading.problems.length === 0) reading.problem(pointer, 'names no peer');
  return found;
}

function portsOf(reading: Reading, port: AdminPort, pointer: string): PortMatch[] {
  const { portNumber, portRange, namedPort } = port;
  if (portNumber)
    return [{ kind: 'range', protocol: portNumber.protocol ?? 'TCP', from: portNumber.port, to: portNumber.port }];
  if (portRange) {
    const { protocol = 'TCP', start, end } = portRange;
    if (end < start) reading.problem(`${pointer}/portRange`, `ends at ${end}, before its start ${start}`);
    return [{ kind: 'range', protocol, from: start, to: end }];
  }
  if (namedPort !== undefined) return [{ kind: 'named', protocol: null, name: namedPort }];
  reading.problem(pointer, 'needs portNumber, portRange or namedPort');
  return [];
}

function protocolsOf(reading: Reading, match: ProtocolMatch, pointer: string): PortMatch[] {
  const found: PortMatch[] = [];
  for (const [key, protocol] of [
    ['tcp', 'TCP'],
    ['udp', 'UDP'],
    ['sctp', 'SCTP'],
  ] as const satisfies readonly (readonly [keyof ProtocolMatch, Protocol])[]) {
    const one = match[key];
    if (!one) continue;
    const { number, range } = one.destinationPort ?? {};
    if (range && range.end < range.start)
      reading.problem(
        `${pointer}/${key}/destinationPort/range`,
        `ends at ${range.end}, before its start ${range.start}`,
      );
    found.push({
      kind: 'range',
      protocol,
      from: number ?? range?.start ?? 0,
      to: number ?? range?.end ?? 65_535,
    });
  }
  if (match.destinationNamedPort !== undefined)
    found.push({ kind: 'named', protocol: null, name: match.destinationNamedPort });
  if (found.length === 0) reading.problem(pointer, 'needs tcp, udp, sctp or destinationNamedPort');
  return found;
}
