/** What each verb does to a resource. Handlers return the answer or throw ApiError; only a watch writes by itself. */
import { at, textAt } from './json-path.ts';
import type { KubeObject } from './object.ts';
import { jsonPatch, mergePatch, strategicMergePatch } from './patch.ts';
import { groupVersionOf, RESOURCE_DEFINITIONS, type ResourceDefinition, resourceByKind } from './resources.ts';
import { parseSelector } from './selectors.ts';
import { ApiError, badRequest, conflict, expiredContinue, notFound, success } from './status.ts';
import type { Store, Stored } from './store.ts';
import { tableOf } from './table.ts';

export interface Target {
  readonly resource: ResourceDefinition;
  /** null: all namespaces, or the kind has none. */
  readonly namespace: string | null;
  readonly name: string | null;
  readonly subresource: 'status' | null;
}
export interface Body {
  readonly type: string;
  readonly json: unknown;
}
export interface Answer {
  readonly code: number;
  readonly body: object;
}

const scopeOf = (target: Target): string => target.namespace ?? '';

export function list(store: Store, { resource, namespace }: Target, params: URLSearchParams, asTable: boolean): Answer {
  const selector = parseSelector(params.get('labelSelector'), params.get('fieldSelector'));
  let items: readonly Stored[] = store.list(resource, namespace).filter(selector);
  let version = store.version;
  const token = params.get('continue');
  if (token !== null && token !== '') {
    const page = continueFrom(token);
    try {
      store.assertNotExpired(page.version);
    } catch {
      throw expiredContinue();
    }
    // A watch from the first page's version brings what changed between the pages.
    version = page.version;
    items = items.filter((o) => pageKey(o) > page.after);
  }
  const limit = Number(params.get('limit')) || 0;
  const rest = limit > 0 ? items.length - limit : 0;
  if (rest > 0) items = items.slice(0, limit);
  const last = items.at(-1);
  const metadata = {
    resourceVersion: String(version),
    ...(rest > 0 && last !== undefined
      ? { continue: continueToken({ version, after: pageKey(last) }), remainingItemCount: rest }
      : {}),
  };
  if (asTable)
    return { code: 200, body: tableOf(resource, items, { includeObject: params.get('includeObject'), metadata }) };
  return { code: 200, body: { kind: `${resource.kind}List`, apiVersion: groupVersionOf(resource), metadata, items } };
}

const pageKey = (o: KubeObject): string => `${o.metadata.namespace ?? ''}/${o.metadata.name}`;
const continueToken = (page: { version: number; after: string }): string =>
  Buffer.from(JSON.stringify(page)).toString('base64url');
function continueFrom(token: string): { version: number; after: string } {
  let page: unknown;
  try {
    page = JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    throw badRequest('continue key is not valid');
  }
  const version = at(page, 'version');
  const after = at(page, 'after');
  if (typeof version !== 'number' || typeof after !== 'string') throw badRequest('continue key is not valid');
  return { version, after };
}

export function get(store: Store, target: Target, params: URLSearchParams, asTable: boolean): Answer {
  const object = store.get(target.resource, scopeOf(target), target.name ?? '');
  if (!asTable) return { code: 200, body: object };
  const metadata = { resourceVersion: object.metadata.resourceVersion };
  return {
    code: 200,
    body: tableOf(target.resource, [object], { includeObject: params.get('includeObject'), metadata }),
  };
}

