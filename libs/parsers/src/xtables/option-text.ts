/** Modules whose options decide nothing that is computed here: each option is kept as the tool prints it. */
import { Malformed } from '../problem.ts';
import type { Given } from './module.ts';
import { not, quote } from './values.ts';

export type Arity = Readonly<Record<string, number>>;

export const optionText = (g: Given): string => [`${not(g.negate)}${g.option}`, ...g.args.map(quoteValue)].join(' ');
export const optionTexts = (given: readonly Given[]): readonly string[] => given.map(optionText);

/** An empty value needs its quotes. */
const quoteValue = (value: string): string => (value === '' ? '""' : quote(value));

/** The value must be one of these words, or several with commas. */
export function words(text: string, known: ReadonlySet<string>, what: string): readonly string[] {
  const parts = text.split(',');
  for (const part of parts) if (!known.has(part)) throw new Malformed(`"${part}" is not ${what}`);
  return parts;
}
