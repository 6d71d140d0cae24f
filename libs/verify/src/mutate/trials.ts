/** Mutants on their way through a process that tries them: ended where one does not come back, and anew before memory is short. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { forkWorker } from '../run/fork-worker.ts';
import type { MutantFate } from './mutation-report.ts';
import type { Fate, Trial } from './trial.ts';

/** Questions are counted (switchboard.ts); this is for circles that ask none. */
const LONGEST_MS = 300_000;
const MOST_BYTES = 1_500_000_000;

/** `replay.ts` reads the model anew for each, `replay-switched.ts` once. */
export type Replay = 'replay.ts' | 'replay-switched.ts';

export class Trials {
  readonly #replay: Replay;
  readonly #folder: string;
  #process: ChildProcess | null = null;

  constructor(replay: Replay, folder: string) {
    this.#replay = replay;
    this.#folder = folder;
  }

  async try(trial: Trial): Promise<MutantFate> {
    const { mutant } = trial;
    if (trial.asks.length === 0) return { mutant, fate: 'not-reached', by: '' };
    this.#process ??= forkWorker(new URL(this.#replay, import.meta.url), [this.#folder], {
      execArgv: ['--no-warnings'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(this.#folder, 'compiled') },
    });
    const answer = await ask(this.#process, trial);
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
