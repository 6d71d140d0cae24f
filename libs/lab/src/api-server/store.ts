/**
 * The objects, the one counter of resourceVersions, and the recent events that a watch can resume from.
 * Everything is in memory and on disk: one JSON file per object, written before the answer is given.
 */
import { randomUUID } from 'node:crypto';
import type { KubeObject, ObjectMeta } from './object.ts';
import { type ObjectFiles, openObjectFiles } from './object-files.ts';
import { groupVersionOf, RESOURCE_DEFINITIONS, type ResourceDefinition } from './resources.ts';
import { alreadyExists, conflict, expired, invalid, notFound } from './status.ts';

export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: ResourceDefinition;
  readonly version: number;
  readonly object: KubeObject;
  /** What a selector saw before; null for ADDED. */
  readonly previous: KubeObject | null;
}

export interface Stored extends KubeObject {
  readonly metadata: ObjectMeta & {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp: string;
  };
}

/** RFC 1123 subdomain, as every kind here wants its name. */
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

export class Store {
  readonly #objects = new Map<ResourceDefinition, Map<string, Stored>>();
  readonly #files: ObjectFiles;
  readonly #historyLength: number;
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  #history: StoreEvent[] = [];
  #version: number;
  /** Events up to and including this version are forgotten. */
  #forgotten: number;

  constructor(stateDir: string, historyLength: number) {
    this.#files = openObjectFiles(stateDir);
    this.#historyLength = historyLength;
    // A lab made anew starts above the versions of the last: whoever still watches that is told 410, not nothing.
    this.#version = this.#files.readVersion() || Math.floor(Date.now() / 1000);
    for (const resource of RESOURCE_DEFINITIONS) {
      const objects = new Map<string, Stored>();
      for (const object of this.#files.read(resource)) {
        objects.set(keyOf(object.metadata.namespace ?? '', object.metadata.name), object);
        this.#version = Math.max(this.#version, Number(object.metadata.resourceVersion));
      }
      this.#objects.set(resource, objects);
    }
    this.#forgotten = this.#version;
  }

  get version(): number {
    return this.#version;
  }

  #of(resource: ResourceDefinition): Map<string, Stored> {
    const objects = this.#objects.get(resource);
    if (objects === undefined) throw new Error(`no store for ${resource.plural}`);
    return objects;
  }

  /** By namespace and name; `namespace` null: all. */
  list(resource: ResourceDefinition, namespace: string | null): Stored[] {
    const all = [...this.#of(resource).entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
    return namespace === null ? all : all.filter((o) => o.metadata.namespace === namespace);
  }

  find(resource: ResourceDefinition, namespace: string, name: string): Stored | undefined {
    return this.#of(resource).get(keyOf(namespace, name));
  }

  get(resource: ResourceDefinition, namespace: string, name: string): Stored {
    const object = this.find(resource, namespace, name);
    if (object === undefined) throw notFound(resource, name);
    return object;
  }

  create(resource: ResourceDefinition, namespace: string, given: KubeObject): Stored {
    const { name } = given.metadata;
    if (!NAME.test(name) || name.length > 253)
      throw invalid(
        resource,
        name,
        `metadata.name: Invalid value: "${name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`,
      );
    if (this.find(resource, namespace, name) !== undefined) throw alreadyExists(resource, name);
    return this.#write('ADDED', resource, null, {
      ...given,
      apiVersion: groupVersionOf(resource),
      kind: resource.kind,
      metadata: {
        ...given.metadata,
        ...(resource.namespaced ? { namespace } : {}),
        // A pod's uid is also its sandbox's, and its time that of the sandbox: who makes both may say what they are.
        uid: given.metadata.uid || randomUUID(),
        resourceVersion: '',
        creationTimestamp: given.metadata.creationTimestamp || new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
        generation: 1,
      },
    });
  }

  /** Replaces the object but for what the server owns. Nothing changed: nothing happens, as in Kubernetes. */
  update(resource: ResourceDefinition, namespace: string, given: KubeObject): Stored {
    const old = this.get(resource, namespace, given.metadata.name);
    const { resourceVersion, uid } = given.metadata;
    if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== old.metadata.resourceVersion)
      throw conflict(resource, given.metadata.name);
    if (uid !== undefined && uid !== '' && uid !== old.metadata.uid)
      throw conflict(
        resource,
        given.metadata.name,
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
      );
    const sameSpec = JSON.stringify(given.spec) === JSON.stringify(old.spec);
    const next: Stored = {
      ...given,
      apiVersion: old.apiVersion,
      kind: old.kind,
      metadata: {
        ...given.metadata,
        ...(resource.namespaced ? { namespace } : {}),
        uid: old.metadata.uid,
        creationTimestamp: old.metadata.creationTimestamp,
        generation: (old.metadata.generation ?? 1) + (sameSpec ? 0 : 1),
        resourceVersion: old.metadata.resourceVersion,
      },
    };
    if (canonical(next) === canonical(old)) return old;
    return this.#write('MODIFIED', resource, old, next);
  }

  delete(resource: ResourceDefinition, namespace: string, name: string): Stored {
    const old = this.get(resource, namespace, name);
    return this.#write('DELETED', resource, old, old);
  }

  #write(type: StoreEvent['type'], resource: ResourceDefinition, previous: Stored | null, object: Stored): Stored {
    this.#version += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    const key = keyOf(stored.metadata.namespace ?? '', stored.metadata.name);
    if (type === 'DELETED') {
      this.#files.remove(resource, stored, this.#version);
      this.#of(resource).delete(key);
    } else {
      this.#files.write(resource, stored, this.#version);
      this.#of(resource).set(key, stored);
    }
    const event: StoreEvent = { type, resource, version: this.#version, object: stored, previous };
    this.#history.push(event);
    // Cut in lumps, not at each event.
    if (this.#history.length >= 2 * this.#historyLength) {
      this.#history = this.#history.slice(-this.#historyLength);
      this.#forgotten = (this.#history[0]?.version ?? this.#version + 1) - 1;
    }
    for (const listener of this.#listeners) listener(event);
    return stored;
  }

  /** Events after a version. Throws 410 where they are forgotten, or the version was never ours. */
  eventsSince(version: number): readonly StoreEvent[] {
    this.assertNotExpired(version);
    return this.#history.filter((event) => event.version > version);
  }

  assertNotExpired(version: number): void {
    if (version < this.#forgotten || version > this.#version) throw expired(version, this.#forgotten);
  }

  onEvent(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Key order does not count. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
