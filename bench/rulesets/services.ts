/** n Services with two endpoints each, as kube-proxy writes them on the node where both endpoints run. */
import { type KubeObject, writeKubeProxyNftables, writeKubeProxyRules } from '@netverdict/lab/kube-proxy';

export type Mode = 'iptables' | 'nftables';

export const ENDPOINTS = ['10.244.1.1', '10.244.2.1'] as const;
export const CLIENT = '10.244.3.1';
/** UDP, so that the kernel's time can be taken with a plain send. */
export const PORT = 53;
const NODE_IP = '172.18.0.11';

export const clusterIp = (i: number): string => `10.${96 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`;

function objects(services: number): KubeObject[] {
  const list: KubeObject[] = [
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'n' },
      status: { addresses: [{ type: 'InternalIP', address: NODE_IP }] },
    },
  ];
  for (let i = 1; i <= services; i++) {
    const name = `service-${i}`;
    list.push(
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { namespace: 'bench', name },
        spec: {
          clusterIP: clusterIp(i),
          clusterIPs: [clusterIp(i)],
          ports: [{ name: 'dns', port: PORT, protocol: 'UDP' }],
        },
      },
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        addressType: 'IPv4',
        metadata: { namespace: 'bench', name, labels: { 'kubernetes.io/service-name': name } },
        ports: [{ name: 'dns', port: PORT, protocol: 'UDP' }],
        endpoints: ENDPOINTS.map((address) => ({ addresses: [address], nodeName: 'n' })),
      },
    );
  }
  return list;
}

export function rulesOf(mode: Mode, services: number): string {
  const write = mode === 'iptables' ? writeKubeProxyRules : writeKubeProxyNftables;
  return write({
    objects: objects(services),
    nodeName: 'n',
    nodeIps: [NODE_IP],
    config: { localDetector: { kind: 'cluster-cidr', cidr: '10.244.0.0/16' } },
  });
}
