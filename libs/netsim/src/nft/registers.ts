/**
 * The registers of one walk through a base chain (struct nft_regs): 32-bit words as hex. A byte whose value the model does
 * not know is `??`, so that a mask can still make it known and a comparison can still be decided by the bytes beside it.
 */
import type { Hex, Register } from '@netverdict/linux-net';

const WORDS = 20;
const ZERO = '00000000';
const ZEROS: readonly string[] = new Array<string>(WORDS).fill(ZERO);

export class Registers {
  #words: string[] = ZEROS.slice();

  /** `bytes` from the start of the register. */
  load(register: Register, bytes: number): Hex {
    const word = this.#words[register] ?? ZERO;
    if (bytes === 4) return word;
    if (bytes < 4) return word.slice(0, bytes * 2);
    let text = word;
    for (let i = 1; i * 4 < bytes; i++) text += this.#words[register + i] ?? ZERO;
    return text.length === bytes * 2 ? text : text.slice(0, bytes * 2);
  }

  /** The last word that is written to is filled up with zeros, as nft_reg_store* and nft_payload_eval do. */
  store(register: Register, data: Hex): void {
    if (data.length === 8) {
      this.#words[register] = data;
      return;
    }
    for (let at = 0, word = register; at < data.length; at += 8, word++)
      this.#words[word] = data.slice(at, at + 8).padEnd(8, '0');
  }

  copy(): Registers {
    const other = new Registers();
    other.#words = [...this.#words];
    return other;
  }

  text(): string {
    return this.#words.join('');
  }
}

export const isKnown = (data: Hex): boolean => !data.includes('?');
export const unknownBytes = (count: number): Hex => '??'.repeat(count);

/** Can unknown bytes make the one the other? */
export function compatible(a: Hex, b: Hex): boolean {
  if (a === b) return true;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i] && a[i] !== '?' && b[i] !== '?') return false;
  return a.length === b.length;
}
