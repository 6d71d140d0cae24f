/** Cuts nft's text into statements and blocks: quotes, comments, sets over several lines, `;` and `}`. */
import { Malformed } from '../../problem.ts';

export interface Statement {
  /** 1-based line of its first character. */
  readonly line: number;
  /** In one line, without the comment behind it. */
  readonly text: string;
  /** Of `# handle 7` behind it. */
  readonly handle: number | null;
  /** Of a table, and of what stands in it. */
  readonly block: readonly Statement[] | null;
}

/** Where the text is broken. */
export class BrokenAt extends Malformed {
  readonly line: number;
  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/** In a table, and in what stands there, a brace opens a block; in a rule and in `elements` it opens a set. */
const BLOCK_DEPTH = 2;
const ELLIPSIS = /(?:^|[\s{,[])(?:\.{3,}|…)(?:$|[\s},\]])/;

export class StatementScanner {
  readonly #source: string;
  #at = 0;
  #line = 1;

  constructor(source: string) {
    this.#source = source;
  }

  /** Up to the closing brace of the block, or at depth 0 to the end. `openedAt`: its line, for what is missing. */
  statements(depth = 0, openedAt = 0): readonly Statement[] {
    const found: Statement[] = [];
    for (;;) {
      this.#skipBlank(found);
      const c = this.#source[this.#at];
      if (c === undefined) {
        if (depth > 0) throw new BrokenAt(`the block that begins in line ${openedAt} has no end`, this.#line);
        return found;
      }
      if (c === '}') {
        if (depth === 0) throw new BrokenAt('a closing brace without its block', this.#line);
        this.#at++;
        return found;
      }
      found.push(this.#statement(depth));
    }
  }

  #skipBlank(found: Statement[]): void {
    for (;;) {
      const c = this.#source[this.#at];
      if (c === '\n') this.#line++;
      else if (c === '#') {
        this.#comment(found);
        continue;
      } else if (c !== ' ' && c !== '\t' && c !== '\r' && c !== ';') return;
      this.#at++;
    }
  }

  /** To the end of the line. A handle is that of the statement that the line ends. */
  #comment(found: Statement[]): void {
    let end = this.#source.indexOf('\n', this.#at);
    if (end < 0) end = this.#source.length;
    const handle = /^# handle (\d+)/.exec(this.#source.slice(this.#at, end))?.[1];
    const last = found.at(-1);
    if (handle !== undefined && last !== undefined && last.block === null)
      found[found.length - 1] = { ...last, handle: Number(handle) };
    this.#at = end;
  }

  #statement(depth: number): Statement {
    const line = this.#line;
    const text = this.#read(depth);
    if (ELLIPSIS.test(text)) throw new BrokenAt('something was left out here', line);
    if (this.#source[this.#at] !== '{') return { line, text, handle: null, block: null };
    if (text === '') throw new BrokenAt('a block without a name', line);
    this.#at++;
    const handle = /^[ \t]*# handle (\d+)/.exec(this.#source.slice(this.#at, this.#at + 40))?.[1];
    const block = this.statements(depth + 1, line);
    return { line, text, handle: handle === undefined ? null : Number(handle), block };
  }

  /** Up to what ends the statement, which is left to be read. */
  #read(depth: number): string {
    const began = this.#line;
    let text = '';
    let open = 0;
    for (; ; this.#at++) {
      const c = this.#source[this.#at];
      if (c === undefined) {
        if (open > 0) throw new BrokenAt(`the set that begins in line ${began} has no end`, this.#line);
        break;
      }
      if (c === '"') {
        text += this.#quoted();
        continue;
      }
      if (c === '\\' && this.#source[this.#at + 1] === '\n') {
        this.#at++;
        this.#line++;
        continue;
      }
      if (c === '{' && depth < BLOCK_DEPTH) break;
      if (open === 0 && (c === '\n' || c === ';' || c === '}' || c === '#')) break;
      if (c === '{') open++;
      if (c === '}') open--;
      if (c === '\n') this.#line++;
      if (c === '#') {
        this.#comment([]);
        this.#at--;
        continue;
      }
      text += c;
    }
    return text.replace(/\s+/g, ' ').trim();
  }

  #quoted(): string {
    const from = this.#at;
    for (this.#at++; ; this.#at++) {
      const c = this.#source[this.#at];
      if (c === undefined || c === '\n') throw new BrokenAt('a quote without its end', this.#line);
      if (c === '\\' && this.#source[this.#at + 1] === '"') this.#at++;
      else if (c === '"') return this.#source.slice(from, this.#at + 1);
    }
  }
}
