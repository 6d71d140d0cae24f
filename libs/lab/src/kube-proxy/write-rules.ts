/**
 * kube-proxy's iptables rules for one node (iptables mode), as text for iptables-restore.
 *
 *   nat     PREROUTING, OUTPUT ─▶ KUBE-SERVICES ─ ClusterIP ──────────────▶ KUBE-SVC-* / KUBE-SVL-* ─▶ KUBE-SEP-* (DNAT)
 *                                      ├ external, balancer IP ─(KUBE-FW-*)─▶ KUBE-EXT-* ──▲
 *                                      └ any local address ─▶ KUBE-NODEPORTS ──▲
 *           POSTROUTING ─▶ KUBE-POSTROUTING (MASQUERADE what KUBE-MARK-MASQ marked)
 *   filter  KUBE-SERVICES, KUBE-EXTERNAL-SERVICES refuse what has no endpoint; KUBE-PROXY-FIREWALL, KUBE-FORWARD, KUBE-FIREWALL
 *
 * The form is that of Kubernetes 1.29 and later (pkg/proxy/iptables).
 */
import { familyOf, formatIp, parseIp } from '@netverdict/linux-net';
import { localhostNodePorts, writeForward, writeJumps, writeMasquerade, writeNodePortJump } from './base-rules.ts';
import { categorizeEndpoints, endpointsOf, slicesByService } from './endpoints.ts';
import { DEFAULT_KUBE_PROXY_CONFIG, type KubeProxyConfig, type KubeProxyInput } from './input.ts';
import type { NodeJson } from './objects.ts';
import { servicePorts } from './service-ports.ts';
import { writeServicePort } from './service-rules.ts';
import { Table } from './table.ts';

const LARGE_CLUSTER_ENDPOINTS = 1000;

/**
 * The whole of tables nat and filter (and mangle with `canaryChains`), base chains with policy ACCEPT, in the form that
 * iptables-save prints. Feed it to `iptables-restore` without --noflush, or to `ip6tables-restore` for family ipv6.
 */
export function writeKubeProxyRules(input: KubeProxyInput): string {
  const config: KubeProxyConfig = { ...DEFAULT_KUBE_PROXY_CONFIG, ...input.config };
  const nat = new Table('nat', ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING']);
  const filter = new Table('filter', ['INPUT', 'FORWARD', 'OUTPUT']);
  writeJumps(nat, filter);
  writeMasquerade(nat, config);

  const slices = slicesByService(input.objects);
  const ports = servicePorts(input.objects, config.family).map((port) => ({
    port,
    endpoints: endpointsOf(port, slices.get(port.service) ?? [], input.nodeName),
  }));
  const total = ports.reduce((sum, { endpoints }) => sum + endpoints.length, 0);
  const nodeIps = nodeAddresses(input, config);
  const largeCluster = total > LARGE_CLUSTER_ENDPOINTS;
  for (const { port, endpoints } of ports) {
    const context = { nat, filter, config, nodeIp: nodeIps[0] ?? null, largeCluster };
    writeServicePort(context, port, categorizeEndpoints(port, endpoints));
  }
  writeNodePortJump(nat, config, nodeIps);
  writeForward(filter, config);

  const tables = [nat, filter];
  if (config.canaryChains) {
    const mangle = new Table('mangle', ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']);
    tables.unshift(mangle);
    for (const table of tables) table.chain('KUBE-PROXY-CANARY');
  }
  return `${tables.flatMap((table) => table.lines()).join('\n')}\n`;
}

/** Of the family, the Node object's InternalIP first: kube-proxy takes that for the node's own. */
export function nodeAddresses(input: KubeProxyInput, config: KubeProxyConfig): string[] {
  const node: NodeJson | undefined = input.objects.find((o) => o.kind === 'Node' && o.metadata.name === input.nodeName);
  const internal = (node?.status?.addresses ?? []).filter((a) => a.type === 'InternalIP').map((a) => a.address);
  return [...new Set([...internal, ...input.nodeIps])].flatMap((text) => {
    const parsed = parseIp(text);
    return parsed.ok && familyOf(parsed.value) === config.family ? [formatIp(parsed.value)] : [];
  });
}

/** The sysctls that kube-proxy sets for these rules to work, as path below /proc/sys and value. */
export function kubeProxySysctls(config: Partial<KubeProxyConfig> = {}): readonly (readonly [string, string])[] {
  const full = { ...DEFAULT_KUBE_PROXY_CONFIG, ...config };
  return localhostNodePorts(full) ? [['net/ipv4/conf/all/route_localnet', '1']] : [];
}
