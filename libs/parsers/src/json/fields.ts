/** Reads the fields of one JSON object by hand, so that what is inside the program has its type. */
import { type IpAddress, type LineRef, ok, parseIp, type Result } from '@netverdict/linux-net';
import { fail, Malformed, must, type ParseProblem } from '../problem.ts';
import { arrayElements } from './elements.ts';

const MAX_TAIL = 80;

export type Fields = { readonly [name: string]: unknown };

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function optionalText(fields: Fields, name: string): string | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw new Malformed(`"${name}" is not a text`);
}

export function text(fields: Fields, name: string): string {
  const value = optionalText(fields, name);
  if (value === null) throw new Malformed(`"${name}" is missing`);
  return value;
}

/** Takes `5`, `"5"` and `"0x5"`: which of them depends on the tool's version. */
export function optionalNumber(fields: Fields, name: string): number | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  const parsed = typeof value === 'number' ? value : typeof value === 'string' && value !== '' ? Number(value) : NaN;
  if (!Number.isFinite(parsed)) throw new Malformed(`"${name}" is not a number`);
  return parsed;
}

export function number(fields: Fields, name: string): number {
  const value = optionalNumber(fields, name);
  if (value === null) throw new Malformed(`"${name}" is missing`);
  return value;
}

/** `true`, `1` and `"on"` are true; `false`, `0`, `"off"` and absence are false. */
export function flag(fields: Fields, name: string, absent = false): boolean {
  const value = fields[name];
  if (value === undefined) return absent;
  if (value === true || value === 1 || value === 'on') return true;
  if (value === false || value === 0 || value === 'off') return false;
  throw new Malformed(`"${name}" is neither true nor false`);
}

/** `ip -j` prints a set flag without a value as `"not": null`. */
export const present = (fields: Fields, name: string): boolean => name in fields && fields[name] !== false;

export function optionalAddress(fields: Fields, name: string): IpAddress | null {
  const value = optionalText(fields, name);
  return value === null ? null : must(parseIp(value));
}

export function optionalFields(fields: Fields, name: string): Fields | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  if (!isFields(value)) throw new Malformed(`"${name}" is not an object`);
  return value;
}

export function fieldList(fields: Fields, name: string): readonly Fields[] {
  const value = fields[name];
  if (value === undefined) return [];
  if (!Array.isArray(value) || !value.every(isFields)) throw new Malformed(`"${name}" is not a list of objects`);
  return value;
}

export function textList(fields: Fields, name: string): readonly string[] {
  const value = fields[name];
  if (value === undefined) return [];
  if (!Array.isArray(value) || !value.every((v) => typeof v === 'string'))
    throw new Malformed(`"${name}" is not a list of texts`);
  return value;
}

/**
 * One value for each element, read from its fields, its place and its raw text. `{}`, which older `ip` prints
 * for what its filter left out, is skipped.
 */
export function parseArray<T>(
  source: string,
  read: (fields: Fields, at: LineRef, raw: string) => T | readonly T[],
): Result<readonly T[], ParseProblem> {
  const values: T[] = [];
  let element = 0;
  let done = 0;
  let raw = source;
  try {
    for (raw of arrayElements(source)) {
      element++;
      const value = parseElement(raw);
      if (Object.keys(value).length === 0) {
        done = element;
        continue;
      }
      const compact = raw.includes('\n') ? JSON.stringify(value) : raw;
      const result = read(value, { line: element, text: compact }, raw);
      if (isList(result)) values.push(...result);
      else values.push(result);
      done = element;
    }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    // Between two elements it is the array itself that is broken.
    return fail(error.message, done + 1, done === element ? source.slice(-MAX_TAIL) : raw);
  }
  return ok(values);
}

const isList = <T>(value: T | readonly T[]): value is readonly T[] => Array.isArray(value);

function parseElement(raw: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch (cause) {
    throw new Malformed(`not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (!isFields(value)) throw new Malformed('expected a JSON object');
  return value;
}
