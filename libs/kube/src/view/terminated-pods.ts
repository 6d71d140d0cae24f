/**
 * Pods that ended, kept for a while: who asks about one is told that it is gone, and since when, instead of that it never was.
 */
import type { Pod, TerminatedPod } from '../objects/index.ts';

export const KEEP_MS = 10 * 60_000;
const KEEP_AT_MOST = 5_000;

export class TerminatedPods {
  /** By uid, oldest first. */
  readonly #pods = new Map<string, TerminatedPod>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The API has this version of the pod now. */
  seen(pod: Pod): void {
    if (pod.phase === 'Succeeded') this.#add(pod, 'succeeded');
    else if (pod.phase === 'Failed') this.#add(pod, 'failed');
  }

  /** The API has it no more. How it ended, where it ended by itself, stays. */
  gone(pod: Pod): void {
    if (!this.#pods.has(pod.meta.uid)) this.#add(pod, 'deleted');
  }

  #add(pod: Pod, how: TerminatedPod['how']): void {
    if (this.#pods.get(pod.meta.uid)?.how === how) return;
    this.#pods.delete(pod.meta.uid);
    this.#pods.set(pod.meta.uid, { pod, how, seenAtMs: this.#now() });
    for (const uid of this.#pods.keys()) {
      if (this.#pods.size <= KEEP_AT_MOST) break;
      this.#pods.delete(uid);
    }
  }

  /** Newest first, without those whose time is over. */
  list(): readonly TerminatedPod[] {
    for (const [uid, { seenAtMs }] of this.#pods) {
      if (seenAtMs + KEEP_MS > this.#now()) break;
      this.#pods.delete(uid);
    }
    return [...this.#pods.values()].reverse();
  }

  /** When the oldest one's time is over; Infinity: there is none. */
  nextExpiryMs(): number {
    for (const { seenAtMs } of this.#pods.values()) return seenAtMs + KEEP_MS;
    return Number.POSITIVE_INFINITY;
  }
}
