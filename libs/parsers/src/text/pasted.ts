/**
 * Text that people paste. What the tools print for eyes becomes the fields that the same tools print as JSON, and goes
 * through the JSON's own readers: both give the same model. Strict: a word that no version of the tool prints is a problem
 * with its line, save what a hand wrote behind a line to point at it (`# so`, `<--- so`, `<=== so`).
 */
import { type LineRef, ok, type Result } from '@netverdict/linux-net';
import type { Fields } from '../json/fields.ts';
import { lines } from '../lines.ts';
import { fail, Malformed, type ParseProblem, readLine } from '../problem.ts';
import { WordReader } from '../words.ts';

export type Building = Record<string, unknown>;

const REMARK = /^(#|<[-=<])/;

export function pastedWords(line: string): readonly string[] {
  const all = line.split(/\s+/).filter((word) => word !== '');
  const remark = all.findIndex((word) => REMARK.test(word));
  return remark < 0 ? all : all.slice(0, remark);
}

export const reader = (line: string): WordReader => new WordReader(pastedWords(line));

export const strange = (word: string): Malformed => new Malformed(`"${word}" is not understood here`);

/** What a word says: nothing but itself, or with so many words behind it. */
export type Grammar = Readonly<Record<string, (words: WordReader, fields: Building, word: string) => void>>;

/** Reads words until the line ends; one that the grammar does not know is for `other`, or a problem. */
export function readWords(
  words: WordReader,
  grammar: Grammar,
  fields: Building,
  other: (word: string) => void = (word) => {
    throw strange(word);
  },
): void {
  for (let word = words.next(); word !== undefined; word = words.next()) {
    const read = Object.hasOwn(grammar, word) ? grammar[word] : undefined;
    if (read) read(words, fields, word);
    else other(word);
  }
}

/** The next word under a name of its own (the JSON's); without a name under the word that it follows. */
export const value =
  (name?: string): Grammar[string] =>
  (words, fields, word) => {
    fields[name ?? word] = words.value(`what "${word}" is`);
  };
export const numeric =
  (name?: string): Grammar[string] =>
  (words, fields, word) => {
    fields[name ?? word] = words.number('a number', Number.MAX_SAFE_INTEGER);
  };
/** A word that stands alone: `"not": null` in JSON. */
export const alone =
  (name?: string): Grammar[string] =>
  (_words, fields, word) => {
    fields[name ?? word] = null;
  };
/** What the model has no use for, so many words long. */
export const skip =
  (count: number): Grammar[string] =>
  (words, _fields, word) => {
    for (let i = 0; i < count; i++) words.value(`what "${word}" is`);
  };
/** A member of the JSON's `flags`. */
export const inFlags: Grammar[string] = (_words, fields, word) => {
  const flags = fields.flags;
  fields.flags = [...(Array.isArray(flags) ? (flags as unknown[]) : []), word];
};

/** A record of the tool: its first line, and the JSON that its lines come to. */
export interface Pasted {
  readonly at: LineRef;
  readonly fields: Fields;
}

/** One record for each line. A text without any is a problem: the tool was not run, or its output is not there. */
export function eachLine<T>(
  text: string,
  read: (fields: Building, words: WordReader, at: LineRef) => T,
): Result<readonly T[], ParseProblem> {
  const values: T[] = [];
  for (const { line, text: raw } of lines(text)) {
    const content = raw.trim();
    const words = reader(content);
    if (words.peek() === undefined) continue;
    const result = readLine(line, raw, () => read({}, words, { line, text: content }));
    if (!result.ok) return result;
    values.push(result.value);
  }
  return values.length === 0 ? nothing(text) : ok(values);
}

export const nothing = (text: string): Result<never, ParseProblem> => fail('there is nothing in this text', 1, text);
