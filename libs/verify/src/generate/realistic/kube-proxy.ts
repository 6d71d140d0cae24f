/** A node with pods behind a bridge and the rules that kube-proxy would write for random Services and EndpointSlices. */
import {
  type KubeObject,
  type KubeProxyInput,
  kubeProxySysctls,
  writeKubeProxyNftables,
  writeKubeProxyRules,
} from '@netverdict/lab/kube-proxy';
import { address, FAMILIES } from '../addresses.ts';
import { addAddresses, addNamespace, addRoute, addVeth, type Draft } from '../draft.ts';
import { addSockets } from '../sockets.ts';

const SERVICE_SUBNET = 96;
type Family = (typeof FAMILIES)[number];

/** In iptables mode, or in nftables mode. */
export const kubeProxy = (draft: Draft): void => kubeProxyNode(draft, 'iptables');
export const kubeProxyNft = (draft: Draft): void => kubeProxyNode(draft, 'nftables');

function kubeProxyNode(draft: Draft, mode: 'iptables' | 'nftables'): void {
  const { random } = draft;
  const node = addNamespace(draft, 'n', { router: true });
  node.links.push('link add br0 type bridge');
  node.ip.push('link set br0 up');
  addAddresses(node, 'br0', 1, 254);
  ['a', 'b'].forEach((name, i) => {
    const pod = addNamespace(draft, name, { router: false });
    addVeth(node, `p${name}`, pod, 'eth0');
    node.ip.push(`link set p${name} master br0`);
    if (random.chance(0.8)) node.ip.push(`link set p${name} type bridge_slave hairpin on`);
    addAddresses(pod, 'eth0', 1, i + 1);
    addRoute(pod, 'default', 1, 254);
  });
  const outside = addNamespace(draft, 'o', { router: false });
  addVeth(outside, 'eth0', node, 'up0');
  addAddresses(outside, 'eth0', 9, 1);
  addAddresses(node, 'up0', 9, 254);
  addRoute(outside, 'default', 9, 254);
  addSockets(draft);
  const call = random.chance(0.8) ? 1 : 0;
  node.sysctls.push(`net/bridge/bridge-nf-call-iptables = ${call}`, `net/bridge/bridge-nf-call-ip6tables = ${call}`);
  for (const [path, value] of kubeProxySysctls()) node.deviceSysctls.push(`${path} = ${value}`);
  draft.lots++;
  for (const family of FAMILIES) {
    const objects = [
      ...nodeObject(family),
      ...Array.from({ length: random.int(1, 4) }, (_, i) => service(draft, family, i)).flat(),
    ];
    const input: KubeProxyInput = {
      objects,
      nodeName: 'n',
      nodeIps: [address(family, 9, 254)],
      config: {
        family,
        ...(random.chance(0.5) ? { masqueradeAll: random.chance(0.5) } : {}),
        ...(mode === 'nftables' ? nftSettings(draft, family) : {}),
      },
    };
    if (mode === 'nftables') {
      node.nft.push(...writeKubeProxyNftables(input).trimEnd().split('\n'));
      continue;
    }
    const text = writeKubeProxyRules(input);
    const list =
      family === 'ipv4'
        ? random.pick([node.iptablesLegacy, node.iptablesNft])
        : random.pick([node.ip6tablesLegacy, node.ip6tablesNft]);
    list.push(...text.trimEnd().split('\n'));
  }
}

const nftSettings = ({ random }: Draft, family: Family) => ({
  serviceCidrs: random.chance(0.5) ? [family === 'ipv4' ? '10.96.0.0/16' : 'fd00:96::/64'] : [],
  nodePortAddresses: random.chance(0.5) ? [family === 'ipv4' ? '0.0.0.0/0' : '::/0'] : null,
});

const nodeObject = (family: Family): KubeObject[] => [
  {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n' },
    status: { addresses: [{ type: 'InternalIP', address: address(family, 9, 254) }] },
  },
];

function service(draft: Draft, family: Family, index: number): KubeObject[] {
  const { random } = draft;
  const clusterIP = address(family, SERVICE_SUBNET, index + 1);
  const protocol = random.pick(['TCP', 'UDP']);
  const port = random.pick([80, 443]);
  const nodePort = 30080 + index;
  const type = random.pick(['ClusterIP', 'ClusterIP', 'NodePort', 'LoadBalancer']);
  const balancer = address(family, SERVICE_SUBNET, 100 + index);
  draft.targets.push({ family, address: clusterIP, port });
  if (type !== 'ClusterIP') draft.targets.push({ family, address: address(family, 9, 254), port: nodePort });
  if (type === 'LoadBalancer') draft.targets.push({ family, address: balancer, port });
  const backends = random.some(
    [
      { addresses: [address(family, 1, 1)], nodeName: 'n' },
      { addresses: [address(family, 1, 2)], nodeName: 'n' },
      { addresses: [address(family, 9, 1)], nodeName: 'elsewhere' },
    ],
    random.int(0, 3),
  );
  const name = `s${index}`;
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'v' },
      spec: {
        type,
        clusterIP,
        clusterIPs: [clusterIP],
        ports: [{ name: 'p', port, protocol, ...(type === 'ClusterIP' ? {} : { nodePort }) }],
        ...(type !== 'ClusterIP' && random.chance(0.4) ? { externalTrafficPolicy: 'Local' } : {}),
        ...(random.chance(0.2) ? { internalTrafficPolicy: 'Local' } : {}),
        ...(type === 'LoadBalancer' && random.chance(0.4)
          ? { loadBalancerSourceRanges: [family === 'ipv4' ? '10.9.0.0/24' : 'fd00:9::/64'] }
          : {}),
      },
      status: type === 'LoadBalancer' ? { loadBalancer: { ingress: [{ ip: balancer }] } } : {},
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name, namespace: 'v', labels: { 'kubernetes.io/service-name': name } },
      addressType: family === 'ipv4' ? 'IPv4' : 'IPv6',
      ports: [{ name: 'p', port: random.pick([80, 8080]), protocol }],
      endpoints: backends.map((backend) => ({
        ...backend,
        conditions: { ready: random.chance(0.85), serving: true, terminating: false },
      })),
    },
  ];
}
