/**
 * The object store of packet captures: pcapng in parts, and beside them how far the capture is. A ring of files writes
 * over its oldest: a part says of which file it is, so that a reader notices.
 *
 *   captures.<cluster>.<node>.<capture>.<slot>.<part>   header Nv-File: the file's number
 *   captures.<cluster>.<node>.<capture>.status          JSON, the newest only
 */
import { CAPTURES_STREAM, CaptureStatus, captureSubject } from '@netverdict/contracts';
import { Compile } from 'typebox/compile';
import { directGet } from './direct-get.ts';
import type { Link } from './link.ts';
import { sendStored } from './publish.ts';
import { pack } from './wire.ts';

/** Before compression. */
export const CAPTURE_PART_BYTES = 256 * 1024;

export interface CapturePlace {
  readonly node: string;
  readonly captureId: string;
}

export interface PartPlace extends CapturePlace {
  readonly slot: number;
  readonly part: number;
  readonly file: number;
}

export interface Captures {
  /** A part that is there is written over. @throws BusUnavailable (also when the store is full), NotPermitted */
  putPart(place: PartPlace, bytes: Uint8Array): Promise<void>;
  putStatus(node: string, status: CaptureStatus): Promise<void>;
  /** Null when nothing was written, or it has aged out. @throws BusUnavailable */
  status(place: CapturePlace): Promise<CaptureStatus | null>;
  /** Null when it is not there, or is of another file by now. */
  part(place: PartPlace): Promise<Uint8Array | null>;
  /** Every part, and the status. */
  remove(place: CapturePlace): Promise<void>;
}

const FILE = 'Nv-File';
const PUT_MS = 10_000;
const checkStatus = Compile(CaptureStatus);

export function capturesOf(link: Link, cluster: string): Captures {
  const at = ({ node, captureId }: CapturePlace, ...rest: readonly string[]): string =>
    captureSubject(cluster, node, captureId, ...rest);
  return {
    async putPart(place, bytes) {
      const encoded = await pack(bytes);
      encoded.headers.set(FILE, String(place.file));
      const subject = at(place, String(place.slot), String(place.part));
      await sendStored(link, { stream: CAPTURES_STREAM, subject }, encoded, PUT_MS);
    },
    async putStatus(node, status) {
      const subject = at({ node, captureId: status.captureId }, 'status');
      const encoded = await pack(Buffer.from(JSON.stringify(status)));
      await sendStored(link, { stream: CAPTURES_STREAM, subject }, encoded, PUT_MS);
    },
    async status(place) {
      const found = await directGet(link, CAPTURES_STREAM, at(place, 'status'));
      if (found === null) return null;
      const status: unknown = JSON.parse(Buffer.from(found.data).toString());
      // The node's own words: what it may not claim is another capture.
      return checkStatus.Check(status) && status.captureId === place.captureId ? status : null;
    },
    async part(place) {
      const found = await directGet(link, CAPTURES_STREAM, at(place, String(place.slot), String(place.part)));
      return found?.header(FILE) === String(place.file) ? found.data : null;
    },
    async remove(place) {
      await link.jsm.streams.purge(CAPTURES_STREAM, { filter: at(place, '>') });
    },
  };
}
