/** The last message of a subject in a stream that allows direct gets: one round trip. */
import { BusUnavailable, isNoResponders, isPermission, NotPermitted, reasonOf } from './errors.ts';
import type { Link } from './link.ts';
import { unpack } from './wire.ts';

export interface StoredMessage {
  readonly data: Uint8Array;
  header(name: string): string;
}

const GET_MS = 3000;

/** Null when there is none, or the stream itself is gone. @throws BusUnavailable, NotPermitted */
export async function directGet(link: Link, stream: string, subject: string): Promise<StoredMessage | null> {
  try {
    const api = `$JS.API.DIRECT.GET.${stream}.${subject}`;
    const msg = await link.unlessLost(link.nc.request(api, undefined, { timeout: GET_MS }));
    const status = msg.headers?.code ?? 0;
    if (status === 404) return null;
    if (status !== 0) throw new Error(`${status} ${msg.headers?.description ?? ''}`);
    return { data: await unpack(msg.data, msg.headers), header: (name) => msg.headers?.get(name) ?? '' };
  } catch (error) {
    if (isNoResponders(error)) return null;
    if (isPermission(error)) throw new NotPermitted(`may not read ${subject}`, { cause: error });
    throw new BusUnavailable(`${subject}: ${reasonOf(error)}`, { cause: error });
  }
}
