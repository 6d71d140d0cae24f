/**
 * The mutation run: every kind of place in the model is turned round, one at a time, and the recorded worlds are judged again.
 *
 *   node libs/verify/src/mutate/main.ts CORPUS [--most N] [--seed N] [--report FILE]
 *
 * CORPUS is what `netverdict verify --record` wrote. A model that nobody can tell from the mutated one has a meaning that no
 * world decides: the survivors are listed.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { randomFrom } from '../generate/random.ts';
import { type Mutant, mutantsOf } from './mutants.ts';

const here = dirname(fileURLToPath(import.meta.url));
const MODEL = resolve(here, '../../../netsim/src');
/** The stack itself; what turns fates into findings and words is not what a packet feels. */
const FOLDERS = [
  'conntrack',
  'ipset',
  'link',
  'nat',
  'neighbour',
  'netfilter',
  'nft',
  'packet',
  'path',
  'route',
  'socket',
];

export interface MutantFate {
  readonly mutant: Mutant;
  readonly fate: 'caught' | 'survived' | 'not-loaded';
  readonly by: string;
}

function allMutants(): Mutant[] {
  return FOLDERS.flatMap((folder) => {
    const files = readdirSync(join(MODEL, folder), { recursive: true, encoding: 'utf8' });
    return files
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .flatMap((file) => {
        const path = join(MODEL, folder, file);
        return mutantsOf(relative(MODEL, path), readFileSync(path, 'utf8'));
      });
  });
}

function tryMutant(mutant: Mutant, corpus: string): Promise<MutantFate> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      ['--import', join(here, 'hook.ts'), join(here, 'replay.ts'), corpus],
      { env: { ...process.env, NETVERDICT_MUTANT: JSON.stringify(mutant) }, timeout: 300_000, encoding: 'utf8' },
      (error, stdout) => {
        const by = stdout.trim();
        if (!error) return done({ mutant, fate: 'survived', by });
        done({ mutant, fate: error.code === 4 ? 'not-loaded' : 'caught', by });
      },
    );
  });
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { most: { type: 'string' }, seed: { type: 'string', default: '1' }, report: { type: 'string' } },
  });
  const [corpus] = positionals;
  if (!corpus) throw new Error('name the corpus: netverdict verify --record FILE writes one');
  const all = allMutants();
  const random = randomFrom(Number(values.seed));
  const chosen = values.most ? random.some(all, Number(values.most)) : all;
  process.stderr.write(`${chosen.length} of ${all.length} mutants\n`);
  const fates: MutantFate[] = [];
  const queue = [...chosen];
  await Promise.all(
    Array.from({ length: availableParallelism() }, async () => {
      for (let mutant = queue.pop(); mutant; mutant = queue.pop()) {
        fates.push(await tryMutant(mutant, corpus));
        process.stderr.write(`\r${fates.length} tried, ${fates.filter((f) => f.fate === 'survived').length} survived`);
      }
    }),
  );
  const survived = fates.filter((f) => f.fate === 'survived');
  const loaded = fates.filter((f) => f.fate !== 'not-loaded').length;
  const share = loaded === 0 ? 0 : (100 * (loaded - survived.length)) / loaded;
  process.stdout.write(
    `\n${survived
      .sort((a, b) => (a.mutant.file + a.mutant.line < b.mutant.file + b.mutant.line ? -1 : 1))
      .map(
        ({ mutant: m }) =>
          `survived: ${m.file}:${m.line} ${m.kind}: ${m.was.replace(/\s+/g, ' ')} → ${m.replacement.replace(/\s+/g, ' ').slice(0, 80)}`,
      )
      .join('\n')}\n${loaded} mutants tried, ${loaded - survived.length} caught (${share.toFixed(1)} %)\n`,
  );
  if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(fates, null, 1)}\n`);
}

await main();
