/** A line's words. A word that begins with a quote goes to the next quote that no backslash precedes (comments). */
import { Malformed } from './problem.ts';

export function words(text: string): readonly string[] {
  if (!text.includes('"')) return text.split(/\s+/).filter((word) => word !== '');
  const found: string[] = [];
  const pattern = /"((?:[^"\\]|\\.)*)"(?=\s|$)|(\S+)/g;
  for (const match of text.matchAll(pattern)) {
    const [, quoted, bare] = match;
    if (bare?.startsWith('"')) throw new Malformed('a quote is not closed');
    found.push(bare ?? (quoted ?? '').replace(/\\(.)/g, '$1'));
  }
  return found;
}

/** Takes words one by one; a word that is asked for and absent makes the line malformed. */
export class WordReader {
  readonly #words: readonly string[];
  #at = 0;

  constructor(all: readonly string[]) {
    this.#words = all;
  }

  next(): string | undefined {
    return this.#words[this.#at++];
  }

  peek(): string | undefined {
    return this.#words[this.#at];
  }

  /** `what`: what should stand there. */
  value(what: string): string {
    const word = this.next();
    if (word === undefined) throw new Malformed(`the line ends where ${what} should stand`);
    return word;
  }

  number(what: string, limit = 0xffffffff): number {
    const word = this.value(what);
    const value = Number(word);
    if (!/^(0[xX][0-9a-fA-F]+|\d+)$/.test(word) || value > limit) throw new Malformed(`"${word}" is not ${what}`);
    return value;
  }
}
