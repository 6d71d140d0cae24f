/**
 * Cuts the JSON array that `ip -j` prints into the raw texts of its elements.
 * Each element is parsed alone, since evidence cites its text and since `ip` prints doubled keys
 * (the `dst` of a route and that of its encap) of which JSON.parse keeps only the last.
 */
import { Malformed } from '../problem.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const isOpening = (c: number): boolean => c === 123 || c === 91;
const isClosing = (c: number): boolean => c === 125 || c === 93;
const isSpace = (c: string): boolean => c === ' ' || c === '\n' || c === '\t' || c === '\r';

/** End of the JSON value that starts at `start`, exclusive; the text's length + 1 when it is cut. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      for (i++; i < text.length && text.charCodeAt(i) !== QUOTE; i++) if (text.charCodeAt(i) === BACKSLASH) i++;
      if (i >= text.length) return text.length + 1;
    } else if (isOpening(c)) depth++;
    else if (depth === 0 && (c === COMMA || isClosing(c))) return i;
    else if (isClosing(c)) depth--;
  }
  return text.length + 1;
}

/** Several arrays one after the other (two commands of an `ip -batch`) count as one. */
export function* arrayElements(text: string): Generator<string> {
  let i = 0;
  const skipSpace = (): void => {
    while (i < text.length && isSpace(text.charAt(i))) i++;
  };
  skipSpace();
  if (i >= text.length) throw new Malformed('expected a JSON array, found an empty text');
  while (i < text.length) {
    if (text.charAt(i) !== '[') throw new Malformed('expected a JSON array');
    i++;
    skipSpace();
    if (text.charAt(i) === ']') i++;
    else
      for (;;) {
        skipSpace();
        const end = endOfValue(text, i);
        if (end > text.length) throw new Malformed('the JSON text is cut');
        yield text.slice(i, end).trimEnd();
        i = end + 1;
        if (text.charAt(end) !== ',') break;
      }
    skipSpace();
  }
}
