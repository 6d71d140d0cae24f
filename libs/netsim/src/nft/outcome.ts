/** What an expression does to the walk through its rule (regs->verdict.code after ops->eval). */
import type { NftVerdict } from '@netverdict/linux-net';

export type Outcome =
  /** NFT_CONTINUE: the next expression. */
  | 'next'
  /** NFT_BREAK: the rule does not match. */
  | 'break'
  /** The next expression, and what it did is worth telling. */
  | { readonly does: 'next'; readonly said: string }
  | { readonly does: 'verdict'; readonly verdict: NftVerdict }
  | { readonly does: 'accept'; readonly said: string }
  | { readonly does: 'reject'; readonly with: string; readonly code: number }
  | { readonly does: 'no-source'; readonly said: string }
  /** What becomes of the packet is not known. */
  | { readonly does: 'open'; readonly what: string };
