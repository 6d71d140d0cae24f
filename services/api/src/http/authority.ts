/** Who may do what: roles by route, scopes by what is asked for. Pure; what is not named is refused to scoped tokens. */
import { type DiagnosisRequest, ROLES, type Role } from '@netverdict/contracts';

/** `diagnose`: may ask for diagnoses and read them, nothing else. */
export type Permission = Role | 'diagnose';

export interface Scope {
  /** null: all. */
  readonly clusters: readonly string[] | null;
  readonly namespaces: readonly string[] | null;
}

export const EVERYWHERE: Scope = { clusters: null, namespaces: null };

const FOR_DIAGNOSIS = /^\/api\/v1\/diagnoses(\/:id(\/events)?)?$/;
/** Packets, and URLs that may hold secrets, are not for everybody's eyes. */
const OPERATORS_READ = /^\/api\/v1\/(captures\/:id\/packets|webhooks|webhook-deliveries)/;
const ADMINS = /^\/api\/v1\/(tokens|audit-log|dead-letters)/;
const ADMINS_WRITE = /^\/api\/v1\/(webhooks|webhook-deliveries|agent-configuration)/;

function needed(method: string, route: string): Role {
  const reads = method === 'GET' || method === 'HEAD';
  if (ADMINS.test(route) || (!reads && ADMINS_WRITE.test(route))) return 'admin';
  return !reads || OPERATORS_READ.test(route) ? 'operator' : 'viewer';
}

/** null: it may. */
export function refuseByRole(may: Permission, method: string, route: string): string | null {
  if (may === 'diagnose') return FOR_DIAGNOSIS.test(route) ? null : 'It may ask for diagnoses and read them.';
  const role = needed(method, route);
  return ROLES.indexOf(may) >= ROLES.indexOf(role) ? null : `It has the role ${may}; this needs ${role}.`;
}

/** The namespaces of both ends; null stands for an end that lies in none, or in one that is not known. */
export function namespacesOf({
  source,
  destination,
}: Pick<DiagnosisRequest, 'source' | 'destination'>): (string | null)[] {
  const part = (name: string | undefined, n: number): string | undefined => name?.split('/')[n];
  return [
    part(source.pod, 0) ?? part(source.workload, 1) ?? null,
    part(destination.pod, 0) ?? part(destination.workload, 1) ?? part(destination.service, 0) ?? null,
  ];
}

/** `deployment/shop/cart` lies in one, `node/node-1` does not. */
export const namespaceOf = (workload: string): string | null => {
  const parts = workload.split('/');
  return parts.length === 3 ? (parts[1] ?? null) : null;
};

const listed = (names: readonly string[]): string => names.join(', ');

export function refuseCluster({ clusters }: Scope, cluster: string | undefined): string | null {
  if (clusters === null || (cluster !== undefined && clusters.includes(cluster))) return null;
  return `It is for the clusters ${listed(clusters)}${cluster === undefined ? ': say which by `cluster`' : ''}.`;
}

/** @param ends one must lie within the scope: of the others the answer says nothing by name */
export function refuseNamespaces({ namespaces }: Scope, ends: readonly (string | null)[]): string | null {
  if (namespaces === null || ends.some((end) => end !== null && namespaces.includes(end))) return null;
  return `It is for pods, workloads and Services of the namespaces ${listed(namespaces)}.`;
}

/** Real packets are sent from the source, in its name. */
export function refuseQuestion(scope: Scope, request: DiagnosisRequest): string | null {
  const [source = null, destination = null] = namespacesOf(request);
  const refusal = refuseNamespaces(scope, [source, destination]);
  if (refusal !== null || request.probe === undefined || request.probe === false) return refusal;
  return refuseNamespaces(scope, [source]) === null
    ? null
    : `It may have packets sent from pods of the namespaces ${listed(scope.namespaces ?? [])} only.`;
}

/** Lists whose `cluster` says where from. */
const BY_CLUSTER =
  /^\/api\/v1\/(diagnoses|(events|incidents)(\/stream)?|nodes|agents|clusters|flows.*|accounting.*|captures|agent-configuration)$/;
/** What is shown of these is what the token may see. */
const SHOWN_IN_PART = '/api/v1/diagnoses';
/** Of these `pod` or `workload` says of which namespace. */
const BY_NAMESPACE = /^\/api\/v1\/(events|incidents)(\/stream)?$/;
export const OF_ONE_DIAGNOSIS = /^\/api\/v1\/diagnoses\/:id(\/events|\/rerun|\/bundle)?$/;
export const OF_ONE_INCIDENT = /^\/api\/v1\/incidents\/:id$/;
export const QUESTION = 'POST /api/v1/diagnoses';

export interface ListQuery {
  readonly cluster?: string;
  readonly pod?: string;
  readonly workload?: string;
  readonly peer?: string;
  readonly address?: string;
  readonly source?: string;
  readonly destination?: string;
}

/** What is not shown is not to be found out by asking for it. */
function refuseGuesses(scope: Scope, { peer, address, source, destination }: ListQuery): string | null {
  if (address !== undefined) return 'It is for some namespaces, and an address may be of any.';
  if (peer !== undefined && refuseNamespaces(scope, [namespaceOf(peer)]) !== null)
    return refuseNamespaces(scope, [null]);
  for (const name of [source, destination])
    if (name !== undefined && !scope.namespaces?.some((one) => new RegExp(`^([a-z]+/)?${one}/`).test(name)))
      return `It may ask for names that begin with ${listed((scope.namespaces ?? []).map((one) => `${one}/`))}.`;
  return null;
}

const firstRefusal = (refusals: readonly (string | null)[]): string | null =>
  refusals.find((refusal) => refusal !== null) ?? null;

/** Of a list, by its query. */
export function refuseList(scope: Scope, method: string, route: string, query: ListQuery): string | null {
  if (method !== 'GET' || !BY_CLUSTER.test(route))
    return 'It is for some clusters or namespaces, and this shows or does more.';
  if (scope.namespaces === null) return refuseCluster(scope, query.cluster);
  const guess = refuseGuesses(scope, query);
  if (guess !== null) return guess;
  if (route === SHOWN_IN_PART) return refuseCluster(scope, query.cluster);
  if (!BY_NAMESPACE.test(route)) return 'It is for some namespaces, and this shows more.';
  const { pod, workload } = query;
  const ends = [
    ...(pod === undefined ? [] : [pod.split('/')[0] ?? null]),
    ...(workload === undefined ? [] : [namespaceOf(workload)]),
  ];
  const refusal =
    refuseCluster(scope, query.cluster) ??
    (ends.length === 0
      ? refuseNamespaces(scope, ends)
      : firstRefusal(ends.map((end) => refuseNamespaces(scope, [end]))));
  return refusal === null ? null : `${refusal} Say which by \`pod\` or \`workload\`.`;
}
