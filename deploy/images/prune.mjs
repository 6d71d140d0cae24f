/**
 * Leaves of the workspaces in the current folder only what one of them needs to run, before npm installs for it:
 * `node prune.mjs services/api`.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [wanted] = process.argv.slice(2);
if (wanted === undefined) throw new Error('which workspace? services/api, for instance');

const folders = ['libs', 'services', 'clients'].flatMap((parent) =>
  readdirSync(parent).map((name) => join(parent, name)),
);
const manifest = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const folderOf = new Map(folders.map((folder) => [manifest(folder).name, folder]));

const kept = new Set();
const keep = (folder) => {
  if (kept.has(folder)) return;
  kept.add(folder);
  for (const name of Object.keys(manifest(folder).dependencies ?? {})) if (folderOf.has(name)) keep(folderOf.get(name));
};
keep(wanted);

for (const folder of folders) if (!kept.has(folder)) rmSync(folder, { recursive: true });

/** npm would install other packages for the sake of tests, and list them as missing where it does not. */
for (const folder of ['.', ...kept]) {
  const { devDependencies: _, ...rest } = manifest(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify(rest, null, 2));
}

/** What only tests, builds and people need. */
const SPARE = /^(testing|fixtures|bench|native|\.types|README\.md|tsconfig.*\.json)$|\.(test|bench)\.ts$/;
const clean = (folder) => {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (SPARE.test(entry.name)) rmSync(path, { recursive: true });
    else if (entry.isDirectory()) clean(path);
  }
};
for (const folder of kept) clean(folder);
