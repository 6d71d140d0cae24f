/** What a client asks first: which groups, versions and kinds there are. */
import { groupVersionOf, RESOURCE_DEFINITIONS, type ResourceDefinition } from './resources.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const STATUS_VERBS = ['get', 'patch', 'update'];
const hasStatus = (r: ResourceDefinition): boolean => r.kind !== 'ConfigMap' && r.kind !== 'EndpointSlice';

/** null: not a discovery path. */
export function discovery(path: string): object | null {
  const groups = [...new Set(RESOURCE_DEFINITIONS.map((r) => r.group).filter((group) => group !== ''))];
  switch (path) {
    case '/version':
      // The newest that both old and new kubectls call near enough to themselves.
      return { major: '1', minor: '29', gitVersion: 'v1.29.0+netverdict-lab', platform: 'linux/amd64' };
    case '/api':
      return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
    case '/apis':
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupOf) };
  }
  const group = groups.find((name) => path === `/apis/${name}`);
  if (group !== undefined) return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group) };
  const own = RESOURCE_DEFINITIONS.filter((r) => path === (r.group === '' ? '/api/' : '/apis/') + groupVersionOf(r));
  const [first] = own;
  if (first === undefined) return null;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: groupVersionOf(first),
    resources: own.flatMap((r) => [
      {
        name: r.plural,
        singularName: r.singular,
        namespaced: r.namespaced,
        kind: r.kind,
        verbs: VERBS,
        shortNames: r.shortNames,
        categories: r.categories,
      },
      ...(hasStatus(r)
        ? [
            {
              name: `${r.plural}/status`,
              singularName: '',
              namespaced: r.namespaced,
              kind: r.kind,
              verbs: STATUS_VERBS,
            },
          ]
        : []),
    ]),
  };
}

function groupOf(name: string): object {
  const versions = [...new Set(RESOURCE_DEFINITIONS.filter((r) => r.group === name).map((r) => r.version))];
  const all = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: all, preferredVersion: all[0] };
}

/**
 * /openapi/v2 without definitions: kubectl validates nothing then, instead of refusing to apply. Old ones take only
 * protobuf (openapi.v2.Document: 1 swagger, 2 info {1 title, 2 version}, 8 paths).
 */
export function openapiV2(accept: string): { readonly type: string; readonly body: Buffer } {
  const info = { title: 'Netverdict lab', version: 'v1.29.0' };
  if (!accept.includes('protobuf'))
    return { type: 'application/json', body: Buffer.from(JSON.stringify({ swagger: '2.0', info, paths: {} })) };
  const field = (number: number, content: Buffer): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content]);
  return {
    type: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
    body: Buffer.concat([
      field(1, Buffer.from('2.0')),
      field(2, Buffer.concat([field(1, Buffer.from(info.title)), field(2, Buffer.from(info.version))])),
      field(8, Buffer.alloc(0)),
    ]),
  };
}
