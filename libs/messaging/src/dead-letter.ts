/** Where a message goes that cannot be handled: kept for a week with its reason, for a person to look at. */
import { DEADLETTER_STREAM } from '@netverdict/contracts';
import type { Link } from './link.ts';
import { sendStored } from './publish.ts';
import { pack } from './wire.ts';

export interface DeadLetter {
  readonly reason: string;
  readonly stream: string;
  readonly subject: string;
  /** Sequence in the stream. */
  readonly seq: number;
  readonly deliveries: number;
  readonly consumer: string;
  /** RFC 3339 */
  readonly at: string;
  /** The message as it came, base64; cut after 256 KiB. */
  readonly data: string;
  /** How long it was before; absent in letters of earlier versions, as is `encoding`. */
  readonly bytes?: number;
  /** Of `data`, as the message's header said: empty or zstd. */
  readonly encoding?: string;
}

export const MAX_KEPT_BYTES = 256 * 1024;

/** The same message of the same consumer is kept once. @throws BusUnavailable */
export async function sendDeadLetter(link: Link, letter: DeadLetter): Promise<void> {
  const encoded = await pack(Buffer.from(JSON.stringify(letter)));
  encoded.headers.set('Nats-Msg-Id', `${letter.stream}/${letter.consumer}/${letter.seq}`);
  const subject = `deadletter.${letter.stream}`;
  await sendStored(link, { stream: DEADLETTER_STREAM, subject }, encoded, 5000);
}
