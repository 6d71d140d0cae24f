/**
 * -m u32 (net/netfilter/xt_u32.c) over the bytes of the header that are known: addresses, ports, lengths, flags; identification,
 * checksums, sequence numbers and payload are not. Each byte that is read carries which of its bits are known.
 */
import type { U32Test, XtMatch } from '@netverdict/linux-net';
import type { Packet } from '../../packet/packet.ts';
import type { Answer, RuleContext } from '../context.ts';

type Of<K extends XtMatch['kind']> = Extract<XtMatch, { kind: K }>;

/** Four bytes, and a bit set for each of their bits that is known. */
interface Bits {
  readonly value: number;
  readonly known: number;
}
const UNKNOWN = -1;

export function u32(m: Of<'u32'>, c: RuleContext): Answer {
  const bytes = headerOf(c.packet);
  let unknown = false;
  for (const test of m.tests) {
    const answer = runTest(test, bytes, c.packet.sizeBytes);
    // Whatever the unknown ones say: one test that fails is enough.
    if (answer === false) return false;
    if (answer === null) unknown = true;
  }
  return unknown ? { unknown: 'bytes of the packet that are not simulated (u32)' } : true;
}

function runTest(test: U32Test, bytes: readonly number[], size: number): boolean | null {
  let at = 0;
  let word: Bits = { value: 0, known: 0 };
  for (const { op, number } of test.steps) {
    switch (op) {
      case 'first':
        if (number + 4 > size) return false;
        word = read(bytes, number);
        break;
      case 'and':
        // A bit that is masked out is known to be 0.
        word = { value: (word.value & number) >>> 0, known: (word.known | ~number) >>> 0 };
        break;
      case 'left':
        word = number > 31 ? ZERO : { value: (word.value << number) >>> 0, known: ~(~word.known << number) >>> 0 };
        break;
      case 'right':
        word = number > 31 ? ZERO : { value: word.value >>> number, known: ~(~word.known >>> number) >>> 0 };
        break;
      case 'at':
        if (word.known !== 0xffffffff) return null;
        at += word.value;
        if (at + number + 4 > size) return false;
        word = read(bytes, at + number);
    }
  }
  const lowest = (word.value & word.known) >>> 0;
  const highest = (word.value | ~word.known) >>> 0;
  if (lowest === highest) return test.values.some((v) => lowest >= v.from && lowest <= v.to);
  if (test.values.every((v) => highest < v.from || lowest > v.to)) return false;
  return test.values.some((v) => lowest >= v.from && highest <= v.to) ? true : null;
}

const ZERO: Bits = { value: 0, known: 0xffffffff };

function read(bytes: readonly number[], from: number): Bits {
  let value = 0;
  let known = 0;
  for (let i = from; i < from + 4; i++) {
    const byte = bytes[i] ?? UNKNOWN;
    value = (value << 8) | (byte === UNKNOWN ? 0 : byte);
    known = (known << 8) | (byte === UNKNOWN ? 0 : 0xff);
  }
  return { value: value >>> 0, known: known >>> 0 };
}

/** The bytes from the network header on, as far as they are known. */
function headerOf(p: Packet): readonly number[] {
  return [...(p.family === 'ipv4' ? ipv4(p) : ipv6(p)), ...transport(p)];
}

const two = (n: number): readonly number[] => [(n >> 8) & 0xff, n & 0xff];
const UNKNOWN2 = [UNKNOWN, UNKNOWN] as const;
const UNKNOWN4 = [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN] as const;

function addressBytes(address: number | bigint): readonly number[] {
  if (typeof address === 'number')
    return [address >>> 24, (address >> 16) & 0xff, (address >> 8) & 0xff, address & 0xff];
  return Array.from({ length: 16 }, (_, i) => Number((address >> BigInt(8 * (15 - i))) & 0xffn));
}

const ipv4 = (p: Packet): readonly number[] => [
  0x45,
  p.tos,
  ...two(p.sizeBytes),
  ...UNKNOWN2,
  p.dontFragment ? 0x40 : 0,
  0,
  p.ttl,
  p.protocol,
  ...UNKNOWN2,
  ...addressBytes(p.source),
  ...addressBytes(p.destination),
];

/** The flow label is the sender's (auto_flowlabels), so 20 bits are not known. */
const ipv6 = (p: Packet): readonly number[] => [
  0x60 | (p.tos >> 4),
  UNKNOWN,
  ...UNKNOWN2,
  ...two(p.sizeBytes - 40),
  p.protocol,
  p.ttl,
  ...addressBytes(p.source),
  ...addressBytes(p.destination),
];

function transport(p: Packet): readonly number[] {
  if (p.icmp) {
    const echo = p.icmp.about === undefined;
    return [p.icmp.type, p.icmp.code, ...UNKNOWN2, ...(echo ? two(p.icmp.id) : UNKNOWN2)];
  }
  if (p.sport === null || p.dport === null) return [];
  const ports = [...two(p.sport), ...two(p.dport)];
  if (p.protocol === 17) return [...ports, ...two(p.sizeBytes - (p.family === 'ipv4' ? 20 : 40)), ...UNKNOWN2];
  if (p.protocol === 6) return [...ports, ...UNKNOWN4, ...UNKNOWN4, UNKNOWN, p.tcpFlags];
  return ports;
}
