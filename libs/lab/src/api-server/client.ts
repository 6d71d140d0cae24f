/** A small client for whoever makes the lab's objects. */
import { request } from 'node:https';
import { at } from './json-path.ts';
import type { KubeObject } from './object.ts';
import { pathOf, type ResourceDefinition, resourceByKind } from './resources.ts';
import type { ApiServerInfo } from './start.ts';

export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

export interface ApiClient {
  /**
   * Creates what is new (its namespace too), replaces what exists (uid and creationTimestamp stay). In order.
   * An object with another uid than the one of its name is a new one: the old is deleted first.
   */
  apply(objects: readonly KubeObject[]): Promise<KubeObject[]>;
  /** Objects that do not exist are passed over. */
  delete(objects: readonly ObjectRef[]): Promise<void>;
  /** All of a kind, over all namespaces. */
  list(apiVersion: string, kind: string): Promise<KubeObject[]>;
  get(ref: ObjectRef): Promise<KubeObject | null>;
}

/** Any answer of 400 and above that the caller does not expect. `code` is the HTTP status. */
export class ApiClientError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export function apiClient(server: Pick<ApiServerInfo, 'url' | 'token' | 'ca'>): ApiClient {
  const call = (method: string, path: string, body?: object): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        `${server.url}${path}`,
        {
          method,
          ca: server.ca,
          timeout: 10_000,
          headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('error', reject);
          response.on('end', () => {
            const code = response.statusCode ?? 0;
            const json: unknown = text === '' ? {} : JSON.parse(text);
            if (code < 400) resolve(json);
            else reject(new ApiClientError(code, `${method} ${path}: ${String(at(json, 'message') ?? code)}`));
          });
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer for 10 s`)));
      outgoing.on('error', reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  const unless = (code: number) => (error: unknown) => {
    if (error instanceof ApiClientError && error.code === code) return null;
    throw error;
  };

  const applyOne = async (object: KubeObject): Promise<KubeObject> => {
    const resource = resourceOf(object);
    const namespace = namespaceOf(resource, object);
    const { resourceVersion: _, ...metadata } = object.metadata;
    const clean = { ...object, metadata: namespace === undefined ? metadata : { ...metadata, namespace } };
    const path = pathOf(resource, namespace, metadata.name);
    const replaced = await call('PUT', path, clean).catch(async (error: unknown) => {
      // No resourceVersion is sent, so the conflict is over the uid: another object of the same name takes its place.
      if (error instanceof ApiClientError && error.code === 409) await call('DELETE', path).catch(unless(404));
      else unless(404)(error);
      return null;
    });
    if (replaced !== null) return replaced as KubeObject;
    const create = (): Promise<unknown> => call('POST', pathOf(resource, namespace), clean);
    const created = await create().catch(unless(404));
    if (created !== null) return created as KubeObject;
    if (namespace !== undefined)
      await call('POST', '/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: namespace, labels: { 'kubernetes.io/metadata.name': namespace } },
        status: { phase: 'Active' },
      }).catch(unless(409));
    return (await create()) as KubeObject;
  };

  return {
    async apply(objects) {
      const applied: KubeObject[] = [];
      for (const object of objects) applied.push(await applyOne(object));
      return applied;
    },
    async delete(objects) {
      for (const object of objects) {
        const resource = resourceOf(object);
        await call('DELETE', pathOf(resource, namespaceOf(resource, object), object.metadata.name)).catch(unless(404));
      }
    },
    async list(apiVersion, kind) {
      const items = at(await call('GET', pathOf(resourceOf({ apiVersion, kind }), undefined)), 'items');
      return items as KubeObject[];
    },
    async get(ref) {
      const resource = resourceOf(ref);
      const path = pathOf(resource, namespaceOf(resource, ref), ref.metadata.name);
      return (await call('GET', path).catch(unless(404))) as KubeObject | null;
    },
  };
}

function resourceOf(ref: Pick<ObjectRef, 'apiVersion' | 'kind'>): ResourceDefinition {
  const resource = resourceByKind(ref.apiVersion, ref.kind);
  if (resource === undefined) throw new Error(`the lab's API server has no kind ${ref.kind} in ${ref.apiVersion}`);
  return resource;
}
const namespaceOf = (resource: ResourceDefinition, ref: ObjectRef): string | undefined =>
  resource.namespaced ? (ref.metadata.namespace ?? 'default') : undefined;
