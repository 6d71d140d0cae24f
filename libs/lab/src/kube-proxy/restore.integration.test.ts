/** The written text is loaded by the real tools into a scratch namespace; what they print back must be the same rules. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../api-server/object.ts';
import type { KubeProxyInput } from './input.ts';
import { peerCases } from './peer-cases.ts';
import { parseSave } from './save-text.ts';
import { writeKubeProxyRules } from './write-rules.ts';

/** Every kind of rule at once: affinity, local policies, source ranges, health checks, UDP, SCTP, no endpoints. */
function everything(family: 'ipv4' | 'ipv6'): KubeProxyInput {
  const v6 = family === 'ipv6';
  const address = (last: number): string => (v6 ? `fd00:96::${last.toString(16)}` : `10.96.0.${last}`);
  const pod = (node: number): string => (v6 ? `fd00:244:0:${node}::7` : `10.244.${node}.7`);
  const service = (name: string, last: number, spec: object, status: object = {}): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'shop' },
    spec: { clusterIP: address(last), ports: [{ name: 'http', port: 80 }], ...spec },
    status,
  });
  const slice = (name: string, ports: readonly object[]): KubeObject => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'shop', labels: { 'kubernetes.io/service-name': name } },
    ports,
    endpoints: [1, 2, 3].map((node) => ({ addresses: [pod(node)], nodeName: `node-${node}` })),
  });
  const vip = { loadBalancer: { ingress: [{ ip: v6 ? '2001:db8::80' : '203.0.113.80' }] } };
  const http = [{ name: 'http', port: 8080 }];
  return {
    nodeName: 'node-1',
    nodeIps: [v6 ? 'fd00::1' : '10.0.0.1'],
    config: {
      family,
      localDetector: { kind: 'cluster-cidr', cidr: v6 ? 'fd00:244::/56' : '10.244.0.0/16' },
      randomFully: true,
      canaryChains: true,
    },
    objects: [
      service('plain', 1, {}),
      slice('plain', http),
      service('sticky', 2, { sessionAffinity: 'ClientIP' }),
      slice('sticky', http),
      service('empty', 3, { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30003 }] }),
      service(
        'balanced',
        4,
        {
          type: 'LoadBalancer',
          externalTrafficPolicy: 'Local',
          healthCheckNodePort: 31004,
          ports: [{ name: 'http', port: 80, nodePort: 30004 }],
          loadBalancerSourceRanges: [v6 ? 'fd00::/64' : '10.0.0.0/24', v6 ? '2001:db8:1::/64' : '198.51.100.0/24'],
          externalIPs: [v6 ? '2001:db8::99' : '192.0.2.9'],
        },
        vip,
      ),
      slice('balanced', http),
      service('here', 5, { internalTrafficPolicy: 'Local' }),
      slice('here', http),
      service('many', 6, {
        ports: [
          { name: 'dns', port: 53, protocol: 'UDP' },
          { name: 'sig', port: 99, protocol: 'SCTP' },
        ],
      }),
      slice('many', [
        { name: 'dns', port: 5353, protocol: 'UDP' },
        { name: 'sig', port: 99, protocol: 'SCTP' },
      ]),
    ],
  };
}

const namespace = `nv-kp-${randomBytes(3).toString('hex')}`;
const inNamespace = (tool: string, input?: string): string =>
  execFileSync('ip', ['netns', 'exec', namespace, tool], {
    encoding: 'utf8',
    ...(input === undefined ? {} : { input }),
    env: { ...process.env, XTABLES_LOCKFILE: `/run/${namespace}.lock` },
  });

beforeAll(() => {
  execFileSync('ip', ['netns', 'add', namespace]);
});
afterAll(() => {
  execFileSync('ip', ['netns', 'delete', namespace]);
  execFileSync('rm', ['-f', `/run/${namespace}.lock`]);
});

/** Tables and chains by name; rules in their order within the chain. */
const tablesOf = (text: string): Record<string, Record<string, readonly string[]>> =>
  Object.fromEntries(
    parseSave(text)
      .filter((table) => [...table.chains].length > 5 || table.name === 'nat' || table.name === 'filter')
      .map((table) => [table.name, Object.fromEntries([...table.chains].sort(([a], [b]) => (a < b ? -1 : 1)))]),
  );

const inputs = [
  ...peerCases().map(({ name, input }) => ({ name, input })),
  { name: 'every kind of rule', input: everything('ipv4') },
  { name: 'every kind of rule, IPv6', input: everything('ipv6') },
];

describe.each(['nft', 'legacy'])('iptables-%s', (variant) => {
  it.each(inputs)('prints back what was written: $name', ({ input }) => {
    const tool = `${input.config?.family === 'ipv6' ? 'ip6tables' : 'iptables'}-${variant}`;
    const written = writeKubeProxyRules(input);
    inNamespace(`${tool}-restore`, written);
    expect(tablesOf(inNamespace(`${tool}-save`))).toEqual(tablesOf(written));
    // Leave nothing for the other variant to trip over.
    inNamespace(`${tool}-restore`, '*nat\nCOMMIT\n*filter\nCOMMIT\n*mangle\nCOMMIT\n');
  });
});
