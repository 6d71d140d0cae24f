/** The kinds that the API server knows, by REST path: what discovery lists and the router takes. */

export interface ResourceDefinition {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  readonly categories: readonly string[];
}

const define = (
  groupVersion: string,
  kind: string,
  names: { plural: string; shortNames?: readonly string[]; cluster?: true; all?: true },
): ResourceDefinition => {
  const [first = '', second] = groupVersion.split('/');
  return {
    group: second === undefined ? '' : first,
    version: second ?? first,
    kind,
    plural: names.plural,
    singular: kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    namespaced: names.cluster !== true,
    categories: names.all === true ? ['all'] : [],
  };
};

export const RESOURCE_DEFINITIONS: readonly ResourceDefinition[] = [
  define('v1', 'Namespace', { plural: 'namespaces', shortNames: ['ns'], cluster: true }),
  define('v1', 'Node', { plural: 'nodes', shortNames: ['no'], cluster: true }),
  define('v1', 'Pod', { plural: 'pods', shortNames: ['po'], all: true }),
  define('v1', 'Service', { plural: 'services', shortNames: ['svc'], all: true }),
  define('v1', 'ConfigMap', { plural: 'configmaps', shortNames: ['cm'] }),
  define('discovery.k8s.io/v1', 'EndpointSlice', { plural: 'endpointslices' }),
  define('networking.k8s.io/v1', 'NetworkPolicy', { plural: 'networkpolicies', shortNames: ['netpol'] }),
  define('apps/v1', 'Deployment', { plural: 'deployments', shortNames: ['deploy'], all: true }),
  define('apps/v1', 'ReplicaSet', { plural: 'replicasets', shortNames: ['rs'], all: true }),
  define('apps/v1', 'DaemonSet', { plural: 'daemonsets', shortNames: ['ds'], all: true }),
];

export const groupVersionOf = (r: Pick<ResourceDefinition, 'group' | 'version'>): string =>
  r.group === '' ? r.version : `${r.group}/${r.version}`;

export const resourceByPlural = (group: string, version: string, plural: string): ResourceDefinition | undefined =>
  RESOURCE_DEFINITIONS.find((r) => r.group === group && r.version === version && r.plural === plural);

export const resourceByKind = (apiVersion: string, kind: string): ResourceDefinition | undefined =>
  RESOURCE_DEFINITIONS.find((r) => groupVersionOf(r) === apiVersion && r.kind === kind);

/** `/api/v1/namespaces/default/pods/web-1`, `/apis/apps/v1/deployments` … */
export function pathOf(r: ResourceDefinition, namespace: string | undefined, name?: string): string {
  const root = r.group === '' ? `/api/${r.version}` : `/apis/${r.group}/${r.version}`;
  const scope = r.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${r.plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}
