/**
 * Batches on disk, in the order in which they were made: SQLite, whose log has checksums, so that a process may be killed at any moment and a torn
 * last write is as if it had not been. Nothing is forced to the platter: what survives is the process, not the machine's loss of power. Every
 * method throws what SQLite says; ./spool-disk.ts decides what follows.
 */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { AnomalyBatch, DroppedBatches } from '@netverdict/contracts';

export interface Kept {
  readonly id: number;
  readonly epoch: string;
  readonly seq: number;
  readonly before: number;
  readonly count: number;
}

const FILE = 'spool.db';
const PAGE_BYTES = 4096;
/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGED = [11, 26];
const codeOf = (error: unknown): number =>
  error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;

export class DiskQueue {
  readonly #db: DatabaseSync;
  readonly #put: StatementSync;
  readonly #body: StatementSync;
  readonly #remove: StatementSync;

  /** @throws when the folder cannot be written, or another process has it open */
  constructor(dir: string, maxBytes: number, damaged: (error: unknown) => void) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.#db = DiskQueue.#open(join(dir, FILE), maxBytes, damaged);
    this.#put = this.#db.prepare('insert into batch (epoch, seq, before, count, body) values (?, ?, ?, ?, ?)');
    this.#body = this.#db.prepare('select body from batch where id = ?');
    this.#remove = this.#db.prepare('delete from batch where id = ?');
  }

  static #open(path: string, maxBytes: number, damaged: (error: unknown) => void): DatabaseSync {
    try {
      return begin(path, maxBytes);
    } catch (error) {
      if (!DAMAGED.includes(codeOf(error))) throw error;
      damaged(error);
      renameSync(path, `${path}.damaged`);
      rmSync(`${path}-wal`, { force: true });
      return begin(path, maxBytes);
    }
  }

  /** Whatever is there, without the batches themselves. */
  kept(): Kept[] {
    return this.#db
      .prepare('select id, epoch, seq, before, count from batch order by id')
      .all()
      .map(({ id, epoch, seq, before, count }) => ({
        id: Number(id),
        epoch: String(epoch),
        seq: Number(seq),
        before: Number(before),
        count: Number(count),
      }));
  }

  bytes(): number {
    return Number(this.#db.prepare('select coalesce(sum(length(body)), 0) as bytes from batch').get()?.bytes ?? 0);
  }

  /** @returns its number, and the bytes that it takes */
  put(batch: AnomalyBatch, before: number, count: number): { id: number; bytes: number } {
    const body = Buffer.from(JSON.stringify(batch));
    const { lastInsertRowid } = this.#put.run(batch.epoch, batch.seq, before, count, body);
    return { id: Number(lastInsertRowid), bytes: body.length };
  }

  read(id: number): { batch: AnomalyBatch; bytes: number } | null {
    const body = this.#body.get(id)?.body;
    if (!(body instanceof Uint8Array)) return null;
    return { batch: JSON.parse(Buffer.from(body).toString()) as AnomalyBatch, bytes: body.length };
  }

  remove(id: number): void {
    this.#remove.run(id);
  }

  /** What was thrown away and has not been told yet, by epoch. */
  dropped(): Map<string, DroppedBatches[]> {
    const rows = this.#db.prepare('select epoch, entries from dropped').all();
    return new Map(rows.map(({ epoch, entries }) => [String(epoch), JSON.parse(String(entries)) as DroppedBatches[]]));
  }

  setDropped(epoch: string, entries: readonly DroppedBatches[]): void {
    if (entries.length === 0) this.#db.prepare('delete from dropped where epoch = ?').run(epoch);
    else this.#db.prepare('insert or replace into dropped values (?, ?)').run(epoch, JSON.stringify(entries));
  }

  close(): void {
    this.#db.close();
  }

  static remove(dir: string): void {
    for (const end of ['', '-wal', '-journal']) rmSync(join(dir, FILE + end), { force: true });
  }
}

function begin(path: string, maxBytes: number): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    db.exec(`pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = off; pragma cache_size = -256;
      pragma wal_autocheckpoint = 256; pragma journal_size_limit = ${1024 * 1024};
      pragma max_page_count = ${Math.max(64, Math.ceil((1.25 * maxBytes) / PAGE_BYTES))};
      create table if not exists batch (id integer primary key autoincrement, epoch text not null, seq integer not null,
        before integer not null, count integer not null, body blob not null);
      create table if not exists dropped (epoch text primary key, entries text not null);`);
    db.prepare('select count(*) from batch').get();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
