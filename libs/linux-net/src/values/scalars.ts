/** The small branded numbers and strings of Linux networking. */
import type { Brand } from './brand.ts';
import { err, ok, type Result } from './result.ts';

export type IfIndex = Brand<number, 'IfIndex'>;
export type Port = Brand<number, 'Port'>;
/** skb->mark: 32 bits, unsigned. */
export type Fwmark = Brand<number, 'Fwmark'>;
/** Lower-case, colon-separated: `02:42:ac:11:00:02`. */
export type Mac = Brand<string, 'Mac'>;

export function parsePort(value: number): Result<Port, string> {
  return Number.isInteger(value) && value >= 1 && value <= 65535
    ? ok(value as Port)
    : err(`port ${value} is not between 1 and 65535`);
}

export function parseMac(text: string): Result<Mac, string> {
  const lower = text.toLowerCase();
  return /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(lower)
    ? ok(lower as Mac)
    : err(`"${text}" is not a MAC address such as 02:42:ac:11:00:02`);
}

/** Decimal or 0x-hexadecimal, 32 bits. */
export function parseFwmark(text: string): Result<Fwmark, string> {
  const value = Number(text);
  return /^(0[xX][0-9a-fA-F]+|\d+)$/.test(text) && value <= 0xffffffff
    ? ok(value as Fwmark)
    : err(`"${text}" is not a 32-bit mark such as 0x4000`);
}

export const ifIndex = (value: number): IfIndex => value as IfIndex;
export const fwmark = (value: number): Fwmark => (value >>> 0) as Fwmark;

/** The transport protocols that a flow can name. `number` is IANA's. */
export const PROTOCOL_NUMBERS = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 } as const;
