/**
 * The mutation run: places of the model are turned round, one at a time, and the recorded worlds are judged again.
 *
 *   node libs/verify/src/mutate/main.ts CORPUS… [--most N] [--seed N] [--workers N] [--report FILE] [--only PATH]… [--again REPORT] [--random N]
 *
 * CORPUS is what `netverdict verify --record` or record-fixtures.ts wrote. Every mutant is tried, `--most` of them if that is said,
 * on the worlds that run through its place, until one answer is not what the kernel did. The model is read once, with a switch at
 * each place (switches.ts); only for what is run while it is read, it is read anew (replay.ts). A mutant that nobody can tell from
 * the model has a meaning that no world decides: the survivors are listed, and docs/fidelity/survivors.md explains each.
 *
 * `--random`: of random worlds at most so many packets for one mutant; of fixtures all that run through its place.
 * `--again`: only what survived in an earlier run, on more worlds; what was caught in it stays caught. The model must be the same.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { randomFrom } from '../generate/random.ts';
import { placeOf, stillOpen, together } from './again.ts';
import { allMutants } from './all-mutants.ts';
import { chooseEvenly } from './choose.ts';
import { type MutantFate, type MutationReport, reportOf } from './mutation-report.ts';
import { mutationText } from './mutation-text.ts';
import { prepare } from './prepare.ts';
import type { Trial } from './trial.ts';
import { type Replay, Trials } from './trials.ts';

interface Run {
  readonly corpora: readonly string[];
  /** Beginnings of paths in the model's folder; none: all of it. */
  readonly only: readonly string[];
  /** null: all. */
  readonly most: number | null;
  readonly seed: number;
  readonly random: number;
  readonly workers: number;
  readonly earlier: MutationReport | null;
}

async function run({ corpora, only, most, seed, random, workers, earlier }: Run): Promise<MutationReport> {
  const started = performance.now();
  const all = allMutants().filter((mutant) => only.length === 0 || only.some((path) => mutant.file.startsWith(path)));
  const some = most === null ? all : chooseEvenly(all, most, randomFrom(seed));
  const chosen = new Set((earlier === null ? some : stillOpen(all, earlier)).map(placeOf));
  process.stderr.write(`${chosen.size} of ${all.length} mutants\n`);
  const folder = mkdtempSync(join(tmpdir(), 'netverdict-mutants-'));
  try {
    const { worlds, flows, constants, others } = await prepare(corpora, folder, random, (m) => chosen.has(placeOf(m)));
    const fates: MutantFate[] = [];
    const heard = (fate: MutantFate): void => {
      fates.push(fate);
      const { mutant } = fate;
      const found = fate.fate === 'caught' ? '' : `${fate.fate}: ${mutant.file}:${mutant.line} ${mutant.code}\n`;
      const left = fates.filter((f) => f.fate !== 'caught').length;
      process.stderr.write(`\r${found}${fates.length} tried, ${left} not caught`);
    };
    await tryAll('replay-switched.ts', folder, others, workers, heard);
    await tryAll('replay.ts', folder, constants, workers, heard);
    process.stderr.write('\n');
    const seconds = Math.round((performance.now() - started) / 1000);
    const report = reportOf({ seed, random, worlds, flows, possible: all.length, fates, workers, seconds });
    return earlier === null ? report : together(earlier, report);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tryAll(
  replay: Replay,
  folder: string,
  trials: readonly Trial[],
  workers: number,
  heard: (fate: MutantFate) => void,
): Promise<void> {
  const queue = [...trials];
  await Promise.all(
    Array.from({ length: workers }, async () => {
      const process = new Trials(replay, folder);
      try {
        for (let trial = queue.pop(); trial; trial = queue.pop()) heard(await process.try(trial));
      } finally {
        process.close();
      }
    }),
  );
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    most: { type: 'string' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: String(availableParallelism()) },
    report: { type: 'string' },
    only: { type: 'string', multiple: true, default: [] },
    again: { type: 'string' },
    random: { type: 'string', default: '100' },
  },
});
if (positionals.length === 0) {
  process.stderr.write('name the corpus: netverdict verify --record FILE writes one\n');
  process.exitCode = 3;
} else {
  const report = await run({
    corpora: positionals,
    only: values.only,
    most: values.most === undefined ? null : Number(values.most),
    seed: Number(values.seed),
    random: Number(values.random),
    workers: Number(values.workers),
    earlier: values.again === undefined ? null : (JSON.parse(readFileSync(values.again, 'utf8')) as MutationReport),
  });
  process.stdout.write(`${mutationText(report)}\n`);
  if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(report, null, 1)}\n`);
}
