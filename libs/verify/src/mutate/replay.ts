/**
 * A process that mutants are tried in, one after the other: for each the model is read anew with one place changed, and asked
 * about stored worlds until one answer is not what the kernel did. main.ts ends it when a mutant runs in circles.
 *
 *   node replay.ts FOLDER, then messages of `Trial`, each answered by a `Fate`
 */
import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Mutant } from './mutants.ts';

export interface Ask {
  readonly world: number;
  /** Positions in it. */
  readonly flows: readonly number[];
}

export interface Trial {
  readonly mutant: Mutant;
  readonly asks: readonly Ask[];
}

export interface Fate {
  readonly fate: 'caught' | 'survived' | 'not-reached';
  /** World and flow that told it from the model, or how it failed. */
  readonly by: string;
  /** Models that were read before stay in memory. */
  readonly heapBytes: number;
}

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

async function fateOf({ mutant, asks }: Trial, folder: string): Promise<Omit<Fate, 'heapBytes'>> {
  applied = false;
  current = { mutant, mark: `?${++tried}` };
  try {
    const stored = (await import(
      pathToFileURL(`${import.meta.dirname}/stored.ts`).href
    )) as typeof import('./stored.ts');
    // A mutant that was never loaded would survive without having lived.
    if (!applied) return { fate: 'not-reached', by: 'never loaded' };
    for (const ask of asks) {
      const world = stored.load(folder, ask.world);
      const model = stored.modelOfStored(world);
      for (const index of ask.flows) {
        const flow = world.flows[index];
        if (flow && !stored.isTold(model, flow)) return { fate: 'caught', by: `${world.id} ${flow.flow.id}` };
      }
    }
    return { fate: 'survived', by: '' };
  } catch (error) {
    return { fate: 'caught', by: `${error instanceof Error ? error.message.split('\n')[0] : String(error)}` };
  } finally {
    current = null;
  }
}

const [, , folder = ''] = process.argv;
process.on('message', (trial: Trial) => {
  void fateOf(trial, folder).then((fate) => process.send?.({ ...fate, heapBytes: process.memoryUsage().rss }));
});
