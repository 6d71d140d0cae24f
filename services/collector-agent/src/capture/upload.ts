/** The bytes of a capture into the object store: parts of its files, and which files are there whole. */
import type { CaptureFile } from '@netverdict/contracts';
import { CAPTURE_PART_BYTES, type Captures } from '@netverdict/messaging';

export interface Upload {
  add(bytes: Buffer): Promise<void>;
  nextFile(): Promise<void>;
  /** What was added so far can be read from the store afterwards. */
  flush(): Promise<void>;
  /** Oldest first, the one that is being written last. */
  files(): CaptureFile[];
}

export function uploadOf(
  store: Pick<Captures, 'putPart'>,
  place: { readonly node: string; readonly captureId: string },
  ring: number,
): Upload {
  const done: CaptureFile[] = [];
  let file = 0;
  /** Full parts of this file. */
  let parts = 0;
  let bytes = 0;
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let dirty = false;

  const slot = (): number => file % ring;
  async function put(part: Buffer): Promise<void> {
    await store.putPart({ ...place, file, slot: slot(), part: parts }, part);
    dirty = false;
  }
  async function flush(): Promise<void> {
    if (!dirty) return;
    const part = Buffer.concat(pending);
    pending = [part];
    await put(part);
  }
  const current = (): CaptureFile => ({ file, slot: slot(), parts: parts + (pendingBytes > 0 ? 1 : 0), bytes });

  return {
    async add(chunk) {
      for (let at = 0; at < chunk.length; ) {
        const piece = chunk.subarray(at, at + CAPTURE_PART_BYTES - pendingBytes);
        at += piece.length;
        pending.push(piece);
        pendingBytes += piece.length;
        bytes += piece.length;
        dirty = true;
        if (pendingBytes < CAPTURE_PART_BYTES) continue;
        await flush();
        parts++;
        pending = [];
        pendingBytes = 0;
      }
    },
    async nextFile() {
      await flush();
      done.push(current());
      // The new file takes the place of the oldest.
      if (done.length >= ring) done.splice(0, done.length - ring + 1);
      file++;
      parts = 0;
      bytes = 0;
      pending = [];
      pendingBytes = 0;
    },
    flush,
    files: () => (bytes > 0 ? [...done, current()] : [...done]),
  };
}
