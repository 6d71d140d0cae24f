/** Values that several matches and targets share, and how they are printed back. */
import {
  type Family,
  familyOf,
  formatIp,
  type IpAddress,
  type Ipv4,
  type Ipv6,
  type MaskedAddress,
  maskAddress,
  parseIp,
  type Range,
  widthOf,
} from '@netverdict/linux-net';
import { Malformed, must } from '../problem.ts';

const UINT32 = 0xffffffff;

export function whole(text: string, max = UINT32): number {
  const value = /^(0[xX][0-9a-fA-F]+|\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw new Malformed(`"${text}" is not a number up to ${max}`);
  return value;
}

/** `80`, `8000:8080`, `:1024`, `1024:`; NAT ranges use a dash. */
export function range(text: string, separator = ':', max = 65535): Range {
  const at = text.indexOf(separator);
  if (at < 0) {
    const value = whole(text, max);
    return { from: value, to: value };
  }
  const from = at === 0 ? 0 : whole(text.slice(0, at), max);
  const to = at === text.length - 1 ? max : whole(text.slice(at + 1), max);
  if (from > to) throw new Malformed(`the range "${text}" is upside down`);
  return { from, to };
}
export const printRange = (r: Range, separator = ':'): string =>
  r.from === r.to ? `${r.from}` : `${r.from}${separator}${r.to}`;

/** `0x4000/0x4000`; the mask is all ones where there is none. */
export function valueAndMask(text: string, width = UINT32): { value: number; mask: number } {
  const at = text.indexOf('/');
  if (at < 0) return { value: whole(text, width), mask: width };
  return { value: whole(text.slice(0, at), width), mask: whole(text.slice(at + 1), width) };
}
export const hex = (value: number): string => `0x${value.toString(16)}`;
export const printValueAndMask = (v: { readonly value: number; readonly mask: number }): string =>
  `${hex(v.value)}/${hex(v.mask)}`;

const full = (family: Family): IpAddress => (family === 'ipv4' ? (UINT32 as Ipv4) : (((1n << 128n) - 1n) as Ipv6));

export function maskOfLength(family: Family, length: number): IpAddress {
  return maskAddress(full(family), length);
}

/** `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `10.0.0.1`. Host bits are cleared, as iptables does. */
export function maskedAddress(text: string, family: Family): MaskedAddress {
  const at = text.indexOf('/');
  const address = addressOf(at < 0 ? text : text.slice(0, at), family);
  if (at < 0) return { address, mask: full(family) };
  const maskText = text.slice(at + 1);
  const mask =
    maskText.includes('.') || maskText.includes(':')
      ? addressOf(maskText, family)
      : maskOfLength(family, whole(maskText, widthOf(family)));
  return { address: and(address, mask), mask };
}

export function addressOf(text: string, family: Family): IpAddress {
  const address = must(parseIp(text));
  if (familyOf(address) !== family) throw new Malformed(`"${text}" is not an ${family} address`);
  return address;
}

function and(address: IpAddress, mask: IpAddress): IpAddress {
  if (typeof address === 'number') return ((address & Number(mask)) >>> 0) as Ipv4;
  return (address & BigInt(mask)) as Ipv6;
}

/** The length of a contiguous mask, null for another. */
export function lengthOfMask(mask: IpAddress): number | null {
  const family = familyOf(mask);
  let ones = 0;
  const width = widthOf(family);
  const bits = BigInt(mask);
  while (ones < width && (bits >> BigInt(width - 1 - ones)) & 1n) ones++;
  return maskOfLength(family, ones) === mask ? ones : null;
}
export function printMaskedAddress(value: MaskedAddress): string {
  const length = lengthOfMask(value.mask);
  return `${formatIp(value.address)}/${length === null ? formatIp(value.mask) : length}`;
}

/** `eth0` or `eth+`. */
export interface InterfacePattern {
  readonly name: string;
  readonly wildcard: boolean;
}
export const interfacePattern = (text: string): InterfacePattern =>
  text.endsWith('+') ? { name: text.slice(0, -1), wildcard: true } : { name: text, wildcard: false };
export const printInterface = (p: InterfacePattern): string => quote(p.wildcard ? `${p.name}+` : p.name);

const PLAIN = /^[A-Za-z0-9_.:/,+-]+$/;
/** xtables_save_string: quotes what has other than plain characters, with a backslash before quotes and backslashes. */
export const quote = (text: string): string =>
  PLAIN.test(text) && !text.startsWith('-') ? text : `"${text.replace(/["\\']/g, '\\$&')}"`;

export function oneOf<const T extends string>(names: readonly T[], text: string, what: string): T {
  const found = names.find((name) => name === text);
  if (found === undefined) throw new Malformed(`"${text}" is not ${what}`);
  return found;
}
export const not = (negate: boolean): string => (negate ? '! ' : '');
