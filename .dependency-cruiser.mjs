/** The arrows of the table in ARCHITECTURE.md. Each package may import these of ours, and nothing else of ours. */
const LIBS_MAY_IMPORT = {
  'linux-net': [],
  verdict: ['linux-net'],
  parsers: ['linux-net'],
  netsim: ['linux-net', 'verdict'],
  cni: ['linux-net', 'verdict'],
  netpol: ['linux-net'],
  bundle: ['linux-net', 'verdict', 'parsers', 'netsim', 'netpol'],
  contracts: ['linux-net', 'verdict'],
  sdk: ['contracts'],
  kube: ['contracts', 'linux-net'],
  messaging: ['contracts'],
  store: ['contracts'],
  configuration: [],
  telemetry: ['configuration'],
  cri: ['linux-net'],
  embedded: ['contracts'],
  lab: ['linux-net', 'cri'],
  collect: ['linux-net'],
  verify: ['linux-net', 'verdict', 'parsers', 'netsim', 'bundle', 'collect', 'lab'],
};
/** Knowledge without a machine: no `node:*`, no client, no clock. A diagnosis is a pure function of a snapshot. */
const PURE = ['linux-net', 'verdict', 'parsers', 'netsim', 'cni', 'netpol'];
/** Each client has one importer, so that it can be replaced and its traps are written down once. */
const ONLY_IMPORTER = [
  { of: '@kubernetes/client-node', is: ['kube'] },
  { of: '@nats-io/(transport-node|jetstream|nats-core|kv|obj)', is: ['messaging'] },
  // Keys, not the client: embedded makes those of its own nats-server.
  { of: '@nats-io/nkeys', is: ['messaging', 'embedded'] },
  { of: '@grpc/.*', is: ['cri'] },
  { of: 'kysely', is: ['store'] },
  // embedded asks its own PostgreSQL whether it is up.
  { of: 'pg', is: ['store', 'embedded'] },
];
/** Tests bring up real engines and clusters, and may read files. */
const TEST = '\\.(test|bench)\\.ts$|/(testing|fixtures)/|/testing\\.ts$';
const any = (names) => `(${names.join('|')})`;

const libRules = Object.entries(LIBS_MAY_IMPORT).map(([lib, allowed]) => ({
  name: `lib-${lib}`,
  comment: `libs/${lib} may import of ours: ${allowed.join(', ') || 'nothing'} (ARCHITECTURE.md, Packages).`,
  severity: 'error',
  from: { path: `^libs/${lib}/`, pathNot: TEST },
  to: { path: '^(libs|services|clients)/', pathNot: `^libs/${any([lib, ...allowed])}/` },
}));

const importerRules = ONLY_IMPORTER.map(({ of, is }) => ({
  name: `only-${is.join('-and-')}-imports-${of.replace(/[^a-z-]/g, '')}`,
  comment: `Only libs/${is.join(' and libs/')} may import ${of}.`,
  severity: 'error',
  from: { path: '^(libs|services|clients)/', pathNot: `^libs/${any(is)}/|${TEST}` },
  to: { path: `node_modules/${of}/` },
}));

export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle makes two modules one, and the order of their loading decides what works.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-service-imports-a-service',
      comment: 'Services talk by messages of the catalog; each must start, stop and scale alone.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^(services|clients)/', pathNot: '^services/$1/' },
    },
    {
      name: 'no-lib-imports-a-service-or-client',
      comment: 'Libs are knowledge, services are shells around them.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(services|clients)/' },
    },
    {
      name: 'clients-import-no-service',
      comment: 'All that is remote goes through libs/sdk; services are started as processes.',
      severity: 'error',
      from: { path: '^clients/' },
      to: { path: '^services/' },
    },
    {
      name: 'no-deep-imports',
      comment:
        "Another package is its index.ts (or a folder's, as lab/kube-proxy): what is not exported there is nobody else's business.",
      severity: 'error',
      from: { path: '^(libs|services|clients)/([^/]+)/' },
      to: {
        path: '^(libs|services|clients)/[^/]+/',
        pathNot: [
          '^$1/$2/',
          '^libs/[^/]+/src/index\\.ts$',
          '^libs/lab/src/kube-proxy/index\\.ts$',
          '^libs/parsers/src/testing/real-dumps\\.ts$',
        ],
      },
    },
    {
      name: 'pure-libs-import-no-node',
      comment: `${PURE.join(', ')} run anywhere and give the same answer everywhere: no file, process, clock or randomness.`,
      severity: 'error',
      from: { path: `^libs/${any(PURE)}/`, pathNot: TEST },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-libs-import-no-package',
      comment: `${PURE.join(', ')} have no dependency but each other, and typebox for the shapes of what they read: pure as well.`,
      severity: 'error',
      from: { path: `^libs/${any(PURE)}/`, pathNot: TEST },
      to: { path: 'node_modules/', pathNot: 'node_modules/typebox/' },
    },
    {
      name: 'no-tests-in-production',
      comment: 'What tests share is not shipped.',
      severity: 'error',
      from: { path: '^(libs|services|clients)/', pathNot: TEST },
      to: { path: '\\.(test|bench)\\.ts$' },
    },
    {
      name: 'no-unresolvable',
      comment: 'An import that leads nowhere hides from every other rule.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    ...libRules,
    ...importerRules,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(/\\.types/|/native/|/generated/)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
    skipAnalysisNotInRules: true,
  },
};
