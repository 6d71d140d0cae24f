/** The table that kube-proxy writes in nftables mode, beside other people's cases where they lie at hand. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../api-server/object.ts';
import { writeKubeProxyNftables } from './write-rules.ts';

interface Case {
  readonly case: string;
  readonly config: { readonly family: 4 | 6; readonly podCIDR: string; readonly localDetector: boolean };
  readonly nodeName: string;
  readonly nodeIPs: readonly string[];
  readonly objects: readonly KubeObject[];
  readonly nftScript: string;
}

const folder =
  process.env.NETVERDICT_PEER_CASES ?? resolve(import.meta.dirname, '../../../../../../shared/data/peer-cases');
const file = resolve(folder, 'kube-proxy-nftables.jsonl');
const cases: readonly Case[] = existsSync(file)
  ? readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Case)
  : [];

const linesOf = (script: string): string[] => [...new Set(script.trim().split('\n'))].sort();

describe.skipIf(cases.length === 0)('the same lines as kube-proxy’s own', () => {
  it.each(cases.map((c) => [c.case, c] as const))('%s', (_, c) => {
    const script = writeKubeProxyNftables({
      objects: c.objects,
      nodeName: c.nodeName,
      nodeIps: c.nodeIPs,
      config: {
        family: c.config.family === 6 ? 'ipv6' : 'ipv4',
        localDetector: c.config.localDetector ? { kind: 'cluster-cidr', cidr: c.config.podCIDR } : null,
        nodePortAddresses: null,
        serviceCidrs: ['172.30.0.0/16'],
      },
    });
    expect(linesOf(script)).toEqual(linesOf(c.nftScript));
  });
});

const objects = (spec: object, status: object, nodeNames: readonly string[]): KubeObject[] => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      clusterIP: '10.96.0.80',
      clusterIPs: ['10.96.0.80'],
      ports: [{ port: 80, protocol: 'TCP', nodePort: 30080 }],
      ...spec,
    },
    status,
  } as KubeObject,
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    addressType: 'IPv4',
    metadata: { name: 'web', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
    ports: [{ port: 8080, protocol: 'TCP' }],
    endpoints: nodeNames.map((nodeName, i) => ({ addresses: [`10.244.${i + 1}.7`], nodeName })),
  } as KubeObject,
];

const written = (spec: object, nodeNames: readonly string[] = ['n'], status: object = {}): string =>
  writeKubeProxyNftables({ objects: objects(spec, status, nodeNames), nodeName: 'n', nodeIps: ['192.0.2.1'] });

it('a Service without endpoints is refused at once, one without an endpoint here is dropped', () => {
  expect(written({}, [])).toContain('no-endpoint-services { 10.96.0.80 . tcp . 80 : goto reject-chain }');
  expect(written({ externalTrafficPolicy: 'Local' }, ['other'])).toContain(
    'no-endpoint-nodeports { tcp . 30080 : drop }',
  );
});

it('a balancer with source ranges drops all others before DNAT', () => {
  const balanced = { status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } } };
  const script = written(
    { type: 'LoadBalancer', loadBalancerSourceRanges: ['198.51.100.0/24'] },
    ['n'],
    balanced.status,
  );
  expect(script).toMatch(/firewall-ips \{ 203\.0\.113\.9 \. tcp \. 80 : goto firewall-/);
  expect(script).toContain('ip saddr != { 198.51.100.0/24 } drop');
});

it('session affinity asks the sets first and keeps them up to date', () => {
  const script = written({ sessionAffinity: 'ClientIP' }, ['n', 'other']);
  expect(script.match(/ip saddr @affinity-\S+ goto endpoint-/g)).toHaveLength(2);
  expect(script.match(/update @affinity-\S+ \{ ip saddr \}/g)).toHaveLength(2);
  expect(script).toContain('flags dynamic,timeout ; timeout 10800s');
});
