/** Numbers, names and addresses as the bytes of a register. */
import type { Hex, IpAddress } from '@netverdict/linux-net';

/** Network order. */
export function be(value: number, bytes: number): Hex {
  switch (bytes) {
    case 1:
      return byteAt(value, 0);
    case 2:
      return byteAt(value, 8) + byteAt(value, 0);
    case 4:
      return byteAt(value, 24) + byteAt(value, 16) + byteAt(value, 8) + byteAt(value, 0);
    default:
      return (value >>> 0)
        .toString(16)
        .padStart(bytes * 2, '0')
        .slice(-bytes * 2);
  }
}

/** Each packet's header is written from some dozen of them. */
const BYTES: readonly Hex[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const byteAt = (value: number, shift: number): Hex => BYTES[(value >>> shift) & 255] as Hex;

export const reverseBytes = (data: Hex): Hex => {
  let text = '';
  for (let at = data.length - 2; at >= 0; at -= 2) text += data.slice(at, at + 2);
  return text;
};

export const addressBytes = (address: IpAddress): Hex =>
  typeof address === 'number' ? be(address, 4) : address.toString(16).padStart(32, '0');

/** A device's name fills 16 bytes (strscpy_pad). */
export function nameBytes(name: string, bytes = 16): Hex {
  let text = '';
  for (const char of name.slice(0, bytes - 1)) text += be(char.charCodeAt(0), 1);
  return text.padEnd(bytes * 2, '0');
}

export const fromBe = (data: Hex): number => Number.parseInt(data, 16);

/** How the machine that the ruleset is from keeps numbers of its own. */
export interface HostOrder {
  bytes(value: number, count: number): Hex;
  number(data: Hex): number;
  /** The same bytes in network order, and back. */
  swap(data: Hex): Hex;
}

const LITTLE: HostOrder = {
  bytes: (value, count) =>
    count === 4
      ? byteAt(value, 0) + byteAt(value, 8) + byteAt(value, 16) + byteAt(value, 24)
      : reverseBytes(be(value, count)),
  number: (data) => fromBe(reverseBytes(data)),
  swap: reverseBytes,
};
const BIG: HostOrder = { bytes: be, number: fromBe, swap: (data) => data };

export const hostOrder = (order: 'little' | 'big' | undefined): HostOrder => (order === 'big' ? BIG : LITTLE);
