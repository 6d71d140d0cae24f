/** Follows a live stream (`…/stream`) for as long as one likes; a broken connection is taken up where it ended. */
import { ConnectionError, ProblemError, problemFrom } from '../problem-error.ts';
import { parseEvents } from './parse-events.ts';

export interface LiveOptions {
  readonly signal?: AbortSignal;
  /** Go on behind the event of this id. */
  readonly lastEventId?: string;
  /** Once per connection: from here on everything comes. */
  readonly onOpen?: () => void;
  /** Something may have been missed, or the connection broke: in words. */
  readonly onTrouble?: (message: string) => void;
}

export interface LiveItem<T> {
  readonly id: string;
  readonly item: T;
}

/** Connections in a row that bring nothing. With the waits between them that is about a minute. */
const TRIES = 20;
const LONGEST_WAIT_MS = 4000;
/** The server says something every 10 s: a connection that is silent for longer is dead. */
const SILENCE_MS = 30_000;

export async function* followLive<T>(
  request: { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly fetch: typeof fetch },
  { signal, lastEventId, onOpen, onTrouble }: LiveOptions,
): AsyncGenerator<LiveItem<T>, void, undefined> {
  let lastId = lastEventId;
  let last: unknown = null;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (signal?.aborted) return;
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(100 * 2 ** attempt, LONGEST_WAIT_MS)));
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    const heard = async function* (body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of body) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        yield chunk;
      }
    };
    try {
      const response = await request.fetch(request.url, {
        headers: {
          ...request.headers,
          accept: 'text/event-stream',
          ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
        },
        signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
      });
      if (!response.ok || !response.body) throw problemFrom(response, await response.json().catch(() => null));
      for await (const { id, event, data } of parseEvents(heard(response.body))) {
        lastId = id ?? lastId;
        attempt = 0;
        const body = JSON.parse(data) as T & { readonly reason?: string };
        if (event === 'open') onOpen?.();
        else if (event === 'missed' || event === 'cut-off') onTrouble?.(body.reason ?? event);
        else yield { id: lastId ?? '', item: body };
      }
      onTrouble?.('the stream ended');
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof ProblemError && error.status < 500) throw error;
      last = error;
      onTrouble?.(error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(timer);
      silence.abort();
    }
  }
  throw new ConnectionError('the live stream cannot be followed', { cause: last });
}
