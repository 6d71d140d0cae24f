/** Cuts the sidecar's output into frames (native/watch/README.md) and decodes them. Pure: recorded bytes test it without a kernel. */
import {
  type Aggregate,
  type Flow,
  HEADER_BYTES,
  type Histogram,
  type ProbeCounters,
  readAggregates,
  readAllCounters,
  readFlows,
  readHistograms,
  readSamples,
  readSightings,
  type Sample,
  type Sighted,
  WATCH_MAGIC,
  WATCH_VERSION,
} from './records.ts';

/** Frames are flushed at 64 KiB; only a dictionary may be longer. More means that the stream is out of step. */
const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;

export type Dictionary = 'drop-reason' | 'function' | 'reset-reason' | 'dns-name';
const DICTIONARIES: Readonly<Record<number, Dictionary>> = {
  1: 'drop-reason',
  2: 'function',
  3: 'reset-reason',
  4: 'dns-name',
};

export interface ProbeStatus {
  readonly id: number;
  readonly name: string;
  readonly state: 'on' | 'off' | 'unavailable';
  readonly cost: string;
  readonly hooks: readonly string[];
  /** Tracepoints that this kernel does not have; the probe does without. */
  readonly missing: readonly string[];
  /** Why it is unavailable. */
  readonly reason?: string;
  /** What its threshold is of, with the unit. */
  readonly threshold?: string;
}

type Content =
  | { readonly type: 'hello'; readonly pid: number; readonly kernel: string }
  | { readonly type: 'status'; readonly probes: readonly ProbeStatus[] }
  | { readonly type: 'reply'; readonly id: string; readonly problem: string | null }
  | { readonly type: 'dictionary'; readonly dictionary: Dictionary; readonly names: ReadonlyMap<bigint, string> }
  | { readonly type: 'samples'; readonly samples: readonly Sample[] }
  | { readonly type: 'aggregates'; readonly aggregates: readonly Aggregate[] }
  | { readonly type: 'counters'; readonly counters: readonly ProbeCounters[] }
  | { readonly type: 'histograms'; readonly histograms: readonly Histogram[] }
  | { readonly type: 'sightings'; readonly sightings: readonly Sighted[] }
  | { readonly type: 'flows'; readonly flows: readonly Flow[] }
  | { readonly type: 'window' };

export type WatchFrame = Content & {
  readonly serial: number;
  /** The monotonic clock when it was written, and what to add for the wall clock's time. */
  readonly atNs: bigint;
  readonly bootOffsetNs: bigint;
};

export class WatchFrameReader {
  #rest: Buffer = Buffer.alloc(0);
  #serial = 0;

  /** @throws when the bytes are no frames, are of another version, or when one is missing */
  push(chunk: Buffer): WatchFrame[] {
    const all = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: WatchFrame[] = [];
    let at = 0;
    while (all.length - at >= HEADER_BYTES) {
      if (all.readUInt32LE(at) !== WATCH_MAGIC) throw new Error('what the sidecar wrote is no frame');
      const version = all.readUInt8(at + 4);
      if (version !== WATCH_VERSION)
        throw new Error(`the sidecar speaks version ${version}, not ${WATCH_VERSION}: build it again`);
      const length = all.readUInt32LE(at + 8);
      if (length > MAX_PAYLOAD_BYTES) throw new Error(`a frame of ${length} bytes cannot be`);
      if (all.length - at < HEADER_BYTES + length) break;
      const serial = all.readUInt32LE(at + 12);
      this.#serial = (this.#serial + 1) >>> 0;
      if (serial !== this.#serial) throw new Error(`frame ${serial} came where ${this.#serial} was due`);
      const payload = all.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
      frames.push({
        ...decode(all.readUInt8(at + 5), payload),
        serial,
        atNs: all.readBigUInt64LE(at + 16),
        bootOffsetNs: all.readBigInt64LE(at + 24),
      });
      at += HEADER_BYTES + length;
    }
    this.#rest = at === all.length ? Buffer.alloc(0) : Buffer.from(all.subarray(at));
    return frames;
  }
}

function decode(type: number, payload: Buffer): Content {
  switch (type) {
    case 1: {
      const { pid, kernel } = JSON.parse(payload.toString()) as { pid: number; kernel: string };
      return { type: 'hello', pid, kernel };
    }
    case 2:
      return { type: 'status', probes: (JSON.parse(payload.toString()) as { probes: ProbeStatus[] }).probes };
    case 3: {
      const { id, problem } = JSON.parse(payload.toString()) as { id: string; problem?: string };
      return { type: 'reply', id, problem: problem ?? null };
    }
    case 4:
      return dictionary(payload);
    case 5:
      return { type: 'samples', samples: readSamples(payload) };
    case 6:
      return { type: 'aggregates', aggregates: readAggregates(payload) };
    case 7:
      return { type: 'counters', counters: readAllCounters(payload) };
    case 8:
      return { type: 'histograms', histograms: readHistograms(payload) };
    case 9:
      return { type: 'window' };
    case 11:
      return { type: 'flows', flows: readFlows(payload) };
    case 10:
      return { type: 'sightings', sightings: readSightings(payload) };
    default:
      throw new Error(`a frame of unknown type ${type}`);
  }
}

function dictionary(payload: Buffer): Content {
  const which = DICTIONARIES[payload.readUInt32LE(0)];
  if (which === undefined) throw new Error(`an unknown dictionary, ${payload.readUInt32LE(0)}`);
  const names = new Map<bigint, string>();
  const count = payload.readUInt32LE(4);
  let at = 8;
  for (let i = 0; i < count; i++) {
    const end = at + 10 + payload.readUInt16LE(at + 8);
    names.set(payload.readBigUInt64LE(at), payload.toString('utf8', at + 10, end));
    at = end;
  }
  if (at !== payload.length) throw new Error('a dictionary is longer or shorter than it says');
  return { type: 'dictionary', dictionary: which, names };
}
