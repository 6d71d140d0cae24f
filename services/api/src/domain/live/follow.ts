/** What one reader of a live stream gets: what is stored behind its place, then what arrives, each once and in order. */
import { type Arrival, type Arrivals, BEGINNING, type Cursor, compareCursors } from '@netverdict/store';
import type { Tail } from './tail.ts';

export type LiveItem<T> =
  | { readonly kind: 'arrival'; readonly cursor: Cursor; readonly item: T }
  /** Where it begins: all behind this place will come. */
  | { readonly kind: 'open'; readonly cursor: Cursor }
  /** Nothing for it came for a while; it has seen all up to here. */
  | { readonly kind: 'heartbeat'; readonly cursor: Cursor }
  /** It reads too slowly; what it has not read is stored, and can be taken up from its last id. */
  | { readonly kind: 'cut-off'; readonly reason: string };

export interface FollowOptions<T> {
  /** Go on behind this place; `beginning`: with all that is stored. */
  readonly from: Cursor | 'beginning';
  readonly wants: (item: T) => boolean;
  readonly heartbeatMs: number;
  /** So many may wait for the reader. */
  readonly mostWaiting: number;
  /** It reads too slowly. It is told so when it reads on; this is for one that does not. */
  readonly onTooSlow: () => void;
  readonly signal: AbortSignal;
}

/** How many rows one look at what is stored brings. */
const PAGE = 500;

export async function* follow<T>(
  arrivals: Arrivals<T>,
  tail: Tail<T>,
  { from, wants, heartbeatMs, mostWaiting, onTooSlow, signal }: FollowOptions<T>,
): AsyncGenerator<LiveItem<T>, void, undefined> {
  let waiting: Arrival<T>[] = [];
  let tooSlow = false;
  /** All up to here has been given to the reader, or was none of its business. */
  let seen: Cursor = BEGINNING;
  /** With nothing waiting before it. */
  let passed: Cursor = BEGINNING;
  let roused = Promise.withResolvers<void>();
  const rouse = (): void => roused.resolve();
  const follower = {
    arrived(page: readonly Arrival<T>[]): void {
      for (const arrival of page) if (wants(arrival.item)) waiting.push(arrival);
      const last = page.at(-1);
      if (waiting.length === 0 && last) passed = last.cursor;
      if (waiting.length > mostWaiting) {
        tooSlow = true;
        waiting = [];
        tail.leave(follower);
        onTooSlow();
      }
      rouse();
    },
  };

  signal.addEventListener('abort', rouse);
  try {
    seen = from === 'beginning' ? BEGINNING : from;
    yield { kind: 'open', cursor: seen };
    // Without following yet: what arrives meanwhile need not wait in memory.
    for (let page: readonly Arrival<T>[] = [], more = true; more && !signal.aborted; more = page.length === PAGE) {
      page = await arrivals.after(seen, PAGE);
      for (const { cursor, item } of page) {
        seen = cursor;
        if (wants(item)) yield { kind: 'arrival', cursor, item };
      }
    }
    const stored = seen;
    const joined = await tail.join(follower);
    yield* between(stored, joined);
    seen = later(seen, joined);
    while (!signal.aborted) {
      roused = Promise.withResolvers();
      if (tooSlow) {
        const reason = `more than ${mostWaiting} waited for this reader; Last-Event-ID takes up where it ended`;
        yield { kind: 'cut-off', reason };
        return;
      }
      const batch = waiting;
      waiting = [];
      for (const { cursor, item } of batch) {
        // The look at what is stored may have been ahead of the tail.
        if (compareCursors(cursor, seen) <= 0) continue;
        seen = cursor;
        yield { kind: 'arrival', cursor, item };
        if (signal.aborted) return;
      }
      if (batch.length > 0) continue;
      seen = later(seen, passed);
      if ((await quiet(roused.promise, heartbeatMs)) && !signal.aborted) yield { kind: 'heartbeat', cursor: seen };
    }
  } finally {
    tail.leave(follower);
    signal.removeEventListener('abort', rouse);
  }

  /** What was stored between the last look and joining. */
  async function* between(after: Cursor, upTo: Cursor): AsyncGenerator<LiveItem<T>, void, undefined> {
    for (let at = after; compareCursors(at, upTo) < 0 && !signal.aborted; ) {
      const page = await arrivals.after(at, PAGE);
      const own = page.filter(({ cursor }) => compareCursors(cursor, upTo) <= 0);
      for (const { cursor, item } of own) if (wants(item)) yield { kind: 'arrival', cursor, item };
      at = own.at(-1)?.cursor ?? upTo;
      if (own.length < page.length) return;
    }
  }
}

const later = (a: Cursor, b: Cursor): Cursor => (compareCursors(a, b) < 0 ? b : a);

/** @returns true when nothing happened for so long. */
async function quiet(event: Promise<void>, forMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<true>((resolve) => {
    timer = setTimeout(resolve, forMs, true);
  });
  const result = await Promise.race([event.then(() => false), silence]);
  clearTimeout(timer);
  return result;
}
