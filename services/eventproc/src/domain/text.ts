/** Texts from outside, as they may be stored and compared: no control characters, not too long. */
const LONGEST = 320;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const CONTROL = /[\u0000-\u001f\u007f]/g;

export function bounded(text: string, longest = LONGEST): string {
  const clean = text.replace(CONTROL, '');
  return clean.length <= longest ? clean : `${clean.slice(0, longest - 1)}…`;
}
