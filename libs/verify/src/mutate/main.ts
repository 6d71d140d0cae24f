/**
 * The mutation run: places of the model are turned round, one at a time, and the recorded worlds are judged again.
 *
 *   node libs/verify/src/mutate/main.ts CORPUS… [--most N] [--seed N] [--report FILE]
 *
 * CORPUS is what `netverdict verify --record` wrote. A mutant is tried on the worlds that run through its place, until one
 * answer is not what the kernel did. One that nobody can tell from the model has a meaning that no world decides: the survivors
 * are listed, and docs/fidelity/survivors.md explains each.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compare } from '../compare/agree.ts';
import { readCorpus } from '../corpus/corpus.ts';
import { randomFrom } from '../generate/random.ts';
import { predict } from '../model/predict.ts';
import { modelOfParsed } from '../model/world.ts';
import { chooseEvenly } from './choose.ts';
import { type Mutant, mutantsOf } from './mutants.ts';
import { type MutantFate, type MutationReport, mutationText, reportOf } from './mutation-report.ts';
import { startCoverage } from './reached.ts';
import { type StoredWorld, store, storedOf } from './stored.ts';

const here = dirname(fileURLToPath(import.meta.url));
const MODEL = resolve(here, '../../../netsim/src');
/** The stack itself; what turns fates into findings and words is not what a packet feels. */
const FOLDERS = [
  'answer',
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
/** A mutant may make the model run in circles. */
const LONGEST_MS = 120_000;

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

/** The flows that agree with the model as it is: only they can tell a mutant from it. */
function agreeing(world: StoredWorld): StoredWorld {
  const model = modelOfParsed(world.namespaces);
  const flows = world.flows.filter(({ flow, observations }) => {
    const predictions = Array.from({ length: flow.repeat }, (_, attempt) => predict(model, flow, attempt));
    return compare(predictions, observations).kind === 'agrees';
  });
  return { ...world, flows };
}

interface Prepared {
  readonly flows: number;
  /** Of each chosen mutant, the worlds that run through its place; those that few mutants share come first. */
  readonly worldsOf: ReadonlyMap<Mutant, readonly number[]>;
}

async function prepare(corpora: readonly string[], folder: string, chosen: readonly Mutant[]): Promise<Prepared> {
  const coverage = await startCoverage(MODEL);
  const atLoad = await coverage.take();
  const reachedAtLoad = new Set(chosen.filter((m) => atLoad(m.file, m.start)));
  const reaching = new Map<Mutant, number[]>(chosen.map((m) => [m, []]));
  let flows = 0;
  let worlds = 0;
  for (const corpus of corpora)
    for await (const recorded of readCorpus(corpus)) {
      const world = agreeing(storedOf(recorded));
      const reached = await coverage.take();
      if (world.flows.length === 0) continue;
      const index = worlds++;
      store(folder, index, world);
      flows += world.flows.length;
      for (const [mutant, list] of reaching)
        if (reachedAtLoad.has(mutant) || reached(mutant.file, mutant.start)) list.push(index);
      process.stderr.write(`\r${worlds} worlds, ${flows} flows`);
    }
  await coverage.stop();
  const rarity = new Map<number, number>();
  for (const list of reaching.values())
    for (const index of list) rarity.set(index, (rarity.get(index) ?? 0) + 1 / list.length);
  for (const list of reaching.values()) list.sort((a, b) => (rarity.get(b) ?? 0) - (rarity.get(a) ?? 0));
  process.stderr.write('\n');
  return { flows, worldsOf: reaching };
}

function tryMutant(mutant: Mutant, folder: string, worlds: readonly number[]): Promise<MutantFate> {
  if (worlds.length === 0) return Promise.resolve({ mutant, fate: 'not-reached', by: '' });
  return new Promise((done) => {
    execFile(
      process.execPath,
      ['--import', join(here, 'hook.ts'), join(here, 'replay.ts'), folder, ...worlds.map(String)],
      {
        env: {
          ...process.env,
          NETVERDICT_MUTANT: JSON.stringify(mutant),
          NODE_COMPILE_CACHE: join(folder, 'compiled'),
        },
        timeout: LONGEST_MS,
        killSignal: 'SIGKILL',
        encoding: 'utf8',
      },
      (error, stdout) => {
        const by = stdout.trim();
        if (!error) return done({ mutant, fate: 'survived', by });
        if (error.code === 4) return done({ mutant, fate: 'not-reached', by: 'never loaded' });
        done({ mutant, fate: 'caught', by: error.killed ? 'it ran in circles' : by });
      },
    );
  });
}

async function run(corpora: readonly string[], most: number, seed: number): Promise<MutationReport> {
  const all = allMutants();
  const chosen = chooseEvenly(all, most, randomFrom(seed));
  process.stderr.write(`${chosen.length} of ${all.length} mutants\n`);
  const folder = mkdtempSync(join(tmpdir(), 'netverdict-mutants-'));
  try {
    const { flows, worldsOf } = await prepare(corpora, folder, chosen);
    const fates: MutantFate[] = [];
    const queue = [...chosen];
    await Promise.all(
      Array.from({ length: availableParallelism() }, async () => {
        for (let mutant = queue.pop(); mutant; mutant = queue.pop()) {
          fates.push(await tryMutant(mutant, folder, worldsOf.get(mutant) ?? []));
          process.stderr.write(
            `\r${fates.length} tried, ${fates.filter((f) => f.fate !== 'caught').length} not caught`,
          );
        }
      }),
    );
    process.stderr.write('\n');
    return reportOf({ seed, flows, possible: all.length, fates });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    most: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    report: { type: 'string' },
  },
});
if (positionals.length === 0) {
  process.stderr.write('name the corpus: netverdict verify --record FILE writes one\n');
  process.exitCode = 3;
} else {
  const report = await run(positionals, Number(values.most), Number(values.seed));
  process.stdout.write(`${mutationText(report)}\n`);
  if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(report, null, 1)}\n`);
}
