/**
 * The object store of sections: bytes under their canonical digest, for a day after they were last written.
 * A stream with one message per subject, read by direct get: one round trip for a section of ordinary size.
 *
 *   sections.<cluster>.<digest>.0      header Nv-Parts: n; the bytes themselves when n is 0
 *   sections.<cluster>.<digest>.1…n    the bytes in parts, written before part 0: what has part 0 is complete
 *
 * What was written is remembered with its sequence number, and one look at the stream's state (at most once a second)
 * tells whether it is still there: a stream that lost its data has another creation time.
 */
import { SECTIONS_STREAM, sectionsSubject } from '@netverdict/contracts';
import { directGet, type StoredMessage } from './direct-get.ts';
import type { Link } from './link.ts';
import { sendStored } from './publish.ts';
import { SECTIONS_MAX_AGE_MS } from './streams.ts';
import { pack } from './wire.ts';

export interface Sections {
  /** Known to be stored, for at least half a day to come; at once false while there is no connection. */
  has(digest: string): Promise<boolean>;
  /** Does nothing when the digest is stored already. @throws BusUnavailable */
  put(digest: string, content: Uint8Array | string): Promise<void>;
  /** Null when it is not there (never written, aged out, lost). @throws BusUnavailable */
  get(digest: string): Promise<Buffer | null>;
}

const PART_BYTES = 512 * 1024;
const PARTS = 'Nv-Parts';
const STATE_AGE_MS = 1000;
const MAX_REMEMBERED = 200_000;
const PUT_MS = 10_000;

interface Remembered {
  readonly seq: number;
  readonly writtenAt: number;
}

interface StreamState {
  readonly created: string;
  readonly firstSeq: number;
}

/** Shared by all clusters of a connection: what is in the stream, as far as this process knows. */
export class SectionsMemory {
  private readonly known = new Map<string, Remembered>();
  private state: StreamState | null = null;
  private readAt = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | null = null;
  private readonly link: Link;

  constructor(link: Link) {
    this.link = link;
    link.onReconnect(() => {
      this.readAt = Number.NEGATIVE_INFINITY;
    });
  }

  private async read(): Promise<void> {
    const info = await this.link.jsm.streams.info(SECTIONS_STREAM);
    if (this.state !== null && this.state.created !== info.created) this.known.clear();
    this.state = { created: info.created, firstSeq: info.state.first_seq };
    this.readAt = performance.now();
  }

  async holds(subject: string): Promise<boolean> {
    // While the server is away, nobody knows with what it comes back.
    if (!this.known.has(subject) || !this.link.connected()) return false;
    if (performance.now() - this.readAt > STATE_AGE_MS) {
      this.reading ??= this.read().finally(() => {
        this.reading = null;
      });
      try {
        await this.reading;
      } catch {
        // Not known is the safe answer: the section is written again.
        return false;
      }
    }
    const entry = this.known.get(subject);
    if (!entry || !this.state) return false;
    const fresh = Date.now() - entry.writtenAt < SECTIONS_MAX_AGE_MS / 2;
    return fresh && entry.seq >= this.state.firstSeq;
  }

  remember(subject: string, seq: number, writtenAt: number): void {
    this.known.delete(subject);
    this.known.set(subject, { seq, writtenAt });
    if (this.known.size <= MAX_REMEMBERED) return;
    for (const oldest of this.known.keys()) {
      this.known.delete(oldest);
      return;
    }
  }
}

export function sectionsOf(link: Link, memory: SectionsMemory, cluster: string): Sections {
  const at = (digest: string, part: number): string => sectionsSubject(cluster, digest, part);

  const read = (subject: string): Promise<StoredMessage | null> => directGet(link, SECTIONS_STREAM, subject);

  async function has(digest: string): Promise<boolean> {
    const subject = at(digest, 0);
    if (await memory.holds(subject)) return true;
    if (!link.connected()) return false;
    const found = await read(subject);
    if (!found) return false;
    const writtenAt = Date.parse(found.header('Nats-Time-Stamp'));
    const seq = Number(found.header('Nats-Sequence'));
    if (Number.isFinite(writtenAt) && Number.isInteger(seq)) memory.remember(subject, seq, writtenAt);
    return Number.isFinite(writtenAt) && Date.now() - writtenAt < SECTIONS_MAX_AGE_MS / 2;
  }

  async function write(subject: string, bytes: Uint8Array, parts: number): Promise<number> {
    const encoded = await pack(bytes);
    encoded.headers.set(PARTS, String(parts));
    return (await sendStored(link, { stream: SECTIONS_STREAM, subject }, encoded, PUT_MS)).seq;
  }

  async function put(digest: string, content: Uint8Array | string): Promise<void> {
    const subject = at(digest, 0);
    if (await memory.holds(subject)) return;
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    if (bytes.length <= PART_BYTES) return memory.remember(subject, await write(subject, bytes, 0), Date.now());
    const parts = Math.ceil(bytes.length / PART_BYTES);
    let oldest = Number.POSITIVE_INFINITY;
    for (let part = 1; part <= parts; part++) {
      const slice = bytes.subarray((part - 1) * PART_BYTES, part * PART_BYTES);
      oldest = Math.min(oldest, await write(at(digest, part), slice, parts));
    }
    await write(subject, new Uint8Array(0), parts);
    memory.remember(subject, oldest, Date.now());
  }

  async function get(digest: string): Promise<Buffer | null> {
    const first = await read(at(digest, 0));
    if (!first) return null;
    const parts = Number(first.header(PARTS));
    if (parts === 0) return Buffer.from(first.data.buffer, first.data.byteOffset, first.data.byteLength);
    const all = await Promise.all(Array.from({ length: parts }, (_, i) => read(at(digest, i + 1))));
    const found = all.flatMap((part) => (part ? [part.data] : []));
    return found.length === parts ? Buffer.concat(found) : null;
  }

  return { has, put, get };
}
