/** Parts of a message that are JSON already: written into it as they are, not parsed to be written again. */
import { randomUUID } from 'node:crypto';

/** Stands for a text in what JSON.stringify writes. Nobody outside this process can know it. */
const PLACE = `json-text ${randomUUID()}`;
const QUOTED = JSON.stringify(PLACE);
let met: string[] = [];

class JsonText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toJSON(): string {
    met.push(this.text);
    return PLACE;
  }
}

/** @param text JSON of a `T`, which the value claims to be: it is good for being published and for nothing else. */
export const jsonText = <T extends object>(text: string): T => new JsonText(text) as unknown as T;

/** JSON.stringify that knows `jsonText`. */
export function stringify(value: unknown): string {
  met = [];
  const written = JSON.stringify(value);
  if (met.length === 0) return written;
  const between = written.split(QUOTED);
  return between.map((piece, i) => piece + (met[i] ?? '')).join('');
}