export function create(store: Store, target: Target, body: Body, params: URLSearchParams): Answer {
  const { resource } = target;
  const given = objectOf(body.json, target);
  if (resource.namespaced) {
    if (target.namespace === null) throw badRequest('an object of a namespaced kind needs a namespace');
    const namespaces = resourceByKind('v1', 'Namespace');
    if (namespaces !== undefined && store.find(namespaces, '', target.namespace) === undefined)
      throw notFound(namespaces, target.namespace);
  }
  const generate = textAt(given, 'metadata', 'generateName');
  const name = given.metadata.name || (generate === undefined ? '' : generate + Math.random().toString(36).slice(2, 7));
  if (name === '') throw badRequest('name or generateName is required');
  if (given.metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created');
  const object = { ...given, metadata: { ...given.metadata, name } };
  if (params.get('dryRun') === 'All') return { code: 201, body: object };
  return { code: 201, body: store.create(resource, scopeOf(target), object) };
}

export function update(store: Store, target: Target, body: Body, params: URLSearchParams): Answer {
  const given = objectOf(body.json, target);
  if (given.metadata.name !== target.name)
    throw badRequest(
      `the name of the object (${given.metadata.name}) does not match the name on the URL (${target.name})`,
    );
  const old = store.get(target.resource, scopeOf(target), target.name ?? '');
  const next = target.subresource === 'status' ? withStatus(old, given) : given;
  if (params.get('dryRun') === 'All') return { code: 200, body: next };
  return { code: 200, body: store.update(target.resource, scopeOf(target), next) };
}

/** A write to /status changes nothing else. */
const withStatus = (old: Stored, given: KubeObject): KubeObject => ({
  ...old,
  status: given.status,
  metadata: { ...old.metadata, resourceVersion: given.metadata.resourceVersion ?? '' },
});

export function patch(store: Store, target: Target, body: Body, params: URLSearchParams): Answer {
  const apply = body.type === 'application/apply-patch+yaml';
  const old = store.find(target.resource, scopeOf(target), target.name ?? '');
  if (old === undefined && apply) return create(store, target, body, params);
  if (old === undefined) throw notFound(target.resource, target.name ?? '');
  const next = objectOf(patched(old, body), target);
  if (next.metadata.name !== old.metadata.name) throw badRequest('metadata.name is immutable');
  const asked = at(body.json, 'metadata', 'resourceVersion');
  if (typeof asked === 'string' && asked !== old.metadata.resourceVersion)
    throw conflict(target.resource, old.metadata.name);
  const whole = target.subresource === 'status' ? withStatus(old, next) : next;
  if (params.get('dryRun') === 'All') return { code: 200, body: whole };
  return { code: 200, body: store.update(target.resource, scopeOf(target), whole) };
}

function patched(old: Stored, body: Body): unknown {
  switch (body.type) {
    case 'application/merge-patch+json':
      return mergePatch(old, body.json);
    // Server-side apply without field managers: what is given is merged, what is left out stays.
    case 'application/apply-patch+yaml':
    case 'application/strategic-merge-patch+json':
      return strategicMergePatch(old, body.json);
    case 'application/json-patch+json':
      return jsonPatch(old, body.json);
    default:
      throw new ApiError(415, 'UnsupportedMediaType', `the body of the request was in an unknown format: ${body.type}`);
  }
}

export function remove(store: Store, target: Target, body: Body | null, params: URLSearchParams): Answer {
  const { resource } = target;
  const name = target.name ?? '';
  const object = store.get(resource, scopeOf(target), name);
  for (const field of ['uid', 'resourceVersion'] as const) {
    const wanted = textAt(body?.json, 'preconditions', field);
    if (wanted !== undefined && wanted !== object.metadata[field])
      throw conflict(
        resource,
        name,
        `Precondition failed: ${field} in precondition: ${wanted}, in object meta: ${object.metadata[field]}`,
      );
  }
  if (params.get('dryRun') !== 'All') {
    // No controllers here: what a namespace holds goes at once with it.
    if (resource.kind === 'Namespace')
      for (const inner of RESOURCE_DEFINITIONS.filter((r) => r.namespaced))
        for (const o of store.list(inner, name)) store.delete(inner, name, o.metadata.name);
    store.delete(resource, scopeOf(target), name);
  }
  return { code: 200, body: success(resource, name, object.metadata.uid) };
}

export function removeAll(store: Store, target: Target, params: URLSearchParams): Answer {
  const selector = parseSelector(params.get('labelSelector'), params.get('fieldSelector'));
  const items = store.list(target.resource, target.namespace).filter(selector);
  for (const o of items)
    remove(store, { ...target, namespace: o.metadata.namespace ?? null, name: o.metadata.name }, null, params);
  const { resource } = target;
  const metadata = { resourceVersion: String(store.version) };
  return { code: 200, body: { kind: `${resource.kind}List`, apiVersion: groupVersionOf(resource), metadata, items } };
}

/** The body as an object of the URL's kind and namespace. */
function objectOf(json: unknown, target: Target): KubeObject {
  const { resource } = target;
  const metadata = at(json, 'metadata');
  if (typeof json !== 'object' || json === null || typeof metadata !== 'object' || metadata === null)
    throw badRequest('the body is not a Kubernetes object: it has no metadata');
  const kind = textAt(json, 'kind') ?? resource.kind;
  const apiVersion = textAt(json, 'apiVersion') ?? groupVersionOf(resource);
  if (kind !== resource.kind || apiVersion !== groupVersionOf(resource))
    throw badRequest(`${kind} in version "${apiVersion}" cannot be handled as a ${resource.kind}`);
  const namespace = textAt(metadata, 'namespace');
  if (resource.namespaced && namespace !== undefined && namespace !== '' && namespace !== target.namespace)
    throw badRequest(
      `the namespace of the provided object does not match the namespace sent on the request (${namespace} is not ${target.namespace})`,
    );
  const name = textAt(metadata, 'name') ?? '';
  return { ...json, apiVersion, kind, metadata: { ...metadata, name } };
}
