/** Traces of the hands that a pasted text went through: no tool prints them. */
const TRACES: readonly RegExp[] = [
  /\.\.\./,
  /%s/,
  /\$\{?\w+/,
  /[<>`]/,
  /\bx{2,}\b|[:.]x{2}|\bXX/i,
  /\b[a-z]\.[a-z]\.[a-z]\.[a-z]\b/i,
  /\[[^\]]*$|\[PUBLIC/,
  /[^\x20-\x7e\t]/,
];

export const isEdited = (line: string | undefined): boolean =>
  line !== undefined && TRACES.some((trace) => trace.test(line));
