/** A prefix: network address and length. `address` keeps no host bits; an interface address is {@link InterfaceAddress}. */
import { type Family, familyOf, formatIp, type IpAddress, type Ipv4, type Ipv6, parseIp } from './address.ts';
import { err, ok, type Result } from './result.ts';

export interface Prefix {
  readonly family: Family;
  readonly address: IpAddress;
  readonly length: number;
}

export const widthOf = (family: Family): 32 | 128 => (family === 'ipv4' ? 32 : 128);

/** The address with all but its first `length` bits cleared. */
export function maskAddress(address: IpAddress, length: number): IpAddress {
  if (typeof address === 'number') {
    const mask = length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
    return ((address & mask) >>> 0) as Ipv4;
  }
  const host = 128n - BigInt(length);
  return ((address >> host) << host) as Ipv6;
}

/** `10.0.0.0/8`, or a bare address as a host prefix. Host bits are cleared, as `ip route` and iptables do. */
export function parsePrefix(text: string): Result<Prefix, string> {
  const [addressText = '', lengthText, ...more] = text.split('/');
  const address = parseIp(addressText);
  if (!address.ok) return address;
  const family = familyOf(address.value);
  const width = widthOf(family);
  if (lengthText === undefined) return ok({ family, address: address.value, length: width });
  const length = Number(lengthText);
  if (more.length > 0 || !/^\d{1,3}$/.test(lengthText) || length > width)
    return err(`"${text}" is not a prefix such as 10.244.0.0/16`);
  return ok({ family, address: maskAddress(address.value, length), length });
}

export function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

export const formatPrefix = (p: Prefix): string => `${formatIp(p.address)}/${p.length}`;

export const prefixContains = (p: Prefix, address: IpAddress): boolean =>
  familyOf(address) === p.family && maskAddress(address, p.length) === p.address;
