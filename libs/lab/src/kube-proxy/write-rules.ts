/** kube-proxy's iptables rules for one node (iptables mode), as text for iptables-restore. */
import type { KubeProxyInput } from './input.ts';

/** The whole of tables nat and filter, base chains with policy ACCEPT: feed to `iptables-restore` (without --noflush). */
export function writeKubeProxyRules(_input: KubeProxyInput): string {
  throw new Error('not written yet');
}
