/** Preloaded into a mutant's process: one file of the model is read with one place changed. */
import { registerHooks } from 'node:module';
import type { Mutant } from './mutants.ts';

const mutant = JSON.parse(process.env.NETVERDICT_MUTANT ?? 'null') as Mutant | null;
if (mutant !== null) {
  const ending = `/libs/netsim/src/${mutant.file}`;
  let applied = false;
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.endsWith(ending)) return loaded;
      applied = true;
      const text = String(loaded.source ?? '');
      return { ...loaded, source: text.slice(0, mutant.start) + mutant.replacement + text.slice(mutant.end) };
    },
  });
  // A mutant that was never loaded would survive without having lived.
  process.on('exit', () => {
    if (!applied) process.exitCode = 4;
  });
}
