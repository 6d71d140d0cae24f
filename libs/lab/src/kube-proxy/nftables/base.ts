/** What stands in the table without any Service: base chains, the maps that Services are elements of, marks, refusals. */
import { ip, prefix, prefixContains } from '@netverdict/linux-net';
import type { KubeProxyConfig } from '../input.ts';
import type { Script } from './script.ts';

const BASE_CHAINS: readonly (readonly [string, string])[] = [
  // Before DNAT (-100): afterwards the balancer's address could not be told any more.
  ['filter-prerouting-pre-dnat', 'type filter hook prerouting priority -110'],
  ['filter-output-pre-dnat', 'type filter hook output priority -110'],
  ['filter-forward', 'type filter hook forward priority 0'],
  ['filter-input', 'type filter hook input priority 0'],
  ['filter-output', 'type filter hook output priority 0'],
  ['nat-output', 'type nat hook output priority -100'],
  ['nat-postrouting', 'type nat hook postrouting priority 100'],
  ['nat-prerouting', 'type nat hook prerouting priority -100'],
];

/** Jumps that ask of new connections only. */
const NEW_JUMPS: readonly (readonly [string, string])[] = [
  ['filter-prerouting-pre-dnat', 'firewall-check'],
  ['filter-output-pre-dnat', 'firewall-check'],
  ['filter-forward', 'service-endpoints-check'],
  ['filter-forward', 'cluster-ips-check'],
  ['filter-input', 'nodeport-endpoints-check'],
  ['filter-input', 'service-endpoints-check'],
  ['filter-output', 'service-endpoints-check'],
  ['filter-output', 'cluster-ips-check'],
];

export function writeBase(script: Script, config: KubeProxyConfig, nodeIps: readonly string[]): void {
  const { ip: family, addressType } = script;
  const service = `type ${addressType} . inet_proto . inet_service : verdict`;
  const nodePort = 'type inet_proto . inet_service : verdict';
  script.set('set', 'cluster-ips', `type ${addressType} ; comment "Active ClusterIPs"`);
  script.set('set', 'nodeport-ips', `type ${addressType} ; comment "IPs that accept NodePort traffic"`);
  script.set('map', 'firewall-ips', `${service} ; comment "destinations that are subject to LoadBalancerSourceRanges"`);
  script.set(
    'map',
    'no-endpoint-nodeports',
    `${nodePort} ; comment "vmap to drop or reject packets to service nodeports with no endpoints"`,
  );
  script.set(
    'map',
    'no-endpoint-services',
    `${service} ; comment "vmap to drop or reject packets to services with no endpoints"`,
  );
  script.set('map', 'service-ips', `${service} ; comment "ClusterIP, ExternalIP and LoadBalancer IP traffic"`);
  script.set('map', 'service-nodeports', `${nodePort} ; comment "NodePort traffic"`);

  for (const [name, spec] of BASE_CHAINS) script.chain(name, spec);
  for (const name of ['cluster-ips-check', 'firewall-check', 'mark-for-masquerade', 'masquerading']) script.chain(name);
  for (const name of ['nodeport-endpoints-check', 'service-endpoints-check', 'services']) script.chain(name);
  script.chain('reject-chain', 'comment "helper for @no-endpoint-services / @no-endpoint-nodeports"');

  for (const [from, to] of NEW_JUMPS) script.rule(from, `ct state new jump ${to}`);
  script.rule('nat-prerouting', 'jump services');
  script.rule('nat-output', 'jump services');
  script.rule('nat-postrouting', 'jump masquerading');

  const key = `${family} daddr . meta l4proto . th dport`;
  const atNode = nodePortCondition(script, config, nodeIps);
  script.rule(
    'cluster-ips-check',
    `${family} daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"`,
  );
  if (config.serviceCidrs.length > 0)
    script.rule(
      'cluster-ips-check',
      `${family} daddr { ${config.serviceCidrs.join(', ')} } drop comment "Drop traffic to unallocated ClusterIPs"`,
    );
  script.rule('firewall-check', `${key} vmap @firewall-ips`);
  script.rule('service-endpoints-check', `${key} vmap @no-endpoint-services`);
  script.rule('nodeport-endpoints-check', `${atNode} meta l4proto . th dport vmap @no-endpoint-nodeports`);
  script.rule('services', `${key} vmap @service-ips`);
  script.rule('services', `${atNode} meta l4proto . th dport vmap @service-nodeports`);
  script.rule('reject-chain', 'reject');
  writeMasquerade(script, config);
}

function writeMasquerade(script: Script, { masqueradeBit }: KubeProxyConfig): void {
  const mark = `0x${(1 << masqueradeBit).toString(16)}`;
  script.rule('mark-for-masquerade', `mark set mark or ${mark}`);
  script.rule('masquerading', `mark and ${mark} == 0 return`);
  // The mark goes, lest the packet be masqueraded again on its way.
  script.rule('masquerading', `mark set mark xor ${mark}`);
  script.rule('masquerading', 'masquerade fully-random');
}

/** Without --nodeport-addresses the node's own address alone answers; with everything, each that is local but loopback. */
function nodePortCondition(script: Script, { nodePortAddresses }: KubeProxyConfig, nodeIps: readonly string[]): string {
  const prefixes = (nodePortAddresses ?? []).map((text) => prefix(text));
  if (prefixes.some((p) => p.length === 0)) {
    const noLoopback = script.ip === 'ip' ? ' ip daddr != 127.0.0.0/8' : ' ip6 daddr != ::1';
    return `fib daddr type local${noLoopback}`;
  }
  const chosen =
    prefixes.length === 0
      ? nodeIps.slice(0, 1)
      : nodeIps.filter((text) => prefixes.some((p) => prefixContains(p, ip(text))));
  for (const text of chosen) script.element('nodeport-ips', text);
  return `${script.ip} daddr @nodeport-ips`;
}
