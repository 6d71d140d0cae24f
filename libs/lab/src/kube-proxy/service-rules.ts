/** The rules of one service port: where its addresses lead, what is masqueraded, and what is refused. */
import { ip, prefix, prefixContains } from '@netverdict/linux-net';
import type { CategorizedEndpoints, Endpoint } from './endpoints.ts';
import type { KubeProxyConfig } from './input.ts';
import type { ServicePort } from './service-ports.ts';
import { comment, dport, probability, type RuleSpec, type Table } from './table.ts';

export interface ServiceContext {
  readonly nat: Table;
  readonly filter: Table;
  readonly config: KubeProxyConfig;
  /** The node's primary address of the family; null: it has none. */
  readonly nodeIp: string | null;
  /** Above 1000 endpoints kube-proxy leaves the comments out of the endpoints' rules. */
  readonly largeCluster: boolean;
}

const MASQ = 'KUBE-MARK-MASQ';

export function writeServicePort(context: ServiceContext, port: ServicePort, endpoints: CategorizedEndpoints): void {
  const hasInternal = port.internalLocal ? endpoints.local.length > 0 : endpoints.any;
  const hasExternal = port.externalLocal ? endpoints.local.length > 0 : endpoints.any;
  writePortals(context, port, { any: endpoints.any, hasInternal, hasExternal });
  if (hasInternal) writeInternal(context, port);
  if (endpoints.any && port.externallyAccessible) writeExternal(context, port, hasExternal);
  if (usesFirewall(port, endpoints.any)) writeFirewall(context, port);
  if (port.usesClusterEndpoints && endpoints.cluster.length > 0)
    writeBalancing(context, port, port.clusterPolicyChain, endpoints.cluster);
  if (port.usesLocalEndpoints && endpoints.local.length > 0)
    writeBalancing(context, port, port.localPolicyChain, endpoints.local);
  for (const endpoint of endpoints.reachable) writeEndpoint(context, port, endpoint);
}

const usesFirewall = (port: ServicePort, any: boolean): boolean =>
  any && port.loadBalancerVips.length > 0 && port.loadBalancerSourceRanges.length > 0;

const internalChain = (port: ServicePort): string =>
  port.internalLocal ? port.localPolicyChain : port.clusterPolicyChain;

const reject = (family: ServicePort['family']): string =>
  `REJECT --reject-with ${family === 'ipv6' ? 'icmp6-port-unreachable' : 'icmp-port-unreachable'}`;

/** KUBE-SERVICES, KUBE-NODEPORTS, and their counterparts in filter for what has no endpoint. */
function writePortals(
  { nat, filter }: ServiceContext,
  port: ServicePort,
  has: { readonly any: boolean; readonly hasInternal: boolean; readonly hasExternal: boolean },
): void {
  const to = (destination: string, text: string, target: string): RuleSpec => ({
    destination,
    protocol: port.protocol,
    matches: [comment(text), dport(port.protocol, port.port)],
    target,
  });
  // Nobody anywhere: say so at once. Somebody, but not here where policy Local wants them: silence.
  const refusal = has.any
    ? { text: `${port.name} has no local endpoints`, target: 'DROP' }
    : { text: `${port.name} has no endpoints`, target: reject(port.family) };

  if (has.hasInternal) nat.rule('KUBE-SERVICES', to(port.clusterIp, `${port.name} cluster IP`, internalChain(port)));
  else filter.rule('KUBE-SERVICES', to(port.clusterIp, refusal.text, refusal.target));

  const firewalled = usesFirewall(port, has.any);
  for (const address of port.externalIps) {
    if (has.any) nat.rule('KUBE-SERVICES', to(address, `${port.name} external IP`, port.externalChain));
    if (!has.hasExternal) filter.rule('KUBE-EXTERNAL-SERVICES', to(address, refusal.text, refusal.target));
  }
  for (const address of port.loadBalancerVips) {
    const chain = firewalled ? port.firewallChain : port.externalChain;
    if (has.any) nat.rule('KUBE-SERVICES', to(address, `${port.name} loadbalancer IP`, chain));
    if (firewalled)
      filter.rule(
        'KUBE-PROXY-FIREWALL',
        to(address, `${port.name} traffic not accepted by ${port.firewallChain}`, 'DROP'),
      );
    if (!has.hasExternal) filter.rule('KUBE-EXTERNAL-SERVICES', to(address, refusal.text, refusal.target));
  }
  if (port.nodePort !== null) {
    const match = dport(port.protocol, port.nodePort);
    if (has.any)
      nat.rule('KUBE-NODEPORTS', {
        protocol: port.protocol,
        matches: [comment(port.name), match],
        target: port.externalChain,
      });
    if (!has.hasExternal)
      filter.rule('KUBE-EXTERNAL-SERVICES', {
        protocol: port.protocol,
        matches: [comment(refusal.text), '-m addrtype --dst-type LOCAL', match],
        target: refusal.target,
      });
  }
  if (port.healthCheckNodePort !== null)
    filter.rule('KUBE-NODEPORTS', {
      protocol: 'tcp',
      matches: [comment(`${port.name} health check node port`), dport('tcp', port.healthCheckNodePort)],
      target: 'ACCEPT',
    });
}

