/** One process of the capturing helper (native/capture/README.md) and the frames that it writes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

export type CaptureFrame =
  /** The filter compiles. */
  | { readonly type: 'checked' }
  | {
      readonly type: 'opened';
      readonly interfaces: readonly string[];
      readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
    }
  | { readonly type: 'data'; readonly bytes: Buffer }
  /** What follows belongs to the next file. */
  | { readonly type: 'file' }
  | ({ readonly type: 'progress' } & CaptureCounts)
  | ({ readonly type: 'end'; readonly reason: string } & CaptureCounts)
  | { readonly type: 'problem'; readonly message: string };

export interface CaptureCounts {
  readonly packets: number;
  readonly bytes: number;
  readonly dropped: number;
}

const MOST_FRAME_BYTES = 1024 * 1024;

function frameOf(type: string, payload: Buffer): CaptureFrame {
  const json = (): object => JSON.parse(payload.toString()) as object;
  switch (type) {
    case 'K':
      return { type: 'checked' };
    case 'O':
      return { type: 'opened', ...(json() as { interfaces: string[]; leftOut: [] }) };
    case 'D':
      return { type: 'data', bytes: payload };
    case 'F':
      return { type: 'file' };
    case 'S':
      return { type: 'progress', ...(json() as CaptureCounts) };
    case 'E':
      return { type: 'end', ...(json() as CaptureCounts & { reason: string }) };
    case 'X':
      return { type: 'problem', message: payload.toString() };
    default:
      throw new Error(`the capturing helper sent an unknown frame 0x${type.charCodeAt(0).toString(16)}`);
  }
}

/** Bytes in pieces of any size to frames. @throws when the stream is out of step */
export class CaptureFrameReader {
  #rest: Buffer = Buffer.alloc(0);

  *push(chunk: Buffer): Generator<CaptureFrame> {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= 4) {
      const length = bytes.readUInt32LE(0);
      if (length < 1 || length > MOST_FRAME_BYTES)
        throw new Error(`the capturing helper sent a frame of ${length} bytes`);
      if (bytes.length < 4 + length) break;
      yield frameOf(String.fromCharCode(bytes[4] ?? 0), bytes.subarray(5, 4 + length));
      bytes = bytes.subarray(4 + length);
    }
    this.#rest = Buffer.from(bytes);
  }
}

export class NotBuilt extends Error {
  override readonly name = 'NotBuilt';
}

export interface CaptureProcess {
  readonly pid: number;
  /** In order, as fast as they are taken: a reader that is slow makes the kernel drop, and count. */
  readonly frames: AsyncGenerator<CaptureFrame, void, undefined>;
  /** It ends in order, with its last packets and counts. */
  stop(): void;
  kill(): void;
}

async function* framesOf(child: ChildProcess): AsyncGenerator<CaptureFrame, void, undefined> {
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit ${code}`));
  });
  const reader = new CaptureFrameReader();
  let last: CaptureFrame | null = null;
  try {
    for await (const chunk of child.stdout ?? [])
      for (const frame of reader.push(chunk as Buffer)) {
        last = frame;
        yield frame;
      }
    const how = await ended;
    if (last === null || !['checked', 'end', 'problem'].includes(last.type))
      yield { type: 'problem', message: `the capturing helper stopped: ${how}` };
  } finally {
    if (child.exitCode === null) child.kill('SIGKILL');
  }
}

/** @throws NotBuilt */
export function startCaptureProcess(path: string, args: readonly string[]): CaptureProcess {
  if (!existsSync(path)) throw new NotBuilt(`${path} is not built (it needs libpcap-dev)`);
  const child = spawn(path, args, { stdio: ['pipe', 'pipe', 'ignore'], env: {} });
  child.stdin?.on('error', () => undefined);
  child.on('error', () => undefined);
  return {
    pid: child.pid ?? 0,
    frames: framesOf(child),
    stop: () => child.stdin?.end(),
    kill: () => void child.kill('SIGKILL'),
  };
}
