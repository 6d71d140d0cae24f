/** Addresses, prefixes and ranges of a member, as the prefixes that hold the same addresses (lib/parse.c of ipset). */
import {
  type Family,
  familyOf,
  type IpAddress,
  type Ipv4,
  type Ipv6,
  maskAddress,
  type Prefix,
  parseIp,
  parsePrefix,
  widthOf,
} from '@netverdict/linux-net';
import { Malformed, must } from '../problem.ts';

export function memberPrefixes(text: string, family: Family | null): readonly Prefix[] {
  const prefixes = text.includes('-') ? rangePrefixes(...parseRange(text)) : [must(parsePrefix(text))];
  if (family !== null && prefixes.some((p) => p.family !== family)) throw new Malformed(`"${text}" is not ${family}`);
  return prefixes;
}

export function parseRange(text: string): readonly [IpAddress, IpAddress] {
  const [low = '', high = '', ...more] = text.split('-');
  const [from, to] = [must(parseIp(low)), must(parseIp(high))];
  if (more.length > 0 || familyOf(from) !== familyOf(to)) throw new Malformed(`"${text}" is not a range of addresses`);
  return from <= to ? [from, to] : [to, from];
}

/** The fewest prefixes that cover the range, as ip_set_range_to_cidr (net/netfilter/ipset/pfxlen.c) takes them. */
export function rangePrefixes(from: IpAddress, to: IpAddress): readonly Prefix[] {
  const family = familyOf(from);
  const width = widthOf(family);
  const prefixes: Prefix[] = [];
  const last = BigInt(to);
  for (let at = BigInt(from); at <= last; ) {
    let host = 0n;
    while (host < width && (at & ((2n << host) - 1n)) === 0n && at + (2n << host) - 1n <= last) host++;
    prefixes.push({ family, address: addressOf(at, family), length: width - Number(host) });
    at += 1n << host;
  }
  return prefixes;
}

export const maskOf = (length: number, family: Family): IpAddress =>
  maskAddress(addressOf((1n << BigInt(widthOf(family))) - 1n, family), length);

const addressOf = (value: bigint, family: Family): IpAddress =>
  family === 'ipv4' ? (Number(value) as Ipv4) : (value as Ipv6);
