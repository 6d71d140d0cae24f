/**
 * What flanneld programs on a node, in the order and form in which it does (flannel pkg/backend/vxlan, pkg/backend/hostgw,
 * pkg/trafficmngr/iptables).
 */
import { CLUSTER_POD_CIDR, FLANNEL_VNI, type LabSpec, type NodePlan, netnsPath, podMtu, VXLAN_PORT } from '../spec.ts';
import { bridgeBatch, ipBatch, restoreRules } from './kernel.ts';

/** flannel.1: no learning, no group; what it needs to know is told per peer. */
export const vtepLines = (node: NodePlan, vni = FLANNEL_VNI): readonly string[] => [
  `link add flannel.1 address ${node.vtepMac} mtu ${podMtu('flannel-vxlan')} type vxlan id ${vni} local ${node.address} dev eth0 dstport ${VXLAN_PORT} nolearning`,
  `address add ${node.vtepAddress}/32 dev flannel.1`,
  'link set flannel.1 up',
];

export const neighbourLine = (peer: NodePlan): string =>
  `neigh replace ${peer.vtepAddress} lladdr ${peer.vtepMac} dev flannel.1 nud permanent`;
export const vxlanRouteLine = (peer: NodePlan): string =>
  `route replace ${peer.podCidr} via ${peer.vtepAddress} dev flannel.1 onlink`;
const hostGwRouteLine = (peer: NodePlan): string => `route replace ${peer.podCidr} via ${peer.address} dev eth0`;
export const fdbLine = (peer: NodePlan): string =>
  `fdb replace ${peer.vtepMac} dev flannel.1 dst ${peer.address} self permanent`;

export const routeLine = (spec: LabSpec, peer: NodePlan): string =>
  spec.cni === 'flannel-vxlan' ? vxlanRouteLine(peer) : hostGwRouteLine(peer);

export async function programFlannel(spec: LabSpec, node: NodePlan, nodes: readonly NodePlan[]): Promise<void> {
  const path = netnsPath(node.netns);
  const peers = nodes.filter(({ name }) => name !== node.name);
  if (spec.cni === 'flannel-host-gw') {
    await ipBatch(path, peers.map(hostGwRouteLine));
    return;
  }
  await ipBatch(path, [...vtepLines(node), ...peers.map(neighbourLine)]);
  await bridgeBatch(path, peers.map(fdbLine));
  await ipBatch(path, peers.map(vxlanRouteLine));
}

/** The rule that {@link FLANNEL_MASQUERADE_POSITION} is about: everything from pods but multicast leaves masqueraded. */
export const FLANNEL_MASQUERADE_RULE = `-s ${CLUSTER_POD_CIDR} ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully`;
export const FLANNEL_MASQUERADE_POSITION = 5;
export const FLANNEL_FORWARD_JUMP = '-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD';

/** iptables-restore text, for --noflush after kube-proxy's: kube-proxy puts its jumps first, flanneld appends its own. */
function flannelRules(node: NodePlan): string {
  const masq = '-m comment --comment "flanneld masq"';
  const forward = '-m comment --comment "flanneld forward"';
  return `*nat
:FLANNEL-POSTRTG - [0:0]
-A POSTROUTING ${masq} -j FLANNEL-POSTRTG
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 ${masq} -j RETURN
-A FLANNEL-POSTRTG -s ${node.podCidr} -d ${CLUSTER_POD_CIDR} ${masq} -j RETURN
-A FLANNEL-POSTRTG -s ${CLUSTER_POD_CIDR} -d ${node.podCidr} ${masq} -j RETURN
-A FLANNEL-POSTRTG ! -s ${CLUSTER_POD_CIDR} -d ${node.podCidr} ${masq} -j RETURN
-A FLANNEL-POSTRTG ${FLANNEL_MASQUERADE_RULE}
-A FLANNEL-POSTRTG ! -s ${CLUSTER_POD_CIDR} -d ${CLUSTER_POD_CIDR} ${masq} -j MASQUERADE --random-fully
COMMIT
*filter
:FLANNEL-FWD - [0:0]
${FLANNEL_FORWARD_JUMP}
-A FLANNEL-FWD -s ${CLUSTER_POD_CIDR} ${forward} -j ACCEPT
-A FLANNEL-FWD -d ${CLUSTER_POD_CIDR} ${forward} -j ACCEPT
COMMIT
`;
}

export const loadFlannelRules = ({ name, iptables }: LabSpec, node: NodePlan): Promise<void> =>
  restoreRules({ lab: name, netnsPath: netnsPath(node.netns), variant: iptables }, flannelRules(node));