/** To the ClusterIP: what does not come from a pod is masqueraded, that the reply finds back through this node. */
function writeInternal({ nat, config }: ServiceContext, port: ServicePort): void {
  const foreign = config.masqueradeAll ? {} : fromPods(config, true);
  if (foreign === null) return;
  nat.rule(internalChain(port), {
    ...foreign,
    destination: port.clusterIp,
    protocol: port.protocol,
    matches: [comment(`${port.name} cluster IP`), dport(port.protocol, port.port)],
    target: MASQ,
  });
}

/** What the local detector says of a packet; null: there is none. */
function fromPods(config: KubeProxyConfig, negate: boolean): Pick<RuleSpec, 'source' | 'inInterface'> | null {
  const not = negate ? '!' : '';
  const detector = config.localDetector;
  switch (detector?.kind) {
    case undefined:
      return null;
    case 'cluster-cidr':
      return { source: `${not}${detector.cidr}` };
    case 'bridge-interface':
      return { inInterface: `${not}${detector.name}` };
    case 'interface-name-prefix':
      return { inInterface: `${not}${detector.prefix}+` };
  }
}

function writeExternal({ nat, config }: ServiceContext, port: ServicePort, hasExternal: boolean): void {
  const chain = port.externalChain;
  nat.chain(chain);
  if (!port.externalLocal) {
    nat.rule(chain, {
      matches: [comment(`masquerade traffic for ${port.name} external destinations`)],
      target: MASQ,
    });
  } else {
    // Pods and the node itself are treated as if they had gone out to a balancer and come back: no policy holds for them.
    const pods = fromPods(config, false);
    if (pods !== null)
      nat.rule(chain, {
        ...pods,
        matches: [comment(`pod traffic for ${port.name} external destinations`)],
        target: port.clusterPolicyChain,
      });
    const local = '-m addrtype --src-type LOCAL';
    nat.rule(chain, {
      matches: [comment(`masquerade LOCAL traffic for ${port.name} external destinations`), local],
      target: MASQ,
    });
    nat.rule(chain, {
      matches: [comment(`route LOCAL traffic for ${port.name} external destinations`), local],
      target: port.clusterPolicyChain,
    });
  }
  if (hasExternal) nat.rule(chain, { target: port.externalLocal ? port.localPolicyChain : port.clusterPolicyChain });
}

/** loadBalancerSourceRanges: who is not listed falls through undone, and KUBE-PROXY-FIREWALL drops it. */
function writeFirewall({ nat, nodeIp }: ServiceContext, port: ServicePort): void {
  const matches = [comment(`${port.name} loadbalancer IP`)];
  const allow = (source: string): void => nat.rule(port.firewallChain, { source, matches, target: port.externalChain });
  let nodeAllowed = false;
  for (const range of port.loadBalancerSourceRanges) {
    allow(range);
    if (nodeIp !== null && prefixContains(prefix(range), ip(nodeIp))) nodeAllowed = true;
  }
  // A balancer address that is local to the node becomes the source of the node's own requests.
  if (nodeAllowed) for (const vip of port.loadBalancerVips) allow(vip);
  nat.rule(port.firewallChain, {
    matches: [comment(`other traffic to ${port.name} will be dropped by KUBE-PROXY-FIREWALL`)],
  });
}

const recentMask = (family: ServicePort['family']): string =>
  family === 'ipv6' ? 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' : '255.255.255.255';

function writeBalancing(
  { nat, largeCluster }: ServiceContext,
  port: ServicePort,
  chain: string,
  endpoints: readonly Endpoint[],
): void {
  const about = (e: Endpoint): string[] => (largeCluster ? [] : [comment(`${port.name} -> ${e.destination}`)]);
  if (port.stickySeconds !== null)
    for (const e of endpoints)
      nat.rule(chain, {
        matches: [
          ...about(e),
          `-m recent --rcheck --seconds ${port.stickySeconds} --reap --name ${e.chain} --mask ${recentMask(port.family)} --rsource`,
        ],
        target: e.chain,
      });
  for (const [index, e] of endpoints.entries()) {
    const left = endpoints.length - index;
    nat.rule(chain, { matches: left > 1 ? [...about(e), probability(left)] : about(e), target: e.chain });
  }
}

function writeEndpoint({ nat, largeCluster }: ServiceContext, port: ServicePort, e: Endpoint): void {
  const about = largeCluster ? [] : [comment(port.name)];
  // A pod that reaches itself through its Service: without masquerade it would get an answer from its own address.
  nat.rule(e.chain, { source: e.ip, matches: about, target: MASQ });
  const remember =
    port.stickySeconds === null
      ? []
      : [`-m recent --set --name ${e.chain} --mask ${recentMask(port.family)} --rsource`];
  nat.rule(e.chain, {
    protocol: port.protocol,
    matches: [...about, ...remember, `-m ${port.protocol}`],
    target: `DNAT --to-destination ${e.destination}`,
  });
}
