/** Server-side printing (meta.k8s.io/v1 Table): the columns that kubectl shows for each kind. */
import { at, countAt, listAt, textAt } from './json-path.ts';
import type { KubeObject } from './object.ts';
import type { ResourceDefinition } from './resources.ts';

interface Column {
  readonly name: string;
  readonly type?: 'integer';
  /** Shown with `-o wide` only. */
  readonly wide?: true;
  readonly cell: (o: KubeObject, now: number) => string | number;
}

const NONE = '<none>';
const orNone = (texts: readonly string[]): string => (texts.length === 0 ? NONE : texts.join(','));
const texts = (values: readonly unknown[], ...path: readonly string[]): string[] =>
  values.flatMap((value) => textAt(value, ...path) ?? []);

/** Two units at most, as kubectl counts: `5s`, `3m12s`, `26h`, `12d`. */
function age(o: KubeObject, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(o.metadata.creationTimestamp ?? '')) / 1000));
  if (Number.isNaN(seconds)) return '<unknown>';
  const [minutes, hours, days] = [60, 3600, 86400].map((unit) => Math.floor(seconds / unit)) as [
    number,
    number,
    number,
  ];
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (hours < 48) return `${hours}h`;
  return `${days}d`;
}

const selectorText = (selector: unknown): string =>
  orNone(
    Object.entries(typeof selector === 'object' && selector !== null ? selector : {}).map(([k, v]) => `${k}=${v}`),
  );

function podStatus(o: KubeObject): string {
  if (o.metadata.deletionTimestamp !== undefined) return 'Terminating';
  const waiting = texts(listAt(o, 'status', 'containerStatuses'), 'state', 'waiting', 'reason');
  return waiting[0] ?? textAt(o, 'status', 'reason') ?? textAt(o, 'status', 'phase') ?? 'Unknown';
}

function nodeStatus(o: KubeObject): string {
  const ready = listAt(o, 'status', 'conditions').find((condition) => textAt(condition, 'type') === 'Ready');
  const words = [ready === undefined ? 'Unknown' : textAt(ready, 'status') === 'True' ? 'Ready' : 'NotReady'];
  if (at(o, 'spec', 'unschedulable') === true) words.push('SchedulingDisabled');
  return words.join(',');
}

const nodeAddress = (type: string) => (o: KubeObject) =>
  textAt(
    listAt(o, 'status', 'addresses').find((a) => textAt(a, 'type') === type),
    'address',
  ) ?? NONE;

function servicePorts(o: KubeObject): string {
  return orNone(
    listAt(o, 'spec', 'ports').map((port) => {
      const nodePort = textAt(port, 'nodePort');
      return `${textAt(port, 'port')}${nodePort === undefined ? '' : `:${nodePort}`}/${textAt(port, 'protocol') ?? 'TCP'}`;
    }),
  );
}

function externalIp(o: KubeObject): string {
  const type = textAt(o, 'spec', 'type');
  if (type === 'ExternalName') return textAt(o, 'spec', 'externalName') ?? NONE;
  const own = texts(listAt(o, 'spec', 'externalIPs'));
  if (type !== 'LoadBalancer') return orNone(own);
  const ingress = listAt(o, 'status', 'loadBalancer', 'ingress');
  const all = [...ingress.flatMap((i) => textAt(i, 'ip') ?? textAt(i, 'hostname') ?? []), ...own];
  return all.length === 0 ? '<pending>' : all.join(',');
}

const roles = (o: KubeObject): string =>
  orNone(
    Object.keys(o.metadata.labels ?? {})
      .filter((label) => label.startsWith('node-role.kubernetes.io/'))
      .map((label) => label.slice('node-role.kubernetes.io/'.length)),
  );

/** The first three, and how many more: as kubectl shows endpoints. */
const firstThree = (all: readonly string[]): string =>
  all.length <= 3 ? orNone(all) : `${all.slice(0, 3).join(',')} + ${all.length - 3} more...`;

const name: Column = { name: 'Name', cell: (o) => o.metadata.name };
const ageColumn: Column = { name: 'Age', cell: age };
const containers: readonly Column[] = [
  {
    name: 'Containers',
    wide: true,
    cell: (o) => orNone(texts(listAt(o, 'spec', 'template', 'spec', 'containers'), 'name')),
  },
  {
    name: 'Images',
    wide: true,
    cell: (o) => orNone(texts(listAt(o, 'spec', 'template', 'spec', 'containers'), 'image')),
  },
  { name: 'Selector', wide: true, cell: (o) => selectorText(at(o, 'spec', 'selector', 'matchLabels')) },
];
const integer = (column: string, ...path: readonly string[]): Column => ({
  name: column,
  type: 'integer',
  cell: (o) => countAt(o, ...path),
});

