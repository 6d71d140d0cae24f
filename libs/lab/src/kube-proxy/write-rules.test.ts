import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../api-server/object.ts';
import type { KubeProxyConfig } from './input.ts';
import { peerCases, peerCasesMissing } from './peer-cases.ts';
import { normalise, parseSave } from './save-text.ts';
import { writeKubeProxyRules } from './write-rules.ts';

interface Scenario {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
  /** `address@node`, with `!` in front when not ready, `~` when terminating but serving. */
  readonly endpoints?: readonly string[];
  readonly config?: Partial<KubeProxyConfig>;
}

/** Service shop/web, port `http` 80 → 8080, seen from node-1 (10.0.0.1). */
function rulesOf({
  spec = {},
  status = {},
  endpoints = ['10.244.1.7@node-1', '10.244.2.7@node-2'],
  config = {},
}: Scenario) {
  const v6 = config.family === 'ipv6';
  const clusterIP = v6 ? 'fd00:96::80' : '10.96.0.80';
  const objects: KubeObject[] = [
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'node-1' },
      status: { addresses: [{ type: 'InternalIP', address: v6 ? 'fd00::1' : '10.0.0.1' }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { type: 'ClusterIP', clusterIP, clusterIPs: [clusterIP], ports: [{ name: 'http', port: 80 }], ...spec },
      status,
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'web-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: v6 ? 'IPv6' : 'IPv4',
      ports: [{ name: 'http', port: 8080 }],
      endpoints: endpoints.map((text) => {
        const [address = '', nodeName = ''] = text.replace(/^[!~]/, '').split('@');
        const leaving = text.startsWith('~');
        const ready = !leaving && !text.startsWith('!');
        return {
          addresses: [address],
          nodeName,
          conditions: { ready, serving: ready || leaving, terminating: leaving },
        };
      }),
    },
  ];
  const text = writeKubeProxyRules({
    objects,
    nodeName: 'node-1',
    nodeIps: v6 ? ['fd00::1'] : ['10.0.0.1', '192.168.7.1'],
    config: { localDetector: { kind: 'cluster-cidr', cidr: v6 ? 'fd00:244::/56' : '10.244.0.0/16' }, ...config },
  });
  const tables = new Map(parseSave(text).map((table) => [table.name, table.chains]));
  // Chains by their prefix: there is one Service only, so KUBE-SVC- is the chain of its port.
  const chain = (table: string, prefix: string): readonly string[] => {
    const name = [...(tables.get(table)?.keys() ?? [])].find((key) => key === prefix || key.startsWith(prefix));
    return name === undefined ? [] : (tables.get(table)?.get(name) ?? []);
  };
  const count = (prefix: string): number =>
    [...(tables.get('nat')?.keys() ?? [])].filter((key) => key.startsWith(prefix)).length;
  return {
    text,
    nat: (prefix: string) => chain('nat', prefix),
    filter: (prefix: string) => chain('filter', prefix),
    count,
  };
}

const NODE_PORT = { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30080 }] };
const BALANCER = {
  type: 'LoadBalancer',
  ports: [{ name: 'http', port: 80, nodePort: 30080 }],
};
const VIP = { loadBalancer: { ingress: [{ ip: '203.0.113.80' }] } };

describe("kube-proxy's own cases", () => {
  if (peerCasesMissing !== null) it.skip(`skipped: ${peerCasesMissing}`, () => {});
  for (const { name, input, iptablesSave } of peerCases())
    it(`${name}: the same rules but for hashed names and order`, () => {
      expect(normalise(parseSave(writeKubeProxyRules(input)))).toEqual(normalise(parseSave(iptablesSave)));
    });
});

describe('names', () => {
  it('are the hashes that kube-proxy computes', () => {
    // From Kubernetes' documentation of service chains: default/kubernetes:https over tcp.
    const objects = [
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'kubernetes', namespace: 'default' },
        spec: { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443, protocol: 'TCP' }] },
      },
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
        ports: [{ name: 'https', port: 6443 }],
        endpoints: [{ addresses: ['10.0.0.1'] }],
      },
    ];
    expect(writeKubeProxyRules({ objects, nodeName: 'n', nodeIps: [] })).toContain('-j KUBE-SVC-NPX46M4PTMTKRN6Y');
  });
});

