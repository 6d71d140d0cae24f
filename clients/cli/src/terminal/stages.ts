import { progressIn } from './progress-words.ts';

/** One line per stage, with what is being waited for and how long it took. Goes to stderr: stdout holds the answer. */
export class Stages {
  readonly #lang: string;
  readonly #began = performance.now();

  constructor(lang = 'en') {
    this.#lang = lang;
  }

  /** Prints the line before the work, so that a wait always says what it waits for. */
  say(line: string): void {
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(1).padStart(5);
    process.stderr.write(`${seconds} s  ${progressIn(this.#lang, line)}\n`);
  }
}
