/** Follows a diagnosis over its live stream; a broken stream is taken up where it ended. */
import type { DiagnosisDocument, ProgressEvent } from '@netverdict/contracts';
import { ConnectionError, ProblemError, problemFrom } from '../problem-error.ts';
import { parseEvents } from './parse-events.ts';

export interface Follow {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
  readonly onProgress?: (progress: ProgressEvent) => void;
  readonly signal?: AbortSignal;
}

/** Connections in a row that bring nothing. With the waits between them that is about a minute. */
const TRIES = 20;
const LONGEST_WAIT_MS = 4000;
/** The server says something every 10 s: a connection that is silent for longer is dead. */
const SILENCE_MS = 30_000;

export async function follow({ url, headers, fetch: doFetch, onProgress, signal }: Follow): Promise<DiagnosisDocument> {
  let lastId: string | null = null;
  let last: unknown = null;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    signal?.throwIfAborted();
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
      const response = await doFetch(url, {
        headers: { ...headers, accept: 'text/event-stream', ...(lastId === null ? {} : { 'last-event-id': lastId }) },
        signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
      });
      if (!response.ok || !response.body) throw problemFrom(response, await response.json().catch(() => null));
      for await (const { id, event, data } of parseEvents(heard(response.body))) {
        lastId = id ?? lastId;
        attempt = 0;
        if (event === 'progress') onProgress?.(JSON.parse(data) as ProgressEvent);
        else if (event === 'completed' || event === 'failed') return JSON.parse(data) as DiagnosisDocument;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ProblemError && error.status < 500) throw error;
      last = error;
    } finally {
      clearTimeout(timer);
    }
  }
  throw new ConnectionError('the live stream cannot be followed', { cause: last });
}
