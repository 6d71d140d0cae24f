/** Addresses are numbers inside and text at the edges: IPv4 an unsigned 32-bit number, IPv6 a 128-bit bigint. */
import type { Brand } from './brand.ts';
import { err, ok, type Result } from './result.ts';

export type Family = 'ipv4' | 'ipv6';
export type Ipv4 = Brand<number, 'Ipv4'>;
export type Ipv6 = Brand<bigint, 'Ipv6'>;
export type IpAddress = Ipv4 | Ipv6;

export const familyOf = (address: IpAddress): Family => (typeof address === 'number' ? 'ipv4' : 'ipv6');

const DOT = 46;
const ZERO = 48;

/** Dotted quad, four decimal octets without leading zeros (RFC 6943, 3.1.1: other spellings are ambiguous). */
export function parseIpv4(text: string): Result<Ipv4, string> {
  const bad = (): Result<Ipv4, string> => err(`"${text}" is not an IPv4 address such as 10.0.0.1`);
  let value = 0;
  let octets = 0;
  for (let i = 0; i <= text.length; octets++) {
    // By character: a ruleset has ten thousands of addresses.
    const start = i;
    let octet = 0;
    for (; i < text.length && text.charCodeAt(i) !== DOT; i++) {
      const digit = text.charCodeAt(i) - ZERO;
      if (digit < 0 || digit > 9 || i - start >= 3) return bad();
      octet = octet * 10 + digit;
    }
    if (i === start || octet > 255 || (i - start > 1 && text.charCodeAt(start) === ZERO)) return bad();
    value = value * 256 + octet;
    i++;
  }
  return octets === 4 ? ok(value as Ipv4) : bad();
}

/** RFC 4291 text, with `::` and an embedded IPv4 tail; a zone (`%eth0`) is not part of an address. */
export function parseIpv6(text: string): Result<Ipv6, string> {
  const bad = (): Result<Ipv6, string> => err(`"${text}" is not an IPv6 address such as fd00::1`);
  let source = text;
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (tail) {
    const v4 = parseIpv4(tail[2] as string);
    if (!v4.ok) return bad();
    source = `${tail[1]}${(v4.value >>> 16).toString(16)}:${(v4.value & 0xffff).toString(16)}`;
  }
  const halves = source.split('::');
  if (halves.length > 2) return bad();
  const groups = (part: string | undefined): string[] => (part ? part.split(':') : []);
  const head = groups(halves[0]);
  const rest = groups(halves[1]);
  const missing = 8 - head.length - rest.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return bad();
  const all = [...head, ...Array<string>(halves.length === 2 ? missing : 0).fill('0'), ...rest];
  let value = 0n;
  for (const group of all) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return bad();
    value = (value << 16n) | BigInt(Number.parseInt(group, 16));
  }
  return ok(value as Ipv6);
}

export function parseIp(text: string): Result<IpAddress, string> {
  if (text.includes(':')) return parseIpv6(text);
  const v4 = parseIpv4(text);
  return v4.ok ? v4 : err(`"${text}" is not an IP address such as 10.0.0.1 or fd00::1`);
}

export function formatIp(address: IpAddress): string {
  if (typeof address === 'number')
    return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
  const groups: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((address >> shift) & 0xffffn));
  // RFC 5952: the longest run of two or more zero groups, the first of equals, becomes "::".
  let best = { start: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > best.length) best = { start: i, length };
  }
  const hex = (part: number[]): string => part.map((g) => g.toString(16)).join(':');
  if (best.start < 0) return hex(groups);
  return `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`;
}

/** For a constant in our own code: throws on a malformed text, since that is a bug of ours. */
export function ip(text: string): IpAddress {
  const parsed = parseIp(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
