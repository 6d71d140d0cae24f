/** The objects of one resource, projected as they arrive. What the projection leaves out is never kept. */
import { keyOf, type Meta } from '../objects/index.ts';
import type { Sink } from './reflector.ts';

interface Projected {
  readonly meta: Meta;
}

export interface Mirror<T extends Projected> extends Sink {
  /** A map that never changes; the same one until something does. */
  current(): ReadonlyMap<string, T>;
}

export interface MirrorEvents<T> {
  readonly seen?: (object: T) => void;
  readonly gone?: (object: T) => void;
  readonly changed: () => void;
}

export function mirror<T extends Projected, Raw>(project: (raw: Raw) => T, events: MirrorEvents<T>): Mirror<T> {
  const objects = new Map<string, T>();
  let snapshot: ReadonlyMap<string, T> | null = null;
  const put = (object: T): string => {
    const key = keyOf(object);
    const old = objects.get(key);
    // Deleted and made again under the same name while we did not look.
    if (old !== undefined && old.meta.uid !== object.meta.uid) events.gone?.(old);
    objects.set(key, object);
    events.seen?.(object);
    return key;
  };
  const drop = (key: string): void => {
    const old = objects.get(key);
    if (old === undefined) return;
    objects.delete(key);
    events.gone?.(old);
  };
  const touched = (): void => {
    snapshot = null;
    events.changed();
  };
  return {
    replacement() {
      const all: T[] = [];
      return {
        add: (raws) => {
          for (const raw of raws) all.push(project(raw as Raw));
        },
        commit: () => {
          const there = new Set(all.map(put));
          for (const key of [...objects.keys()]) if (!there.has(key)) drop(key);
          touched();
        },
      };
    },
    upsert(raw) {
      put(project(raw as Raw));
      touched();
    },
    remove(raw) {
      drop(keyOf(project(raw as Raw)));
      touched();
    },
    current() {
      snapshot ??= new Map(objects);
      return snapshot;
    },
  };
}
