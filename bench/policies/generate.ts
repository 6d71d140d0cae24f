/** Clusters of any size as manifests: what teams write, three policies in each namespace, or very many in one. */
import type { KubernetesObject } from '@netverdict/netpol';

export interface Size {
  readonly pods: number;
  readonly namespaces: number;
  readonly policies: number;
}

const APPS = ['web', 'api', 'db', 'cache', 'worker', 'cron', 'auth', 'search'];
const TEAMS = 100;

/** Deterministic: the same size is the same cluster. */
export function* generateCluster({ pods, namespaces, policies }: Size): Generator<KubernetesObject> {
  for (let n = 0; n < namespaces; n++)
    yield {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: nameOf(n), labels: { team: `team-${n % TEAMS}`, tier: n % 50 === 0 ? 'shared' : 'own' } },
    };
  for (let p = 0; p < pods; p++) yield podOf(p, nameOf(p % namespaces), namespaces);
  for (let i = 0; i < policies; i++) yield policyOf(i, i % namespaces, Math.floor(i / namespaces), namespaces);
}

const nameOf = (n: number): string => `ns-${String(n).padStart(5, '0')}`;

/** In a big namespace pods have more labels, so that policies tell them apart. */
function podOf(p: number, namespace: string, namespaces: number): KubernetesObject {
  const within = Math.floor(p / namespaces);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace,
      name: `pod-${p}`,
      labels: { app: `${APPS[within % APPS.length]}`, group: `g${within % 500}`, shard: `s${within % 37}` },
    },
    spec: { nodeName: `node-${p % 1000}` },
    status: { podIP: `10.${64 + (p >> 16)}.${(p >> 8) & 255}.${p & 255}` },
  };
}

function policyOf(i: number, n: number, kind: number, namespaces: number): KubernetesObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace: nameOf(n), name: `policy-${i}` },
    spec: namespaces === 1 ? manyInOne(i) : usual(n, kind),
  };
}

/** Nothing but what is allowed; among themselves, and from shared namespaces; the team's web from anywhere of the team. */
function usual(n: number, kind: number): object {
  switch (kind % 3) {
    case 0:
      return {
        podSelector: {},
        policyTypes: ['Ingress', 'Egress'],
        ingress: [],
        egress: [{ to: [{ podSelector: {} }] }],
      };
    case 1:
      return {
        podSelector: {},
        ingress: [
          { from: [{ podSelector: {} }] },
          { from: [{ namespaceSelector: { matchLabels: { tier: 'shared' } } }], ports: [{ port: 9090 }] },
        ],
      };
    default:
      return {
        podSelector: { matchLabels: { app: 'web' } },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          {
            from: [
              {
                namespaceSelector: { matchLabels: { team: `team-${n % TEAMS}` } },
                podSelector: { matchLabels: { app: 'web' } },
              },
            ],
            ports: [{ port: 80 }, { port: 443 }],
          },
        ],
        egress: [
          { to: [{ namespaceSelector: { matchLabels: { team: `team-${n % TEAMS}` } } }], ports: [{ port: 80 }] },
          { to: [{ namespaceSelector: { matchLabels: { tier: 'shared' } } }], ports: [{ protocol: 'UDP', port: 53 }] },
        ],
      };
  }
}

const manyInOne = (i: number): object => ({
  podSelector: { matchLabels: { group: `g${i % 500}` } },
  policyTypes: i % 2 === 0 ? ['Ingress'] : ['Ingress', 'Egress'],
  ingress: [
    {
      from: [{ podSelector: { matchLabels: { app: APPS[i % APPS.length] ?? 'web', shard: `s${i % 37}` } } }],
      ports: [{ port: 1000 + (i % 20) }],
    },
  ],
  ...(i % 2 === 0 ? {} : { egress: [{ to: [{ podSelector: { matchLabels: { shard: `s${(i + 5) % 37}` } } }] }] }),
});
