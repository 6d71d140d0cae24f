/**
 * A process that tries mutants of what is run only while the model is read (tables, constants): for each the model is read anew
 * with one place changed.
 *
 *   node replay.ts FOLDER, then messages of `Trial`, each answered by a `Fate`
 */
import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Mutant } from './mutants.ts';
import { answerTrials, type Fate, fateOf, type Trial } from './trial.ts';

const MODEL = new URL('../../../netsim/src/', import.meta.url).href;
/** What is read anew beside the model: whoever imports it. */
const ASKING = [new URL('../model/', import.meta.url).href, new URL('./stored.ts', import.meta.url).href];

let current: { readonly mutant: Mutant; readonly mark: string } | null = null;
let applied = false;
let tried = 0;
const stripped = new Map<string, string>();

function sourceOf(file: string): string {
  const known = stripped.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(file, 'utf8');
  const source = stripTypeScriptTypes(text);
  stripped.set(file, source);
  return source;
}

function mutated(file: string, { start, end, replacement }: Mutant): string {
  applied = true;
  const text = readFileSync(file, 'utf8');
  return stripTypeScriptTypes(text.slice(0, start) + replacement + text.slice(end));
}

registerHooks({
  resolve(specifier, context, nextResolve) {
    const found = nextResolve(specifier, context);
    if (!current || ![MODEL, ...ASKING].some((place) => found.url.startsWith(place))) return found;
    return { ...found, url: found.url + current.mark };
  },
  load(url, context, nextLoad) {
    if (!current || !url.endsWith(current.mark)) return nextLoad(url, context);
    const file = fileURLToPath(url.slice(0, -current.mark.length));
    const changed = file.endsWith(`/libs/netsim/src/${current.mutant.file}`);
    const source = changed ? mutated(file, current.mutant) : sourceOf(file);
    return { format: 'module', source, shortCircuit: true };
  },
});

async function readAnew({ mutant, asks }: Trial): Promise<Omit<Fate, 'heapBytes'>> {
  applied = false;
  current = { mutant, mark: `?${++tried}` };
  try {
    const asked = (await import(
      pathToFileURL(`${import.meta.dirname}/stored.ts`).href
    )) as typeof import('./stored.ts');
    // A mutant that was never loaded would survive without having lived.
    if (!applied) return { fate: 'not-reached', by: 'never loaded' };
    return fateOf(asks, folder, asked, () => {});
  } catch (error) {
    return { fate: 'caught', by: `the model cannot be read: ${String(error).split('\n')[0]}` };
  } finally {
    current = null;
  }
}

const [, , folder = ''] = process.argv;
answerTrials(readAnew);
