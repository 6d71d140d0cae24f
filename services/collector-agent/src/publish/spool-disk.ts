/**
 * The spool's place on disk, or why there is none just now. Nothing here throws: what the disk does not take stays in memory, within its
 * bound, and the disk is tried again after a while.
 */
import type { AnomalyBatch, DroppedBatches } from '@netverdict/contracts';
import { DiskQueue, type Kept } from './disk-queue.ts';

export interface DiskSettings {
  readonly dir: string;
  readonly maxBytes: number;
  /** After a failure. */
  readonly retryMs?: number;
}

export interface Earlier {
  readonly kept: readonly Kept[];
  /** Thrown away and not told yet, by epoch. */
  readonly dropped: ReadonlyMap<string, DroppedBatches[]>;
}

type Log = { warn(fields: object, message: string): void };

const RETRY_MS = 10_000;

export class SpoolDisk {
  readonly #settings: DiskSettings | null;
  readonly #log: Log;
  readonly #sizes = new Map<number, number>();
  /** Sent, but the disk would not remove them. */
  readonly #stale = new Set<number>();
  #queue: DiskQueue | null = null;
  #earlier: Earlier | null = null;
  #bytes = 0;
  #problem: string | null;
  #retryAt = 0;

  constructor(settings: DiskSettings | null, log: Log) {
    this.#settings = settings;
    this.#log = log;
    this.#problem = settings === null ? 'no folder is given' : null;
  }

  /** What an earlier life has left, told once: as soon as the disk can be read. */
  takeEarlier(): Earlier | null {
    this.#try(null, () => null);
    const earlier = this.#earlier;
    this.#earlier = null;
    return earlier;
  }

  #begin(settings: DiskSettings): DiskQueue {
    const queue = new DiskQueue(settings.dir, settings.maxBytes, (err) =>
      this.#log.warn({ err, dir: settings.dir }, 'the spool on disk was damaged: it is put aside and begun anew'),
    );
    const kept = queue.kept();
    const bytes = queue.bytes();
    // Each is taken for an average one: only their sum matters.
    for (const { id } of kept) this.#sizes.set(id, bytes / kept.length);
    this.#bytes += bytes;
    this.#earlier = { kept, dropped: queue.dropped() };
    return queue;
  }

  /** @returns its number, or null: it was not taken */
  put(batch: AnomalyBatch, before: number, count: number): number | null {
    return this.#try(null, (queue) => {
      const { id, bytes } = queue.put(batch, before, count);
      this.#sizes.set(id, bytes);
      this.#bytes += bytes;
      return id;
    });
  }

  /** null: it cannot be read any more */
  read(id: number): AnomalyBatch | null {
    if (this.#queue === null) return null;
    return this.#attempt(this.#queue, null, (queue) => queue.read(id)?.batch ?? null);
  }

  remove(id: number): void {
    this.#bytes = Math.max(0, this.#bytes - (this.#sizes.get(id) ?? 0));
    this.#sizes.delete(id);
    this.#stale.add(id);
    if (this.#queue !== null) this.#attempt(this.#queue, null, (queue) => this.#clear(queue));
    if (this.#sizes.size === 0 && this.#stale.size > 0) this.#anew();
  }

  setDropped(epoch: string, entries: readonly DroppedBatches[]): void {
    this.#try(null, (queue) => queue.setDropped(epoch, entries));
  }

  overfull(): boolean {
    return this.#settings !== null && this.#bytes > this.#settings.maxBytes;
  }

  state(): { readonly place: 'disk' | 'memory'; readonly reason?: string; readonly bytes: number } {
    const bytes = Math.round(this.#bytes);
    return this.#problem === null ? { place: 'disk', bytes } : { place: 'memory', reason: this.#problem, bytes };
  }

  close(): void {
    if (this.#queue !== null) this.#attempt(this.#queue, null, (queue) => queue.close());
    this.#queue = null;
  }

  #clear(queue: DiskQueue): null {
    for (const id of this.#stale) {
      queue.remove(id);
      this.#stale.delete(id);
    }
    return null;
  }

  /** A full disk refuses even to remove; when all of it has been sent, the file goes as a whole. */
  #anew(): void {
    const { dir } = this.#settings ?? {};
    if (dir === undefined) return;
    this.close();
    try {
      DiskQueue.remove(dir);
      this.#stale.clear();
      this.#bytes = 0;
    } catch (error) {
      this.#note(error);
    }
  }

  #try<T>(otherwise: T, work: (queue: DiskQueue) => T): T {
    const settings = this.#settings;
    if (settings === null || performance.now() < this.#retryAt) return otherwise;
    try {
      this.#queue ??= this.#begin(settings);
      this.#clear(this.#queue);
      const result = work(this.#queue);
      if (this.#problem !== null) this.#log.warn({ dir: settings.dir }, 'the spool is on disk again');
      this.#problem = null;
      return result;
    } catch (error) {
      this.#note(error);
      return otherwise;
    }
  }

  #attempt<T>(queue: DiskQueue, otherwise: T, work: (queue: DiskQueue) => T): T {
    try {
      return work(queue);
    } catch (error) {
      this.#note(error);
      return otherwise;
    }
  }

  #note(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#problem === null)
      this.#log.warn({ reason, dir: this.#settings?.dir }, 'the spool cannot use its disk, batches wait in memory');
    this.#problem = reason.slice(0, 300);
    this.#retryAt = performance.now() + (this.#settings?.retryMs ?? RETRY_MS);
  }
}
