/** One JSON file per object below <state>/objects, and the last resourceVersion. Written whole, by rename. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ResourceDefinition } from './resources.ts';
import type { Stored } from './store.ts';

export interface ObjectFiles {
  read(resource: ResourceDefinition): Stored[];
  readVersion(): number;
  write(resource: ResourceDefinition, object: Stored, version: number): void;
  remove(resource: ResourceDefinition, object: Stored, version: number): void;
}

export function openObjectFiles(stateDir: string): ObjectFiles {
  const versionFile = join(stateDir, 'resource-version');
  const folder = (r: ResourceDefinition): string =>
    join(stateDir, 'objects', r.group === '' ? r.plural : `${r.plural}.${r.group}`);
  // Names are RFC 1123 subdomains by then: no slash, no leading dot.
  const file = (r: ResourceDefinition, o: Stored): string =>
    join(folder(r), `${o.metadata.namespace === undefined ? '' : `${o.metadata.namespace}_`}${o.metadata.name}.json`);

  return {
    read: (resource) => {
      const names = readOr(() => readdirSync(folder(resource)), []);
      return names
        .filter((name) => name.endsWith('.json'))
        .map((name) => JSON.parse(readFileSync(join(folder(resource), name), 'utf8')) as Stored);
    },
    readVersion: () => Number(readOr(() => readFileSync(versionFile, 'utf8'), '0')) || 0,
    write: (resource, object, version) => {
      writeWhole(versionFile, String(version));
      writeWhole(file(resource, object), `${JSON.stringify(object, null, 1)}\n`);
    },
    remove: (resource, object, version) => {
      writeWhole(versionFile, String(version));
      rmSync(file(resource, object), { force: true });
    },
  };
}

export function writeWhole(path: string, text: string, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, text, { mode });
  renameSync(`${path}.new`, path);
}

function readOr<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return otherwise;
    throw error;
  }
}
