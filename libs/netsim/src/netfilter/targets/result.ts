/** What a target answers: one of these, and the packet as it is afterwards. */
import type { Packet } from '../../packet/packet.ts';

export type TargetResult =
  /** The next rule of the chain. */
  | { readonly does: 'continue'; readonly packet: Packet; readonly said?: string }
  | { readonly does: 'accept'; readonly packet: Packet; readonly said: string }
  | { readonly does: 'drop'; readonly said: string }
  | { readonly does: 'reject'; readonly with: string; readonly said: string }
  | { readonly does: 'return' }
  | { readonly does: 'jump' | 'goto'; readonly chain: string }
  | { readonly does: 'no-source'; readonly said: string }
  /** What it does is not modelled. */
  | { readonly does: 'unknown'; readonly what: string };
