/** Values of nf_tables' attributes, as the helper prints them: numbers are numbers, bytes are hex. */
import type { Hex, NftVerdict, Register } from '@netverdict/linux-net';
import type { Fields } from '../json/fields.ts';
import { isFields } from '../json/fields.ts';
import { Malformed } from '../problem.ts';

/** Unsigned; a 64-bit limit above 2^53 loses its last digits, which no packet can tell. */
export function optionalCount(fields: Fields, name: string): number | null {
  const value = fields[name];
  if (value === undefined) return null;
  if (typeof value !== 'number' || !(value >= 0) || !Number.isInteger(value))
    throw new Malformed(`"${name}" is not a number of nf_tables`);
  return value;
}

export function count(fields: Fields, name: string, absent?: number): number {
  const value = optionalCount(fields, name) ?? absent;
  if (value === undefined) throw new Malformed(`"${name}" is missing`);
  return value;
}

export function optionalName(fields: Fields, name: string): string | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw new Malformed(`"${name}" is not a text`);
  return value;
}

export function nameOf(fields: Fields, name: string): string {
  const value = optionalName(fields, name);
  if (value === null) throw new Malformed(`"${name}" is missing`);
  return value;
}

const BYTES = /^(?:[0-9a-f]{2})*$/;
export function bytes(fields: Fields, name: string): Hex {
  const value = fields[name];
  if (typeof value !== 'string' || !BYTES.test(value)) throw new Malformed(`"${name}" is not bytes in hex`);
  return value;
}
export const optionalBytes = (fields: Fields, name: string): Hex | null =>
  name in fields ? bytes(fields, name) : null;

const NFT_REG_VERDICT = 0;
const NFT_REG_4 = 4;
const NFT_REG32_00 = 8;
const NFT_REG32_15 = 23;

/** The 16-byte registers 1 … 4 and the 4-byte ones 8 … 23 are the same memory. */
function registerOf(number: number, name: string): Register {
  if (number > NFT_REG_VERDICT && number <= NFT_REG_4) return (number - 1) * 4;
  if (number >= NFT_REG32_00 && number <= NFT_REG32_15) return number - NFT_REG32_00;
  throw new Malformed(`"${name}" is no register: ${number}`);
}
export const register = (fields: Fields, name: string): Register => registerOf(count(fields, name), name);
export function optionalRegister(fields: Fields, name: string): Register | null {
  const value = optionalCount(fields, name);
  return value === null ? null : registerOf(value, name);
}
export const isVerdictRegister = (fields: Fields, name: string): boolean =>
  optionalCount(fields, name) === NFT_REG_VERDICT;

/** Codes of netfilter (linux/netfilter.h) and, below zero, of nf_tables. */
const VERDICTS: ReadonlyMap<number, Exclude<NftVerdict, { chain: string }>['code']> = new Map([
  [0, 'drop'],
  [1, 'accept'],
  [2, 'stolen'],
  [3, 'queue'],
  [-1, 'continue'],
  [-2, 'break'],
  [-5, 'return'],
]);
const NFT_JUMP = -3;
const NFT_GOTO = -4;

export function verdict(value: unknown): NftVerdict {
  if (!isFields(value) || typeof value.code !== 'number') throw new Malformed('expected a verdict with its code');
  if (value.code === NFT_JUMP || value.code === NFT_GOTO)
    return { code: value.code === NFT_JUMP ? 'jump' : 'goto', chain: nameOf(value, 'chain') };
  const code = VERDICTS.get(value.code);
  if (code === undefined) throw new Malformed(`no verdict has the code ${value.code}`);
  return { code };
}

/** The words of the bits that are set; null when one has no word. */
export function flagWords(bits: number, words: readonly string[]): readonly string[] | null {
  if (bits >= 2 ** words.length) return null;
  return words.filter((_, bit) => Math.floor(bits / 2 ** bit) % 2 === 1);
}
