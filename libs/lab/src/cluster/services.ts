/** The lab's Services, and the EndpointSlices that the endpoint controller would make for them. */
import type { KubeObject } from '../api-server/object.ts';
import type { LabPod } from '../state.ts';

export interface ServicePlan {
  readonly name: string;
  readonly clusterIp: string;
  readonly selector: Readonly<Record<string, string>>;
  readonly port: {
    readonly name: string;
    readonly protocol: 'TCP' | 'UDP';
    readonly port: number;
    readonly targetPort: string | number;
    /** What targetPort comes to in the pods. */
    readonly containerPort: number;
    readonly nodePort?: number;
  };
  readonly clientIpAffinitySeconds?: number;
}

const HTTP = { name: 'http', protocol: 'TCP', port: 80, targetPort: 'http', containerPort: 8080 } as const;

export const SERVICES: readonly ServicePlan[] = [
  { name: 'web', clusterIp: '10.96.0.80', selector: { app: 'web' }, port: HTTP },
  { name: 'web-nodeport', clusterIp: '10.96.0.81', selector: { app: 'web' }, port: { ...HTTP, nodePort: 30080 } },
  {
    name: 'dns',
    clusterIp: '10.96.0.53',
    selector: { app: 'dns' },
    port: { name: 'dns', protocol: 'UDP', port: 53, targetPort: 5353, containerPort: 5353 },
  },
  {
    // Endpoints on node-2 and node-3 only: node-1 has to send its NodePort's traffic elsewhere.
    name: 'far-nodeport',
    clusterIp: '10.96.0.83',
    selector: { app: 'dns' },
    port: { name: 'http', protocol: 'TCP', port: 80, targetPort: 8080, containerPort: 8080, nodePort: 30081 },
  },
  { name: 'empty', clusterIp: '10.96.0.90', selector: { app: 'nobody' }, port: HTTP },
  { name: 'sticky', clusterIp: '10.96.0.82', selector: { app: 'web' }, port: HTTP, clientIpAffinitySeconds: 10_800 },
];

export function serviceObject(plan: ServicePlan): KubeObject {
  const { name, protocol, port, targetPort, nodePort } = plan.port;
  const affinity = plan.clientIpAffinitySeconds;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: plan.name, namespace: 'default' },
    spec: {
      type: nodePort === undefined ? 'ClusterIP' : 'NodePort',
      clusterIP: plan.clusterIp,
      clusterIPs: [plan.clusterIp],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
      ...(nodePort === undefined ? {} : { externalTrafficPolicy: 'Cluster' }),
      selector: plan.selector,
      ports: [{ name, protocol, port, targetPort, ...(nodePort === undefined ? {} : { nodePort }) }],
      sessionAffinity: affinity === undefined ? 'None' : 'ClientIP',
      ...(affinity === undefined ? {} : { sessionAffinityConfig: { clientIP: { timeoutSeconds: affinity } } }),
    },
    status: { loadBalancer: {} },
  };
}

/** The plan's pods, with other addresses where `address` says so. */
export function endpointSliceOf(
  plan: ServicePlan,
  pods: readonly LabPod[],
  address: (pod: LabPod) => string = (pod) => pod.address,
): KubeObject {
  const selected = pods.filter((pod) =>
    Object.entries(plan.selector).every(([key, value]) => pod.labels[key] === value),
  );
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${plan.name}-lab`,
      namespace: 'default',
      labels: {
        'kubernetes.io/service-name': plan.name,
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      },
    },
    addressType: 'IPv4',
    endpoints: selected.map((pod) => ({
      addresses: [address(pod)],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: pod.node,
      targetRef: { kind: 'Pod', namespace: pod.namespace, name: pod.name, uid: pod.uid },
    })),
    // The controller writes no ports for a Service whose selector matches no pod.
    ports:
      selected.length === 0
        ? []
        : [{ name: plan.port.name, protocol: plan.port.protocol, port: plan.port.containerPort }],
  };
}
