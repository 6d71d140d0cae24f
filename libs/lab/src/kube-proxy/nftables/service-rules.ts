/** The chains of one service port, and the elements of maps by which its addresses lead there or are refused. */
import { ip, prefix, prefixContains } from '@netverdict/linux-net';
import type { CategorizedEndpoints, Endpoint } from '../endpoints.ts';
import type { KubeProxyConfig } from '../input.ts';
import type { ServicePort } from '../service-ports.ts';
import { endpointName, portChain } from './names.ts';
import type { Script } from './script.ts';

export interface NftServiceContext {
  readonly script: Script;
  readonly config: KubeProxyConfig;
  /** The node's primary address of the family; null: it has none. */
  readonly nodeIp: string | null;
}

const MASQ = 'jump mark-for-masquerade';

export function writeServicePort(context: NftServiceContext, port: ServicePort, endpoints: CategorizedEndpoints): void {
  const hasInternal = port.internalLocal ? endpoints.local.length > 0 : endpoints.any;
  const hasExternal = port.externalLocal ? endpoints.local.length > 0 : endpoints.any;
  const balanced: [string, readonly Endpoint[]][] = [];
  if (port.usesClusterEndpoints && endpoints.cluster.length > 0)
    balanced.push([portChain('service', port), endpoints.cluster]);
  if (port.usesLocalEndpoints && endpoints.local.length > 0) balanced.push([portChain('local', port), endpoints.local]);
  for (const [chain] of balanced) context.script.chain(chain);
  writeAddresses(context, port, { any: endpoints.any, hasInternal, hasExternal });
  if (hasInternal) writeInternal(context, port);
  if (endpoints.any && port.externallyAccessible) writeExternal(context, port, hasExternal);
  if (usesFirewall(port, endpoints.any)) writeFirewall(context, port);
  for (const [chain, list] of balanced) writeBalancing(context, port, chain, list);
  for (const endpoint of endpoints.reachable) writeEndpoint(context, port, endpoint);
}

const usesFirewall = (port: ServicePort, any: boolean): boolean =>
  any && port.loadBalancerVips.length > 0 && port.loadBalancerSourceRanges.length > 0;

const policyChain = (port: ServicePort, local: boolean): string => portChain(local ? 'local' : 'service', port);

interface Has {
  readonly any: boolean;
  readonly hasInternal: boolean;
  readonly hasExternal: boolean;
}

function writeAddresses({ script }: NftServiceContext, port: ServicePort, has: Has): void {
  // Nobody anywhere: say so at once. Somebody, but not here where policy Local wants them: silence.
  const refusal = has.any ? 'drop' : 'goto reject-chain';
  const at = (address: string): string => `${address} . ${port.protocol} . ${port.port}`;
  script.element('cluster-ips', port.clusterIp);
  if (has.hasInternal)
    script.element('service-ips', `${at(port.clusterIp)} : goto ${policyChain(port, port.internalLocal)}`);
  else script.element('no-endpoint-services', `${at(port.clusterIp)} : ${refusal}`);

  const external = portChain('external', port);
  for (const address of [...port.externalIps, ...port.loadBalancerVips]) {
    if (has.any) script.element('service-ips', `${at(address)} : goto ${external}`);
    if (!has.hasExternal) script.element('no-endpoint-services', `${at(address)} : ${refusal}`);
  }
  if (usesFirewall(port, has.any))
    for (const address of port.loadBalancerVips)
      script.element('firewall-ips', `${at(address)} : goto ${portChain('firewall', port)}`);
  if (port.nodePort === null) return;
  const atNode = `${port.protocol} . ${port.nodePort}`;
  if (has.any) script.element('service-nodeports', `${atNode} : goto ${external}`);
  if (!has.hasExternal) script.element('no-endpoint-nodeports', `${atNode} : ${refusal}`);
}

/** To the ClusterIP: what does not come from a pod is masqueraded, that the reply finds back through this node. */
function writeInternal({ script, config }: NftServiceContext, port: ServicePort): void {
  const foreign = config.masqueradeAll ? '' : fromPods(script, config, '!= ');
  if (foreign === null) return;
  script.rule(policyChain(port, port.internalLocal), `${script.ip} daddr ${port.clusterIp} ${foreign}${MASQ}`);
}

/** What the local detector says of a packet; null: there is none. */
function fromPods(script: Script, { localDetector }: KubeProxyConfig, not: '' | '!= '): string | null {
  switch (localDetector?.kind) {
    case undefined:
      return null;
    case 'cluster-cidr':
      return `${script.ip} saddr ${not}${localDetector.cidr} `;
    case 'bridge-interface':
      return `iif ${not}${localDetector.name} `;
    case 'interface-name-prefix':
      return `iifname ${not}"${localDetector.prefix}*" `;
  }
}

function writeExternal({ script, config }: NftServiceContext, port: ServicePort, hasExternal: boolean): void {
  const chain = portChain('external', port);
  script.chain(chain);
  if (!port.externalLocal) script.rule(chain, MASQ);
  else {
    // Pods and the node itself are treated as if they had gone out to a balancer and come back: no policy holds for them.
    const pods = fromPods(script, config, '');
    if (pods !== null) script.rule(chain, `${pods}goto ${portChain('service', port)}`);
    script.rule(chain, `fib saddr type local ${MASQ}`);
    script.rule(chain, `fib saddr type local goto ${portChain('service', port)}`);
  }
  if (hasExternal) script.rule(chain, `goto ${policyChain(port, port.externalLocal)}`);
}

/** loadBalancerSourceRanges: who is not listed is dropped before DNAT. */
function writeFirewall({ script, nodeIp }: NftServiceContext, port: ServicePort): void {
  const chain = portChain('firewall', port);
  const ranges = [...port.loadBalancerSourceRanges];
  // A balancer address that is local to the node becomes the source of the node's own requests.
  if (nodeIp !== null && ranges.some((range) => prefixContains(prefix(range), ip(nodeIp))))
    ranges.push(...port.loadBalancerVips);
  script.chain(chain);
  script.rule(chain, `${script.ip} saddr != { ${ranges.join(', ')} } drop`);
}

function writeBalancing(
  { script }: NftServiceContext,
  port: ServicePort,
  chain: string,
  list: readonly Endpoint[],
): void {
  if (port.stickySeconds !== null)
    for (const e of list)
      script.rule(
        chain,
        `${script.ip} saddr @${endpointName('affinity', port, e)} goto ${endpointName('endpoint', port, e)}`,
      );
  const choices = list.map((e, i) => `${i} : goto ${endpointName('endpoint', port, e)}`);
  script.rule(chain, `numgen random mod ${list.length} vmap { ${choices.join(' , ')} }`);
}

function writeEndpoint({ script }: NftServiceContext, port: ServicePort, e: Endpoint): void {
  const chain = endpointName('endpoint', port, e);
  script.chain(chain);
  // A pod that reaches itself through its Service: without masquerade it would get an answer from its own address.
  script.rule(chain, `${script.ip} saddr ${e.ip} ${MASQ}`);
  if (port.stickySeconds !== null) {
    const set = endpointName('affinity', port, e);
    script.set('set', set, `type ${script.addressType} ; flags dynamic,timeout ; timeout ${port.stickySeconds}s`);
    script.rule(chain, `update @${set} { ${script.ip} saddr }`);
  }
  script.rule(chain, `meta l4proto ${port.protocol} dnat to ${e.destination}`);
}
