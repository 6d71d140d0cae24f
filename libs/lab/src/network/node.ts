/** A node's own network: loopback, eth0, default route, and every sysctl that matters, set explicitly. */
import { type NodePlan, netnsPath, UNDERLAY_GATEWAY } from '../spec.ts';
import { ipBatch, setSysctls } from './kernel.ts';

/** As kubelet's preflight checks and flanneld want or set them (kube-proxy's: kube-proxy-sync.ts); the rest at the kernel's defaults, but certain. */
const NODE_SYSCTLS: Readonly<Record<string, string>> = {
  'net.ipv6.conf.all.disable_ipv6': '1',
  'net.ipv6.conf.default.disable_ipv6': '1',
  'net.ipv4.conf.all.rp_filter': '0',
  'net.ipv4.conf.default.rp_filter': '0',
  'net.ipv4.conf.all.accept_local': '0',
  'net.ipv4.conf.all.log_martians': '0',
  'net.ipv4.conf.all.send_redirects': '0',
  'net.ipv4.conf.default.send_redirects': '0',
  // Without it a reply between two pods of one bridge would pass conntrack by, and keep the pod's address.
  'net.bridge.bridge-nf-call-iptables': '1',
  'net.bridge.bridge-nf-call-ip6tables': '1',
  'net.netfilter.nf_conntrack_tcp_be_liberal': '0',
  'net.ipv4.ip_forward': '1',
};

export async function configureNode(node: NodePlan): Promise<void> {
  const path = netnsPath(node.netns);
  await setSysctls(path, NODE_SYSCTLS);
  await ipBatch(path, [
    'link set lo up',
    `address add ${node.address}/24 dev eth0`,
    'link set eth0 up',
    `route add default via ${UNDERLAY_GATEWAY}`,
  ]);
}
