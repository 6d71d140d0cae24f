/** Mutants on their way through a process that tries them: ended where one runs in circles, and anew before memory is short. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Mutant } from './mutants.ts';
import type { MutantFate } from './mutation-report.ts';
import type { Ask, Fate, Trial } from './replay.ts';

/** A mutant may make the model run in circles. */
const LONGEST_MS = 60_000;
const MOST_BYTES = 700_000_000;

export class Trials {
  readonly #folder: string;
  #process: ChildProcess | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async try(mutant: Mutant, asks: readonly Ask[]): Promise<MutantFate> {
    if (asks.length === 0) return { mutant, fate: 'not-reached', by: '' };
    this.#process ??= fork(join(import.meta.dirname, 'replay.ts'), [this.#folder], {
      execArgv: ['--no-warnings'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(this.#folder, 'compiled') },
    });
    const answer = await ask(this.#process, { mutant, asks });
    if (answer === null || answer.heapBytes > MOST_BYTES) this.close();
    if (answer === null) return { mutant, fate: 'caught', by: 'it ran in circles' };
    return { mutant, fate: answer.fate, by: answer.by };
  }

  close(): void {
    this.#process?.kill('SIGKILL');
    this.#process = null;
  }
}

/** null: no answer in time, or the process broke. */
function ask(process: ChildProcess, trial: Trial): Promise<Fate | null> {
  return new Promise((resolve) => {
    const done = (answer: Fate | null): void => {
      clearTimeout(timer);
      process.off('message', heard).off('exit', broke);
      resolve(answer);
    };
    const heard = (answer: unknown): void => done(answer as Fate);
    const broke = (): void => done(null);
    const timer = setTimeout(broke, LONGEST_MS);
    process.on('message', heard).on('exit', broke);
    process.send(trial);
  });
}
