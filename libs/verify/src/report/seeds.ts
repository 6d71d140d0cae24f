/** Runs on seeds that nobody had seen before, one after the other: docs/fidelity/seeds.json keeps what `--output` wrote of each. */
import type { Run } from './recorded.ts';

export interface SeedRun {
  readonly seed: number;
  /** Day of the run, in UTC. */
  readonly date: string;
  readonly flows: number;
  readonly disagreements: number;
  readonly undetermined: number;
  readonly seconds: number;
  /** What it found and how that was mended; absent: nothing. */
  readonly found?: string;
}

export const seedRunOf = ({ seed, date, flows, disagreements, undetermined, seconds }: Run): SeedRun => ({
  seed,
  date,
  flows,
  disagreements: disagreements.length,
  undetermined,
  seconds,
});

export function seedRows(runs: readonly SeedRun[]): string[] {
  if (runs.length === 0) return ['None is recorded.'];
  const wrong = runs.filter((run) => run.disagreements > 0).length;
  return [
    'What is found on a seed is mended, and the next seeds are new ones: so this list says how much is still to be expected.',
    `Of these ${runs.length} runs ${wrong} found something that the model, or the judge, did not know.`,
    '',
    '| day | seed (`netverdict verify --flows 20000`, or 100000, `--seed`) | packets | disagreements | undetermined | |',
    '|---|---|---|---|---|---|',
    ...runs.map(
      ({ date, seed, flows, disagreements, undetermined, seconds, found }) =>
        `| ${date} | ${seed} | ${flows} | ${disagreements} | ${((100 * undetermined) / flows).toFixed(2)} % | ${found ?? ''}${found ? '; ' : ''}${seconds} s |`,
    ),
  ];
}
