/**
 * Writes what the Helm chart becomes, once for a hub and once for a member cluster, to deploy/helm/rendered: what is installed can be
 * read, and judged by tests where there is no helm. `--check` changes nothing and fails where they are out of date.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { helmPath, RENDERED, render } from '../tests/testing/charts.ts';

const folder = join(import.meta.dirname, '../deploy/helm/rendered');
const helm = helmPath();
if (helm === null) throw new Error('helm is needed: in PATH, or where NETVERDICT_HELM says');
const { values } = parseArgs({ options: { check: { type: 'boolean' } } });
mkdirSync(folder, { recursive: true });
for (const [name, settings] of Object.entries(RENDERED)) {
  const file = join(folder, `${name}.yaml`);
  const next = render(helm, settings);
  if (existsSync(file) && readFileSync(file, 'utf8') === next) continue;
  if (values.check) {
    console.error(`${file} is out of date: run \`npm run charts\``);
    process.exitCode = 1;
  } else writeFileSync(file, next);
}
