/**
 * Branching by replay. A run is a deterministic walk that asks `choose` wherever its way parts; the run itself
 * follows one answer. The explorer starts it again with another answer until all are seen. So the stack is written
 * straight on, and a branch can part anywhere, in the middle of a rule's matches even.
 */
import type { Choice, Evidence } from '@netverdict/verdict';

export interface Option {
  readonly label: string;
  /** 0…1; null where nothing tells. */
  readonly share: number | null;
}

export interface ChoicePoint {
  readonly what: Choice['what'];
  readonly options: readonly Option[];
  readonly taken: number;
  /** For an unknown: what would settle it. */
  readonly missing: Missing | null;
  /** The answer that is told where all come to the same: the usual one. null: no answer is. */
  readonly usual: number | null;
}

/** What is not known, said so that it can be acted on. */
export interface Missing {
  /** `rule` not modelled, `section` not collected, `program` attached… */
  readonly kind: 'rule' | 'section' | 'program' | 'sysctl' | 'nftables' | 'link' | 'conntrack-full' | 'other';
  readonly place: string;
  readonly node: string | null;
  /** A clause in English, and the same in Chinese. */
  readonly text: string;
  readonly zh: string;
  readonly evidence: readonly Evidence[];
}

export class Choices {
  readonly #prefix: readonly number[];
  readonly points: ChoicePoint[] = [];
  /** How often something was asked: what asked nothing comes out the same in every run. */
  asked = 0;
  #memo: Map<string, number> | null = null;

  constructor(prefix: readonly number[]) {
    this.#prefix = prefix;
  }

  /** With a key, the same question gets the same answer for the whole run. */
  choose(
    what: Choice['what'],
    options: readonly Option[],
    missing: Missing | null = null,
    key?: string,
    usual: number | null = null,
  ): number {
    if (options.length < 2) return 0;
    this.asked++;
    const before = key === undefined ? undefined : this.#memo?.get(key);
    if (before !== undefined) return before;
    const taken = this.#prefix[this.points.length] ?? 0;
    this.points.push({ what, options, taken, missing, usual });
    if (key === undefined) return taken;
    this.#memo ??= new Map();
    this.#memo.set(key, taken);
    return taken;
  }

  /** Both ways are followed. With a key, the same unknown gets the same answer for the whole run. */
  unknown(question: string, missing: Missing, key?: string, usual: boolean | null = null): boolean {
    const options = [
      { label: `if ${question}`, share: null },
      { label: `if not: ${question}`, share: null },
    ];
    const told = usual === null ? null : usual ? 0 : 1;
    return this.choose('unknown', options, missing, key, told) === 0;
  }
}
