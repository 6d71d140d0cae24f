/** Has the model read with its switches: whoever imports it afterwards gets it so. */
import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Mutant } from './mutants.ts';
import { type Numbered, withSwitches } from './switches.ts';

const SWITCHBOARD = new URL('./switchboard.ts', import.meta.url).href;

/** @param mutants a mutant's number is its position among them */
export function readWithSwitches(folder: string, mutants: readonly Mutant[]): void {
  const inside = `${pathToFileURL(folder).href}/`;
  const byFile = new Map<string, Numbered[]>();
  for (const [number, mutant] of mutants.entries()) {
    const list = byFile.get(mutant.file) ?? [];
    byFile.set(mutant.file, list);
    list.push({ number, mutant });
  }
  registerHooks({
    load(url, context, nextLoad) {
      if (!url.startsWith(inside)) return nextLoad(url, context);
      const path = fileURLToPath(url);
      const file = relative(folder, path);
      const here = byFile.get(file);
      if (!here) return nextLoad(url, context);
      const text = stripTypeScriptTypes(withSwitches(file, readFileSync(path, 'utf8'), here));
      return {
        format: 'module',
        source: `import { turned as __turned } from '${SWITCHBOARD}'; ${text}`,
        shortCircuit: true,
      };
    },
  });
}
