/**
 * One line of JSON per notice, in a file that is set aside when it is full: `events.log`, `events.log.1` (newer) …
 * A disk that is full leaves whole lines: what was half written is cut off and tried again.
 */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import type { Sink } from './sink.ts';

export interface FileOptions {
  readonly path: string;
  readonly mostBytes: number;
  /** How many full ones are kept. */
  readonly keep: number;
}

export function fileSink({ path, mostBytes, keep }: FileOptions): Sink {
  let file: { readonly handle: FileHandle; bytes: number } | null = null;

  async function opened(): Promise<NonNullable<typeof file>> {
    if (file !== null) return file;
    const handle = await open(path, 'a', 0o640);
    file = { handle, bytes: (await handle.stat()).size };
    return file;
  }

  async function close(): Promise<void> {
    const before = file;
    file = null;
    await before?.handle.close();
  }

  async function rotate(): Promise<void> {
    await close();
    if (keep === 0) return rm(path, { force: true });
    for (let age = keep - 1; age >= 0; age--) {
      const from = age === 0 ? path : `${path}.${age}`;
      await rename(from, `${path}.${age + 1}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
  }

  async function append(bytes: Buffer): Promise<void> {
    let current = await opened();
    if (current.bytes > 0 && current.bytes + bytes.length > mostBytes) {
      await rotate();
      current = await opened();
    }
    try {
      await current.handle.appendFile(bytes);
      current.bytes += bytes.length;
    } catch (error) {
      await current.handle.truncate(current.bytes).catch(() => undefined);
      await close().catch(() => undefined);
      throw error;
    }
  }

  return {
    name: 'file',
    async send(batch) {
      // All lines at once while they fit: a batch is there whole, or not at all and comes again.
      let lines: Buffer[] = [];
      let bytes = 0;
      for (const { line } of batch) {
        const next = Buffer.from(`${line}\n`);
        if (bytes > 0 && bytes + next.length > mostBytes) {
          await append(Buffer.concat(lines));
          lines = [];
          bytes = 0;
        }
        lines.push(next);
        bytes += next.length;
      }
      if (bytes > 0) await append(Buffer.concat(lines));
    },
    close,
  };
}