describe('endpoints', () => {
  it('share new connections evenly: a third, a half, the rest', () => {
    const { nat } = rulesOf({ endpoints: ['10.244.1.7@node-1', '10.244.2.7@node-2', '10.244.3.7@node-3'] });
    const shares = nat('KUBE-SVC-').map((rule) => /--probability (\S+)/.exec(rule)?.[1]);
    expect(shares).toEqual([undefined, '0.33333333349', '0.50000000000', undefined]);
  });

  it('that are not ready get nothing', () => {
    const { text } = rulesOf({ endpoints: ['10.244.1.7@node-1', '!10.244.2.7@node-2'] });
    expect(text).toContain('10.244.1.7:8080');
    expect(text).not.toContain('10.244.2.7');
  });

  it('that are leaving serve while nothing is ready', () => {
    expect(rulesOf({ endpoints: ['~10.244.1.7@node-1'] }).text).toContain('--to-destination 10.244.1.7:8080');
    expect(rulesOf({ endpoints: ['~10.244.1.7@node-1', '10.244.2.7@node-2'] }).text).not.toContain('10.244.1.7');
  });

  it('that reach themselves are masqueraded', () => {
    const { nat } = rulesOf({ endpoints: ['10.244.1.7@node-1'] });
    expect(nat('KUBE-SEP-')).toEqual([
      '-s 10.244.1.7/32 -m comment --comment "shop/web:http" -j KUBE-MARK-MASQ',
      '-p tcp -m comment --comment "shop/web:http" -m tcp -j DNAT --to-destination 10.244.1.7:8080',
    ]);
  });

  it('are absent: every address of the Service is rejected', () => {
    const { nat, filter, count } = rulesOf({
      spec: { ...BALANCER, externalIPs: ['192.0.2.9'] },
      status: VIP,
      endpoints: [],
    });
    expect(count('KUBE-SVC-') + count('KUBE-EXT-')).toBe(0);
    expect(nat('KUBE-NODEPORTS')).toEqual([]);
    expect(filter('KUBE-SERVICES')).toEqual([
      '-d 10.96.0.80/32 -p tcp -m comment --comment "shop/web:http has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable',
    ]);
    const external = filter('KUBE-EXTERNAL-SERVICES').join('\n');
    for (const part of ['-d 192.0.2.9/32', '-d 203.0.113.80/32', '--dst-type LOCAL -m tcp --dport 30080'])
      expect(external).toContain(part);
  });
});

describe('session affinity', () => {
  it('asks the recent list first, and remembers at the endpoint', () => {
    const { nat } = rulesOf({
      spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } } },
    });
    const rules = nat('KUBE-SVC-');
    expect(rules).toHaveLength(5);
    expect(rules[1]).toMatch(
      /^-m comment --comment "shop\/web:http -> 10.244.1.7:8080" -m recent --rcheck --seconds 600 --reap --name (KUBE-SEP-\S+) --mask 255.255.255.255 --rsource -j \1$/,
    );
    expect(nat('KUBE-SEP-')[1]).toMatch(
      /-m recent --set --name KUBE-SEP-\S+ --mask 255.255.255.255 --rsource -m tcp -j DNAT/,
    );
  });
  it('lasts three hours where the object says nothing', () => {
    expect(rulesOf({ spec: { sessionAffinity: 'ClientIP' } }).text).toContain('--seconds 10800');
  });
});

