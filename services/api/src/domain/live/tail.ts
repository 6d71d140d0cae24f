/**
 * The end of a table that grows, read once for all who follow it in this process: woken by the database's notifications,
 * and by a look every now and then, since those may be lost. It reads only while somebody follows.
 */
import { type Arrival, type Arrivals, type Cursor, isUnavailable } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';

export interface Follower<T> {
  /** In order, each once; all behind the place that `join` told. Must not wait. */
  arrived(arrivals: readonly Arrival<T>[]): void;
}

export interface Tail<T> {
  /** There may be something new. */
  wake(): void;
  /** From the place that it resolves with on, the follower gets everything. */
  join(follower: Follower<T>): Promise<Cursor>;
  leave(follower: Follower<T>): void;
  followers(): number;
}

const PAGE = 1000;
/** Between two reads, however much is told. */
const LEAST_MS = 15;
/** Rows that a transaction keeps back are looked for again so soon, then more and more seldom. */
const HELD_MS = { first: 20, most: 500 };
const QUIET_MS = 1000;
const AWAY_MS = 500;

export function createTail<T>(arrivals: Arrivals<T>, log: Pick<Log, 'warn' | 'error'>): Tail<T> {
  const followers = new Set<Follower<T>>();
  let at: Cursor | null = null;
  let running = false;
  let heldMs: number = HELD_MS.first;
  let woken = Promise.withResolvers<void>();
  /** Who waits for the place to join at. */
  let joining: { readonly follower: Follower<T>; readonly joined: (at: Cursor) => void }[] = [];

  const needed = (): boolean => followers.size > 0 || joining.length > 0;

  /** @returns how long to wait unless woken */
  async function read(): Promise<number> {
    at ??= await arrivals.horizon();
    // Between two reads: whoever joins here misses nothing behind this place.
    for (const { follower, joined } of joining.splice(0)) {
      followers.add(follower);
      joined(at);
    }
    const page = await arrivals.after(at, PAGE);
    at = page.at(-1)?.cursor ?? at;
    if (page.length > 0) for (const follower of [...followers]) follower.arrived(page);
    if (page.length === PAGE) return 0;
    if (!(await arrivals.held())) {
      heldMs = HELD_MS.first;
      return QUIET_MS;
    }
    const wait = heldMs;
    heldMs = page.length > 0 ? HELD_MS.first : Math.min(heldMs * 2, HELD_MS.most);
    return wait;
  }

  async function run(): Promise<void> {
    while (needed()) {
      woken = Promise.withResolvers();
      let waitMs = AWAY_MS;
      try {
        waitMs = await read();
      } catch (err) {
        // It goes on where it was: nothing is missed.
        if (isUnavailable(err)) log.warn({ err }, 'what arrives cannot be read just now');
        else log.error({ err }, 'what arrives could not be read');
      }
      if (waitMs > 0) await soonest(woken.promise, waitMs);
      await new Promise((resolve) => setTimeout(resolve, LEAST_MS));
    }
    at = null;
    running = false;
  }

  function start(): void {
    if (running) return;
    running = true;
    void run();
  }

  return {
    wake() {
      woken.resolve();
    },
    join(follower) {
      return new Promise((joined) => {
        joining.push({ follower, joined });
        start();
        woken.resolve();
      });
    },
    leave(follower) {
      followers.delete(follower);
      joining = joining.filter((waiting) => waiting.follower !== follower);
      if (!needed()) woken.resolve();
    },
    followers: () => followers.size,
  };
}

async function soonest(event: Promise<void>, atMostMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, atMostMs);
  });
  await Promise.race([event, late]);
  clearTimeout(timer);
}
