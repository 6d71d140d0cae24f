/**
 * Cuts one rule into words as iptables-restore does (add_param_to_argv in iptables/xshared.c): words end at white
 * space, a double quote opens and closes text, a backslash inside quotes takes the next character as it is.
 * The buffers are reused for every line, and a word seen before is the same string: a ruleset has a million words
 * of which few differ.
 */
import { Malformed } from '../problem.ts';

const SPACE = 32;
const TAB = 9;
const QUOTE = 34;
const BACKSLASH = 92;
const DASH = 45;

const SEEN_SLOTS = 1 << 15;

export class Words {
  source = '';
  count = 0;
  readonly values: string[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  readonly quoted: boolean[] = [];
  /** One word per slot, the last that had this hash. */
  readonly #seen: (string | undefined)[] = new Array<string | undefined>(SEEN_SLOTS);

  /** Reads the words of source[start, end). Throws Malformed for a quote that does not close. */
  read(source: string, start: number, end: number): void {
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
      let hash = 0;
      while (i < end) {
        const d = source.charCodeAt(i);
        if (d === SPACE || d === TAB) break;
        if (d !== QUOTE) {
          hash = (Math.imul(hash, 31) + d) | 0;
          i++;
          continue;
        }
        plain = false;
        word += source.slice(run, i);
        i++;
        run = i;
        for (;;) {
          if (i >= end) throw new Malformed('the quote does not close');
          const q = source.charCodeAt(i);
          if (q === QUOTE) break;
          if (q === BACKSLASH) {
            word += source.slice(run, i);
            run = i + 1;
            i += 2;
          } else i++;
        }
        word += source.slice(run, i);
        i++;
        run = i;
      }
      const at = this.count++;
      this.values[at] = plain ? this.#word(source, from, i, hash) : word + source.slice(run, i);
      this.starts[at] = from;
      this.ends[at] = i;
      this.quoted[at] = !plain;
    }
  }

  #word(source: string, from: number, to: number, hash: number): string {
    const slot = (hash ^ (hash >>> 15)) & (SEEN_SLOTS - 1);
    const seen = this.#seen[slot];
    if (seen !== undefined && seen.length === to - from && source.startsWith(seen, from)) return seen;
    const word = source.slice(from, to);
    this.#seen[slot] = word;
    return word;
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
