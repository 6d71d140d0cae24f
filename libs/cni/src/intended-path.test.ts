import { describe, expect, it } from 'vitest';
import { type CniObjects, intendedPath, type PathEnd, type PathQuestion, podNetworks, recogniseCni } from './index.ts';

const objects = (backend: object): CniObjects => ({
  configMaps: [
    {
      namespace: 'kube-flannel',
      name: 'kube-flannel-cfg',
      data: { 'net-conf.json': JSON.stringify({ Network: '10.244.0.0/16', Backend: backend }) },
    },
  ],
  nodes: [1, 2].map((i) => ({
    name: `node-${i}`,
    addresses: [`172.18.0.${10 + i}`],
    podCidrs: [`10.244.${i}.0/24`],
    annotations: { 'flannel.alpha.coreos.com/public-ip': `172.18.0.${10 + i}` },
  })),
});
const pod = (node: string, name: string): PathEnd => ({ kind: 'pod', node, namespace: 'default', name });
const outside: PathEnd = { kind: 'outside', address: '203.0.113.10' };

function path(backend: object, source: PathEnd, destination: PathQuestion['destination']): string[] {
  const given = objects(backend);
  const { conventions } = recogniseCni(given);
  return intendedPath({ conventions, nodes: given.nodes, source, destination }).hops.map((h) => `${h.place}: ${h.via}`);
}
const end = (to: PathEnd): PathQuestion['destination'] => ({ kind: 'end', end: to });

const CLIENT = ['node-1/pod/default/client: eth0, default route', 'node-1/host: cni0'];
const WEB_2 = ['node-2/host: cni0', 'node-2/pod/default/web-2: eth0'];

describe('intended path', () => {
  it('same node: over the bridge only', () => {
    expect(path({ Type: 'vxlan' }, pod('node-1', 'client'), end(pod('node-1', 'web-1')))).toEqual([
      ...CLIENT,
      'node-1/host: cni0',
      'node-1/pod/default/web-1: eth0',
    ]);
  });
  it('other node by vxlan: through flannel.1 on both nodes', () => {
    expect(path({ Type: 'vxlan' }, pod('node-1', 'client'), end(pod('node-2', 'web-2')))).toEqual([
      ...CLIENT,
      'node-1/host: route 10.244.2.0/24 dev flannel.1, VTEP of node-2',
      'wire: vxlan VNI 1, udp/8472 from 172.18.0.11 to 172.18.0.12',
      'node-2/host: udp/8472, then flannel.1',
      ...WEB_2,
    ]);
  });
  it('VNI and port of the ConfigMap name the device and the wire', () => {
    const hops = path({ Type: 'vxlan', VNI: 7, Port: 4789 }, pod('node-1', 'client'), end(pod('node-2', 'web-2')));
    expect(hops.join('\n')).toContain('flannel.7');
    expect(hops.join('\n')).toContain('udp/4789');
  });
  it('other node by host-gw: a route via the peer, nothing wrapped', () => {
    expect(path({ Type: 'host-gw' }, pod('node-1', 'client'), end(pod('node-2', 'web-2')))).toEqual([
      ...CLIENT,
      'node-1/host: route 10.244.2.0/24 via 172.18.0.12',
      'wire: unencapsulated to 172.18.0.12',
      "node-2/host: the device that holds the node's address",
      ...WEB_2,
    ]);
  });
  it('service: translated on the client’s node, then to each endpoint', () => {
    const hops = path({ Type: 'host-gw' }, pod('node-1', 'client'), {
      kind: 'service',
      name: 'service default/web:80',
      entryNode: null,
      backends: [
        { label: 'web-1', end: pod('node-1', 'web-1') },
        { label: 'web-2', end: pod('node-2', 'web-2') },
      ],
    });
    expect(hops).toContain('node-1/host: KUBE-SERVICES: service default/web:80 → one of 2 endpoints');
    expect(hops).toContain('node-1/pod/default/web-1: web-1: eth0');
    expect(hops).toContain('wire: web-2: unencapsulated to 172.18.0.12');
  });
  it('NodePort from outside: over the wire to the entry node, translated there', () => {
    expect(
      path({ Type: 'host-gw' }, outside, {
        kind: 'service',
        name: 'node port 30080 of service default/web',
        entryNode: 'node-2',
        backends: [{ label: 'web-2', end: pod('node-2', 'web-2') }],
      }),
    ).toEqual([
      'outside: 203.0.113.10',
      'wire: to an address of node-2',
      'node-2/host: KUBE-SERVICES: node port 30080 of service default/web → 1 endpoint',
      'node-2/host: web-2: cni0',
      'node-2/pod/default/web-2: web-2: eth0',
    ]);
  });
  it('pod to outside is masqueraded by flannel', () => {
    expect(path({ Type: 'vxlan' }, pod('node-1', 'client'), end(outside))).toEqual([
      ...CLIENT,
      'node-1/host: FLANNEL-POSTRTG (masquerade), default route',
      'outside: 203.0.113.10',
    ]);
  });
});

describe('recognition', () => {
  const reason = (given: CniObjects): string => {
    const cni = recogniseCni(given);
    return cni.kind === 'unknown' ? cni.reason : (cni.conventions.name ?? '');
  };
  it.each([
    ['flannel by its ConfigMap', objects({ Type: 'vxlan' }), 'flannel (vxlan)'],
    ['another backend is named', objects({ Type: 'wireguard' }), 'flannel (wireguard)'],
    ['no ConfigMap', { ...objects({}), configMaps: [] }, 'no ConfigMap of a plugin that is known here'],
    [
      'garbage',
      {
        nodes: [],
        configMaps: [{ namespace: 'kube-system', name: 'kube-flannel-cfg', data: { 'net-conf.json': '{' } }],
      },
      'is not JSON',
    ],
  ] as const)('%s', (_row, given, expected) => {
    expect(reason(given)).toContain(expected);
  });
  it('tells the pod network', () => {
    expect(podNetworks(recogniseCni(objects({ Type: 'vxlan' })))).toEqual(['10.244.0.0/16']);
  });
});
