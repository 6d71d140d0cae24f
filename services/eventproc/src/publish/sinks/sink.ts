/** A place outside of Netverdict that hears of events and incidents once they are stored. PostgreSQL stays the truth. */
import type { Notice } from './notice.ts';

export type SinkName = 'loki' | 'otlp' | 'file' | 'stderr';

export interface Sink {
  readonly name: SinkName;
  /** @throws Refused when the same batch would be refused again; anything else is tried again */
  send(batch: readonly Notice[]): Promise<void>;
  close(): Promise<void>;
}

/** The receiver has understood, and does not want it: a line that is too old, a wrong tenant. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** For one batch, so that a receiver that hangs is one that is away. */
export const SEND_MS = 10_000;
