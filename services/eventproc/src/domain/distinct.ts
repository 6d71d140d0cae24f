/** About how many different texts there were, in a fixed number of bytes: HyperLogLog (Flajolet et al., 2007). Its error is about 3 %. */
import { createHash } from 'node:crypto';

const BITS = 10;
const REGISTERS = 1 << BITS;
const ALPHA = 0.7213 / (1 + 1.079 / REGISTERS);

export const emptySketch = (): Uint8Array => new Uint8Array(REGISTERS);

/** @returns the sketch with these added; a new one */
export function addToSketch(sketch: Uint8Array | null, texts: Iterable<string>): Uint8Array {
  const registers = sketch?.length === REGISTERS ? Uint8Array.from(sketch) : emptySketch();
  for (const text of texts) {
    const hash = createHash('sha256').update(text).digest();
    const register = hash.readUInt32BE(0) >>> (32 - BITS);
    const rank = Math.clz32(hash.readUInt32BE(4)) + 1;
    registers[register] = Math.max(registers[register] ?? 0, rank);
  }
  return registers;
}

export function mergeSketches(a: Uint8Array | null, b: Uint8Array | null): Uint8Array | null {
  if (a === null || b === null) return a ?? b;
  return Uint8Array.from(a, (rank, i) => Math.max(rank, b[i] ?? 0));
}

export function estimate(sketch: Uint8Array): number {
  const sum = sketch.reduce((total, rank) => total + 2 ** -rank, 0);
  const raw = (ALPHA * REGISTERS * REGISTERS) / sum;
  const zeros = sketch.reduce((total, rank) => total + (rank === 0 ? 1 : 0), 0);
  // For few, how many registers are still empty says it better.
  return Math.round(raw <= 2.5 * REGISTERS && zeros > 0 ? REGISTERS * Math.log(REGISTERS / zeros) : raw);
}
