/**
 * Cuts one rule into words as iptables-restore does (add_param_to_argv in iptables/xshared.c): words end at white
 * space, a double quote opens and closes text, a backslash inside quotes takes the next character as it is.
 * The buffers are reused for every line: a ruleset has a million words.
 */
import { Malformed } from '../problem.ts';

const SPACE = 32;
const TAB = 9;
const QUOTE = 34;
const DASH = 45;

export class Words {
  source = '';
  count = 0;
  readonly values: string[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  readonly quoted: boolean[] = [];
  /** The first backslash at or after where it was last looked for: nearly every text has none. */
  #backslash = -1;

  /** Reads the words of source[start, end). Throws Malformed for a quote that does not close. */
  read(source: string, start: number, end: number): void {
    if (source !== this.source) this.#backslash = -1;
    this.source = source;
    this.count = 0;
    let i = start;
    while (i < end) {
      const c = source.charCodeAt(i);
      if (c === SPACE || c === TAB) {
        i++;
        continue;
      }
      const from = i;
      let plain = true;
      let word = '';
      let run = i;
      while (i < end) {
        const d = source.charCodeAt(i);
        if (d === SPACE || d === TAB) break;
        if (d !== QUOTE) {
          i++;
          continue;
        }
        plain = false;
        word += source.slice(run, i);
        i++;
        run = i;
        for (;;) {
          const close = source.indexOf('"', i);
          if (close < 0 || close >= end) throw new Malformed('the quote does not close');
          const backslash = this.#nextBackslash(i);
          if (backslash > close) {
            i = close;
            break;
          }
          word += source.slice(run, backslash);
          run = backslash + 1;
          i = backslash + 2;
        }
        word += source.slice(run, i);
        i++;
        run = i;
      }
      const at = this.count++;
      this.values[at] = plain ? source.slice(from, i) : word + source.slice(run, i);
      this.starts[at] = from;
      this.ends[at] = i;
      this.quoted[at] = !plain;
    }
  }

  #nextBackslash(from: number): number {
    if (this.#backslash < from) {
      const found = this.source.indexOf('\\', from);
      this.#backslash = found < 0 ? Number.POSITIVE_INFINITY : found;
    }
    return this.#backslash;
  }

  at(index: number): string {
    const value = index < this.count ? this.values[index] : undefined;
    if (value === undefined) throw new Malformed('the line ends where a value is expected');
    return value;
  }

  /** An option, not a value: begins with a dash and was not quoted. */
  isOption(index: number): boolean {
    const value = this.values[index];
    return (
      index < this.count &&
      value !== undefined &&
      value.length > 1 &&
      value.charCodeAt(0) === DASH &&
      this.quoted[index] === false
    );
  }

  isNot(index: number): boolean {
    return index < this.count && this.values[index] === '!' && this.quoted[index] === false;
  }

  /** The raw text of the words [from, to). */
  slice(from: number, to: number): string {
    return from >= to ? '' : this.source.slice(this.starts[from], this.ends[to - 1]);
  }
}
