/** Which failure comes when: drawn from a seed, so that a run can be asked for again. Every kind comes up before one comes twice. Pure. */

export type Fault =
  /** SIGKILL, and started again after a while. */
  | { readonly kind: 'kill'; readonly target: string; readonly atMs: number; readonly forMs: number }
  /** SIGSTOP: it is there and does nothing. */
  | { readonly kind: 'pause'; readonly target: string; readonly atMs: number; readonly forMs: number }
  /** A NATS node killed with all that it has stored. */
  | { readonly kind: 'wipe'; readonly target: string; readonly atMs: number; readonly forMs: number }
  /** Every NATS node killed with all that they have stored: each stream is gone whole. */
  | { readonly kind: 'lose-streams'; readonly atMs: number; readonly forMs: number }
  /** Redis killed: what it held is gone. */
  | { readonly kind: 'redis'; readonly atMs: number; readonly forMs: number }
  /** The postmaster killed: it recovers from its log. */
  | { readonly kind: 'postgres'; readonly atMs: number; readonly forMs: number }
  /** The other network namespace is cut off, with what runs in it. */
  | { readonly kind: 'cut'; readonly atMs: number; readonly forMs: number };

export interface PlanOptions {
  readonly seed: number;
  readonly durationMs: number;
  /** From one to the next, on the average. */
  readonly everyMs: number;
  readonly services: readonly string[];
  readonly natsNodes: readonly string[];
}

/** mulberry32: the same numbers everywhere. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Draw = (atMs: number) => Fault;

export function planOf({ seed, durationMs, everyMs, services, natsNodes }: PlanOptions): Fault[] {
  const next = random(seed);
  const between = (from: number, to: number): number => Math.round(from + next() * (to - from));
  const one = (list: readonly string[]): string => list[Math.floor(next() * list.length)] ?? '';
  const deck: readonly Draw[] = [
    ...services.map(
      (target): Draw =>
        (atMs) => ({ kind: 'kill', target, atMs, forMs: between(200, 2500) }),
    ),
    ...natsNodes.map(
      (target): Draw =>
        (atMs) => ({ kind: 'kill', target, atMs, forMs: between(300, 4000) }),
    ),
    (atMs) => ({ kind: 'pause', target: one(services), atMs, forMs: between(2000, 9000) }),
    (atMs) => ({ kind: 'pause', target: one(natsNodes), atMs, forMs: between(2000, 9000) }),
    (atMs) => ({ kind: 'wipe', target: one(natsNodes), atMs, forMs: between(300, 3000) }),
    (atMs) => ({ kind: 'lose-streams', atMs, forMs: between(100, 2000) }),
    (atMs) => ({ kind: 'redis', atMs, forMs: between(100, 3000) }),
    (atMs) => ({ kind: 'redis', atMs, forMs: between(100, 3000) }),
    (atMs) => ({ kind: 'postgres', atMs, forMs: between(100, 2500) }),
    (atMs) => ({ kind: 'cut', atMs, forMs: between(4000, 12_000) }),
  ];
  const plan: Fault[] = [];
  let left: Draw[] = [];
  for (let atMs = between(0, everyMs); atMs < durationMs; atMs += between(everyMs / 2, everyMs * 1.5)) {
    if (left.length === 0) left = shuffled(deck, next);
    const draw = left.pop();
    if (draw) plan.push(draw(atMs));
  }
  return plan;
}

function shuffled<T>(list: readonly T[], next: () => number): T[] {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    const [a, b] = [copy[i], copy[j]];
    if (a !== undefined && b !== undefined) [copy[i], copy[j]] = [b, a];
  }
  return copy;
}

/** For the table: `kill api-1`. */
export const nameOf = (fault: Fault): string => ('target' in fault ? `${fault.kind} ${fault.target}` : fault.kind);
