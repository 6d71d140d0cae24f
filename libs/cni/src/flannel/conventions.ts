/** How flanneld programs a node: bridge `cni0`, per-peer routes, and for vxlan the device `flannel.<VNI>`. */
import type { CniConventions, CniNode, NodeToNode } from '../plugin.ts';
import type { FlannelConfig } from './net-conf.ts';

/** The address that flanneld registered for the node; an override by annotation wins over the node object. */
export function publicIp(node: CniNode): string | null {
  return node.annotations['flannel.alpha.coreos.com/public-ip'] ?? node.addresses[0] ?? null;
}

/** The backend that flanneld of this node runs, where it differs from the ConfigMap after a change without restart. */
export const backendTypeOf = (node: CniNode): string | null =>
  node.annotations['flannel.alpha.coreos.com/backend-type'] ?? null;

export function flannelConventions(config: FlannelConfig): CniConventions {
  const { backend } = config;
  const type = backend.kind === 'other' ? backend.type : backend.kind;
  return {
    name: `flannel (${type})`,
    podDevice: 'cni0',
    // Flannel's own chain FLANNEL-POSTRTG (ip-masq) does it, kube-proxy does not.
    masquerade: 'FLANNEL-POSTRTG (masquerade)',
    betweenNodes: (from, to) => between(config, from, to),
  };
}

function between({ backend }: FlannelConfig, from: CniNode, to: CniNode): NodeToNode {
  const peer = publicIp(to) ?? to.name;
  const cidr = to.podCidrs[0] ?? 'the pod network';
  switch (backend.kind) {
    case 'vxlan': {
      if (backend.directRouting && sameSubnet24(publicIp(from), publicIp(to)))
        return hostGateway(cidr, peer, ' (vxlan with DirectRouting)');
      const device = `flannel.${backend.vni}`;
      return {
        leave: `route ${cidr} dev ${device}, VTEP of ${to.name}`,
        wire: `vxlan VNI ${backend.vni}, udp/${backend.port} from ${publicIp(from) ?? from.name} to ${peer}`,
        arrive: `udp/${backend.port}, then ${device}`,
      };
    }
    case 'host-gw':
      return hostGateway(cidr, peer, '');
    case 'other':
      return {
        leave: `flannel's ${backend.type} device to ${cidr}`,
        wire: `flannel ${backend.type} to ${peer}`,
        arrive: `flannel's ${backend.type} device`,
      };
  }
}

const hostGateway = (cidr: string, peer: string, note: string): NodeToNode => ({
  leave: `route ${cidr} via ${peer}${note}`,
  wire: `unencapsulated to ${peer}`,
  arrive: "the device that holds the node's address",
});

/** The objects do not tell the netmask; flanneld asks the kernel. A /24 is only a guess for a text nobody decides by. */
function sameSubnet24(a: string | null, b: string | null): boolean {
  const network = (text: string | null): string | undefined => text?.split('.').slice(0, 3).join('.');
  return a !== null && network(a) === network(b);
}