const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  Pod: [
    name,
    {
      name: 'Ready',
      cell: (o) => {
        const statuses = listAt(o, 'status', 'containerStatuses');
        const ready = statuses.filter((status) => at(status, 'ready') === true).length;
        return `${ready}/${Math.max(statuses.length, listAt(o, 'spec', 'containers').length)}`;
      },
    },
    { name: 'Status', cell: podStatus },
    {
      name: 'Restarts',
      cell: (o) =>
        String(
          listAt(o, 'status', 'containerStatuses').reduce<number>((sum, s) => sum + countAt(s, 'restartCount'), 0),
        ),
    },
    ageColumn,
    { name: 'IP', wide: true, cell: (o) => textAt(o, 'status', 'podIP') ?? NONE },
    { name: 'Node', wide: true, cell: (o) => textAt(o, 'spec', 'nodeName') ?? NONE },
  ],
  Service: [
    name,
    { name: 'Type', cell: (o) => textAt(o, 'spec', 'type') ?? 'ClusterIP' },
    { name: 'Cluster-IP', cell: (o) => textAt(o, 'spec', 'clusterIP') ?? NONE },
    { name: 'External-IP', cell: externalIp },
    { name: 'Port(s)', cell: servicePorts },
    ageColumn,
    { name: 'Selector', wide: true, cell: (o) => selectorText(at(o, 'spec', 'selector')) },
  ],
  Node: [
    name,
    { name: 'Status', cell: nodeStatus },
    { name: 'Roles', cell: roles },
    ageColumn,
    { name: 'Version', cell: (o) => textAt(o, 'status', 'nodeInfo', 'kubeletVersion') ?? '' },
    { name: 'Internal-IP', wide: true, cell: nodeAddress('InternalIP') },
    { name: 'External-IP', wide: true, cell: nodeAddress('ExternalIP') },
    { name: 'OS-Image', wide: true, cell: (o) => textAt(o, 'status', 'nodeInfo', 'osImage') ?? '<unknown>' },
    {
      name: 'Kernel-Version',
      wide: true,
      cell: (o) => textAt(o, 'status', 'nodeInfo', 'kernelVersion') ?? '<unknown>',
    },
    {
      name: 'Container-Runtime',
      wide: true,
      cell: (o) => textAt(o, 'status', 'nodeInfo', 'containerRuntimeVersion') ?? '<unknown>',
    },
  ],
  EndpointSlice: [
    name,
    { name: 'AddressType', cell: (o) => textAt(o, 'addressType') ?? '' },
    { name: 'Ports', cell: (o) => firstThree(listAt(o, 'ports').map((port) => textAt(port, 'port') ?? '*')) },
    {
      name: 'Endpoints',
      cell: (o) => firstThree(listAt(o, 'endpoints').flatMap((e) => texts(listAt(e, 'addresses')))),
    },
    ageColumn,
  ],
  Namespace: [name, { name: 'Status', cell: (o) => textAt(o, 'status', 'phase') ?? 'Active' }, ageColumn],
  NetworkPolicy: [
    name,
    { name: 'Pod-Selector', cell: (o) => selectorText(at(o, 'spec', 'podSelector', 'matchLabels')) },
    ageColumn,
  ],
  ConfigMap: [name, { name: 'Data', cell: (o) => String(Object.keys(at(o, 'data') ?? {}).length) }, ageColumn],
  Deployment: [
    name,
    { name: 'Ready', cell: (o) => `${countAt(o, 'status', 'readyReplicas')}/${countAt(o, 'spec', 'replicas')}` },
    integer('Up-to-date', 'status', 'updatedReplicas'),
    integer('Available', 'status', 'availableReplicas'),
    ageColumn,
    ...containers,
  ],
  ReplicaSet: [
    name,
    integer('Desired', 'spec', 'replicas'),
    integer('Current', 'status', 'replicas'),
    integer('Ready', 'status', 'readyReplicas'),
    ageColumn,
    ...containers,
  ],
};

export function tableOf(
  resource: ResourceDefinition,
  objects: readonly KubeObject[],
  options: { readonly includeObject: string | null; readonly metadata: object; readonly now?: number },
): object {
  const columns = COLUMNS[resource.kind] ?? [name, ageColumn];
  const now = options.now ?? Date.now();
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: options.metadata,
    columnDefinitions: columns.map((column) => ({
      name: column.name,
      type: column.type ?? 'string',
      format: column === name ? 'name' : '',
      description: '',
      priority: column.wide === true ? 1 : 0,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, now)),
      ...(options.includeObject === 'None'
        ? {}
        : {
            object:
              options.includeObject === 'Object'
                ? object
                : { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
          }),
    })),
  };
}
