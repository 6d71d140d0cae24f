/**
 * The mutation run: places of the model are turned round, one at a time, and the recorded worlds are judged again.
 *
 *   node libs/verify/src/mutate/main.ts CORPUS… [--most N] [--seed N] [--workers N] [--report FILE] [--only PATH]…
 *
 * CORPUS is what `netverdict verify --record` wrote. A mutant is tried on the worlds that run through its place, until one
 * answer is not what the kernel did. One that nobody can tell from the model has a meaning that no world decides: the survivors
 * are listed, and docs/fidelity/survivors.md explains each.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { randomFrom } from '../generate/random.ts';
import { chooseEvenly } from './choose.ts';
import { type Mutant, mutantsOf } from './mutants.ts';
import { type MutantFate, type MutationReport, mutationText, reportOf } from './mutation-report.ts';
import { prepare } from './prepare.ts';
import { Trials } from './trials.ts';

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

/** @param only beginnings of paths in the model's folder; none: all of it */
async function run(
  corpora: readonly string[],
  only: readonly string[],
  most: number,
  seed: number,
  workers: number,
): Promise<MutationReport> {
  const all = allMutants().filter((mutant) => only.length === 0 || only.some((path) => mutant.file.startsWith(path)));
  const chosen = chooseEvenly(all, most, randomFrom(seed));
  process.stderr.write(`${chosen.length} of ${all.length} mutants\n`);
  const folder = mkdtempSync(join(tmpdir(), 'netverdict-mutants-'));
  try {
    const { flows, askedOf } = await prepare(MODEL, corpora, folder, chosen);
    const fates: MutantFate[] = [];
    const queue = [...chosen];
    await Promise.all(
      Array.from({ length: workers }, async () => {
        const trials = new Trials(folder);
        for (let mutant = queue.pop(); mutant; mutant = queue.pop()) {
          const fate = await trials.try(mutant, askedOf.get(mutant) ?? []);
          fates.push(fate);
          const found = fate.fate === 'caught' ? '' : `${fate.fate}: ${mutant.file}:${mutant.line} ${mutant.code}\n`;
          process.stderr.write(
            `\r${found}${fates.length} tried, ${fates.filter((f) => f.fate !== 'caught').length} not caught`,
          );
        }
        trials.close();
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
    workers: { type: 'string', default: String(availableParallelism()) },
    report: { type: 'string' },
    only: { type: 'string', multiple: true, default: [] },
  },
});
if (positionals.length === 0) {
  process.stderr.write('name the corpus: netverdict verify --record FILE writes one\n');
  process.exitCode = 3;
} else {
  const report = await run(positionals, values.only, Number(values.most), Number(values.seed), Number(values.workers));
  process.stdout.write(`${mutationText(report)}\n`);
  if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(report, null, 1)}\n`);
}
