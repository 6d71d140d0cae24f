/** The two small ports that collection needs; the bus implements both. */
import type { CollectChunk, CollectRequest } from '@netverdict/contracts';

export interface Agents {
  /** The chunks of one answer, in order. Throws when nobody serves the node or the answer is not complete in time. */
  collect(node: string, request: CollectRequest, timeoutMs: number): AsyncIterable<CollectChunk>;
  /** How often the way to the agents broke so far. What was asked before the last time is worth asking again. */
  outages(): number;
}

export interface SectionStore {
  has(digest: string): Promise<boolean>;
  put(digest: string, text: string): Promise<void>;
}

export interface CollectLog {
  warn(fields: object, message: string): void;
}

export type FlowFilter = CollectRequest['flows'][number];
