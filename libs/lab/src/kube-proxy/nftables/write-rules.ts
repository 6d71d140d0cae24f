/**
 * kube-proxy's table for one node in nftables mode, as a script for `nft -f`. The form is that of Kubernetes 1.31
 * (pkg/proxy/nftables).
 *
 *   nat-prerouting, nat-output ─▶ services ─ @service-ips ───────▶ service-* / local-* ─▶ endpoint-* (dnat)
 *                                     │        └─▶ external-* ──────▲
 *                                     └ node's address: @service-nodeports ─▶ external-*
 *   filter-*-pre-dnat ─▶ firewall-check ─ @firewall-ips ─▶ firewall-*
 *   filter-* ─▶ service-endpoints-check, nodeport-endpoints-check, cluster-ips-check refuse what leads nowhere
 */
import { categorizeEndpoints, endpointsOf, slicesByService } from '../endpoints.ts';
import { DEFAULT_KUBE_PROXY_CONFIG, type KubeProxyConfig, type KubeProxyInput } from '../input.ts';
import { servicePorts } from '../service-ports.ts';
import { nodeAddresses } from '../write-rules.ts';
import { writeBase } from './base.ts';
import { Script } from './script.ts';
import { writeServicePort } from './service-rules.ts';

export function writeKubeProxyNftables(input: KubeProxyInput): string {
  const config: KubeProxyConfig = { ...DEFAULT_KUBE_PROXY_CONFIG, ...input.config };
  const script = new Script(config.family);
  const nodeIps = nodeAddresses(input, config);
  writeBase(script, config, nodeIps);
  const slices = slicesByService(input.objects);
  for (const port of servicePorts(input.objects, config.family)) {
    const endpoints = endpointsOf(port, slices.get(port.service) ?? [], input.nodeName);
    writeServicePort({ script, config, nodeIp: nodeIps[0] ?? null }, port, categorizeEndpoints(port, endpoints));
  }
  return `${script.lines().join('\n')}\n`;
}
