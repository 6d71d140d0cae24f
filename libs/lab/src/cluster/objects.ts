/** The lab as Kubernetes objects, as the control plane, kubelet and flanneld would have written them. */
import type { KubeObject } from '../api-server/object.ts';
import { ECHO_IMAGE } from '../runtime/image.ts';
import { CLUSTER_POD_CIDR, FLANNEL_VNI, type LabSpec, type NodePlan, SERVICE_CIDR } from '../spec.ts';
import { criSocketOf, type LabPod } from '../state.ts';
import { endpointSliceOf, SERVICES, serviceObject } from './services.ts';

export function clusterObjects(
  spec: LabSpec,
  nodes: readonly NodePlan[],
  pods: readonly LabPod[],
): readonly KubeObject[] {
  return [
    ...['default', 'kube-system', 'kube-public', 'kube-node-lease'].map(namespaceObject),
    ...nodes.map((node) => nodeObject(spec, node)),
    webDeployment(pods),
    ...pods.map((pod) => podObject(pod, nodes)),
    ...SERVICES.map(serviceObject),
    ...SERVICES.map((service) => endpointSliceOf(service, pods)),
    kubeProxyConfigMap(),
    flannelConfigMap(spec),
  ];
}

const namespaceObject = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
  spec: { finalizers: ['kubernetes'] },
  status: { phase: 'Active' },
});

function nodeObject(spec: LabSpec, node: NodePlan): KubeObject {
  const vxlan = spec.cni === 'flannel-vxlan';
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      labels: { 'kubernetes.io/hostname': node.name, 'kubernetes.io/os': 'linux' },
      annotations: {
        // host-gw has no data of its own; flanneld writes JSON null.
        'flannel.alpha.coreos.com/backend-data': vxlan
          ? JSON.stringify({ VNI: FLANNEL_VNI, VtepMAC: node.vtepMac })
          : 'null',
        'flannel.alpha.coreos.com/backend-type': vxlan ? 'vxlan' : 'host-gw',
        'flannel.alpha.coreos.com/kube-subnet-manager': 'true',
        'flannel.alpha.coreos.com/public-ip': node.address,
        'kubeadm.alpha.kubernetes.io/cri-socket': `unix://${criSocketOf(spec.name, node.name)}`,
      },
    },
    spec: { podCIDR: node.podCidr, podCIDRs: [node.podCidr] },
    status: {
      addresses: [
        { type: 'InternalIP', address: node.address },
        { type: 'Hostname', address: node.name },
      ],
      capacity: { cpu: '2', memory: '4Gi', pods: '110' },
      allocatable: { cpu: '2', memory: '4Gi', pods: '110' },
      conditions: [
        { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
      ],
      nodeInfo: {
        architecture: process.arch === 'x64' ? 'amd64' : process.arch,
        bootID: '',
        containerRuntimeVersion: 'containerd://1.6',
        kernelVersion: '',
        kubeProxyVersion: 'v1.30.0',
        kubeletVersion: 'v1.30.0',
        machineID: '',
        operatingSystem: 'linux',
        osImage: 'lab',
        systemUUID: '',
      },
    },
  };
}

const WEB_UID = '6f1f2d52-9a3c-4b5e-8a51-0c6f5c2b7d10';
const CONTAINER_PORTS: Readonly<Record<string, readonly object[]>> = {
  web: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
  dns: [{ name: 'dns', containerPort: 5353, protocol: 'UDP' }],
};

function podObject(pod: LabPod, nodes: readonly NodePlan[]): KubeObject {
  const started = new Date(pod.startedAtMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const app = pod.labels.app ?? '';
  const condition = (type: string) => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: started });
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: WEB_UID, controller: true };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: pod.name,
      namespace: pod.namespace,
      uid: pod.uid,
      labels: pod.labels,
      creationTimestamp: started,
      ...(app === 'web' ? { ownerReferences: [owner] } : {}),
    },
    spec: {
      nodeName: pod.node,
      hostNetwork: pod.hostNetwork,
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      containers: [{ name: 'echo', image: ECHO_IMAGE, ports: CONTAINER_PORTS[app] ?? [] }],
    },
    status: {
      phase: 'Running',
      hostIP: nodes.find(({ name }) => name === pod.node)?.address,
      hostIPs: [{ ip: nodes.find(({ name }) => name === pod.node)?.address }],
      podIP: pod.address,
      podIPs: [{ ip: pod.address }],
      startTime: started,
      qosClass: 'BestEffort',
      conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map(condition),
      containerStatuses: [
        {
          name: 'echo',
          image: ECHO_IMAGE,
          imageID: ECHO_IMAGE,
          containerID: `containerd://${pod.containerId}`,
          ready: true,
          started: true,
          restartCount: 0,
          state: { running: { startedAt: started } },
          lastState: {},
        },
      ],
    },
  };
}

function webDeployment(pods: readonly LabPod[]): KubeObject {
  const labels = { app: 'web' };
  const replicas = pods.filter(({ labels: { app } }) => app === 'web').length;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default', uid: WEB_UID, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'echo', image: ECHO_IMAGE }] } },
    },
    status: { replicas, readyReplicas: replicas, availableReplicas: replicas, updatedReplicas: replicas },
  };
}

const kubeProxyConfigMap = (): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'kube-proxy', namespace: 'kube-system', labels: { app: 'kube-proxy' } },
  data: {
    'config.conf': `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: ${CLUSTER_POD_CIDR}
detectLocalMode: ClusterCIDR
iptables:
  localhostNodePorts: true
  masqueradeAll: false
  masqueradeBit: 14
# Services are in ${SERVICE_CIDR}
`,
  },
});

const flannelConfigMap = (spec: LabSpec): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'kube-flannel-cfg', namespace: 'kube-system', labels: { app: 'flannel', tier: 'node' } },
  data: {
    'cni-conf.json': JSON.stringify({
      name: 'cbr0',
      cniVersion: '0.3.1',
      plugins: [{ type: 'flannel', delegate: { hairpinMode: true, isDefaultGateway: true } }],
    }),
    'net-conf.json': JSON.stringify({
      Network: CLUSTER_POD_CIDR,
      EnableNFTables: false,
      Backend: { Type: spec.cni === 'flannel-vxlan' ? 'vxlan' : 'host-gw' },
    }),
  },
});