describe('traffic policies', () => {
  it('externalTrafficPolicy Local keeps the source and uses local endpoints; pods and the node take all', () => {
    const { nat, count } = rulesOf({ spec: { ...NODE_PORT, externalTrafficPolicy: 'Local' } });
    const rules = nat('KUBE-EXT-');
    expect(rules).toHaveLength(4);
    expect(rules[0]).toMatch(
      /^-s 10.244.0.0\/16 .*pod traffic for shop\/web:http external destinations.* -j KUBE-SVC-/,
    );
    expect(rules[1]).toMatch(/--src-type LOCAL -j KUBE-MARK-MASQ$/);
    expect(rules[2]).toMatch(/--src-type LOCAL -j KUBE-SVC-/);
    expect(rules[3]).toMatch(/^-j KUBE-SVL-/);
    expect(nat('KUBE-SVL-')).toHaveLength(1);
    expect(count('KUBE-SEP-')).toBe(2);
  });
  it('externalTrafficPolicy Local without a local endpoint drops what comes from outside, the ClusterIP works', () => {
    const { nat, filter } = rulesOf({
      spec: { ...NODE_PORT, externalTrafficPolicy: 'Local' },
      endpoints: ['10.244.2.7@node-2'],
    });
    expect(nat('KUBE-SERVICES')[0]).toContain('-j KUBE-SVC-');
    expect(nat('KUBE-EXT-')).toHaveLength(3);
    expect(filter('KUBE-EXTERNAL-SERVICES')).toEqual([
      '-p tcp -m comment --comment "shop/web:http has no local endpoints" -m addrtype --dst-type LOCAL -m tcp --dport 30080 -j DROP',
    ]);
  });
  it('internalTrafficPolicy Local uses local endpoints only, or drops', () => {
    const local = rulesOf({ spec: { internalTrafficPolicy: 'Local' } });
    expect(local.nat('KUBE-SERVICES')[0]).toMatch(/-j KUBE-SVL-/);
    expect(local.count('KUBE-SVC-')).toBe(0);
    const none = rulesOf({ spec: { internalTrafficPolicy: 'Local' }, endpoints: ['10.244.2.7@node-2'] });
    expect(none.filter('KUBE-SERVICES')[0]).toMatch(/has no local endpoints" -m tcp --dport 80 -j DROP$/);
  });
});

describe('load balancers', () => {
  it('loadBalancerSourceRanges let in who is listed, and the node when it is', () => {
    const spec = { ...BALANCER, loadBalancerSourceRanges: ['10.0.0.0/24', '198.51.100.0/24'] };
    const { nat, filter } = rulesOf({ spec, status: VIP });
    expect(nat('KUBE-SERVICES')[1]).toMatch(/^-d 203.0.113.80\/32 .*loadbalancer IP.* -j KUBE-FW-/);
    expect(nat('KUBE-FW-').map((rule) => rule.split(' ').slice(0, 2).join(' '))).toEqual([
      '-s 10.0.0.0/24',
      '-s 198.51.100.0/24',
      '-s 203.0.113.80/32',
      '-m comment',
    ]);
    expect(filter('KUBE-PROXY-FIREWALL')).toHaveLength(1);
    expect(filter('KUBE-PROXY-FIREWALL')[0]).toMatch(/traffic not accepted by KUBE-FW-\S+" -m tcp --dport 80 -j DROP$/);
  });
  it('of ipMode Proxy are not taken for the node', () => {
    const { text } = rulesOf({
      spec: BALANCER,
      status: { loadBalancer: { ingress: [{ ip: '203.0.113.80', ipMode: 'Proxy' }] } },
    });
    expect(text).not.toContain('203.0.113.80');
  });
  it('healthCheckNodePort is let in', () => {
    const spec = { ...BALANCER, externalTrafficPolicy: 'Local', healthCheckNodePort: 31000 };
    expect(rulesOf({ spec, status: VIP }).filter('KUBE-NODEPORTS')).toEqual([
      '-p tcp -m comment --comment "shop/web:http health check node port" -m tcp --dport 31000 -j ACCEPT',
    ]);
  });
});

describe('configuration', () => {
  const last = (config: Partial<KubeProxyConfig>): string[] =>
    rulesOf({ spec: NODE_PORT, config })
      .nat('KUBE-SERVICES')
      .filter((rule) => rule.endsWith('-j KUBE-NODEPORTS'))
      .map((rule) => rule.replace(/ ?-m comment --comment "[^"]*"/, ''));

  it('NodePorts on loopback can be off', () => {
    expect(last({ localhostNodePorts: false })).toEqual([
      '! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS',
    ]);
    expect(rulesOf({ config: { localhostNodePorts: false } }).filter('KUBE-FIREWALL')).toEqual([]);
  });
  it('nodePortAddresses limits NodePorts to addresses of the node', () => {
    expect(last({ nodePortAddresses: ['192.168.0.0/16'] })).toEqual(['-d 192.168.7.1/32 -j KUBE-NODEPORTS']);
    expect(last({ nodePortAddresses: ['127.0.0.0/8'] })).toEqual(['-d 127.0.0.1/32 -j KUBE-NODEPORTS']);
  });
  it('masqueradeAll masquerades every connection to a ClusterIP', () => {
    expect(rulesOf({ config: { masqueradeAll: true } }).nat('KUBE-SVC-')[0]).toMatch(
      /^-d 10.96.0.80\/32 .* -j KUBE-MARK-MASQ$/,
    );
  });
  it('detects pods by interface too', () => {
    const bridge = rulesOf({ config: { localDetector: { kind: 'bridge-interface', name: 'cni0' } } });
    expect(bridge.nat('KUBE-SVC-')[0]).toMatch(/^-d 10.96.0.80\/32 ! -i cni0 -p tcp /);
    const prefix = rulesOf({ config: { localDetector: { kind: 'interface-name-prefix', prefix: 'cali' } } });
    expect(prefix.nat('KUBE-SVC-')[0]).toMatch(/^-d 10.96.0.80\/32 ! -i cali\+ -p tcp /);
    expect(rulesOf({ config: { localDetector: null } }).nat('KUBE-SVC-')).toHaveLength(2);
  });
  it('asks for random source ports where told', () => {
    expect(rulesOf({ config: { randomFully: true } }).nat('KUBE-POSTROUTING')[2]).toMatch(
      /-j MASQUERADE --random-fully$/,
    );
  });
});

it('IPv6 has its own addresses, masks and rejections', () => {
  const v6 = { family: 'ipv6' } as const;
  const { nat, filter, text } = rulesOf({
    config: v6,
    spec: { sessionAffinity: 'ClientIP', ...NODE_PORT },
    endpoints: ['fd00:244:0:1::7@node-1'],
  });
  expect(nat('KUBE-SERVICES')[0]).toMatch(/^-d fd00:96::80\/128 -p tcp /);
  expect(nat('KUBE-SERVICES')[1]).toMatch(/^! -d ::1\/128 .*--dst-type LOCAL -j KUBE-NODEPORTS$/);
  expect(text).toContain('--mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff --rsource');
  expect(text).toContain('-j DNAT --to-destination [fd00:244:0:1::7]:8080');
  expect(filter('KUBE-FIREWALL')).toEqual([]);
  expect(rulesOf({ config: v6, endpoints: [] }).filter('KUBE-SERVICES')[0]).toMatch(
    /--reject-with icmp6-port-unreachable$/,
  );
});

it('a headless Service, an ExternalName and the Service of another proxy have no rules', () => {
  for (const spec of [{ clusterIP: 'None', clusterIPs: ['None'] }, { type: 'ExternalName' }])
    expect(rulesOf({ spec }).text).not.toContain('shop/web');
});
