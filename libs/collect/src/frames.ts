/**
 * The pipe to the native helper (native/collect/README.md): u32 length, u8 type, then NUL-terminated fields; the last
 * field of a section is its text, without a NUL.
 */
export const HELPER_PROTOCOL = '1';
/** More than any section that the helper's own limits allow. A longer frame means that the stream is out of step. */
const MAX_FRAME_BYTES = 300 * 1024 * 1024;

export type Operation = 'C' | 'N' | 'T' | 'I' | 'F';

export function encodeRequest(operation: Operation, id: string, fields: readonly string[]): Buffer {
  const payload = [id, ...fields].map((field) => {
    if (field.includes('\0')) throw new Error('a field of a helper request holds a NUL');
    return `${field}\0`;
  });
  const body = Buffer.from(operation + payload.join(''), 'utf8');
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}

export type Frame =
  | { readonly type: 'hello'; readonly version: string }
  | { readonly type: 'inode'; readonly id: string; readonly inode: number }
  | {
      readonly type: 'section';
      readonly id: string;
      readonly kind: string;
      readonly micros: number;
      readonly text: string;
    }
  | { readonly type: 'missing'; readonly id: string; readonly kind: string; readonly reason: string }
  | { readonly type: 'end'; readonly id: string }
  | { readonly type: 'problem'; readonly id: string; readonly message: string };

/** Cuts the helper's output into frames, however the pipe cut it. @throws when the bytes are no frames */
export class FrameReader {
  #chunks: Buffer[] = [];
  #bytes = 0;

  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const frames: Frame[] = [];
    for (;;) {
      if (this.#bytes < 4) return frames;
      const length = this.#peekLength();
      if (length < 1 || length > MAX_FRAME_BYTES) throw new Error(`a frame of ${length} bytes cannot be`);
      if (this.#bytes < 4 + length) return frames;
      const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
      frames.push(decode(all.subarray(4, 4 + length)));
      const rest = all.subarray(4 + length);
      this.#chunks = rest.length > 0 ? [rest] : [];
      this.#bytes = rest.length;
    }
  }

  #peekLength(): number {
    const [first] = this.#chunks;
    if (first !== undefined && first.length >= 4) return first.readUInt32LE(0);
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all.readUInt32LE(0);
  }
}

function decode(body: Buffer): Frame {
  let at = 1;
  const field = (): string => {
    const end = body.indexOf(0, at);
    if (end < 0) throw new Error('a frame ends within a field');
    const text = body.toString('utf8', at, end);
    at = end + 1;
    return text;
  };
  const type = String.fromCharCode(body[0] ?? 0);
  switch (type) {
    case 'H':
      return { type: 'hello', version: field() };
    case 'I':
      return { type: 'inode', id: field(), inode: Number(field()) };
    case 'S': {
      const [id, kind, micros] = [field(), field(), field()];
      return { type: 'section', id, kind, micros: Number(micros), text: body.toString('utf8', at) };
    }
    case 'M':
      return { type: 'missing', id: field(), kind: field(), reason: field() };
    case 'E':
      return { type: 'end', id: field() };
    case 'X':
      return { type: 'problem', id: field(), message: field() };
    default:
      throw new Error(`a frame of unknown type ${JSON.stringify(type)}`);
  }
}
