/** Loki's push API. Few labels, all of them bounded: pods and addresses are in the line, where LogQL's `| json` finds them. */
import type { Notice } from './notice.ts';
import { Refused, SEND_MS, type Sink } from './sink.ts';

export interface LokiOptions {
  /** The server, or the whole address of the push API. */
  readonly url: string;
  /** X-Scope-OrgID of a server with tenants. */
  readonly tenant: string | null;
  /** The whole header: `Bearer …`, `Basic …`. */
  readonly authorization: string | null;
}

const PUSH = '/loki/api/v1/push';
/** Of a refusal's text; it is Loki's, and may repeat every line that it refuses. */
const MOST_OF_ANSWER = 300;

interface LokiStream {
  readonly stream: Readonly<Record<string, string>>;
  readonly values: [string, string][];
}

/** Nanoseconds as text: they do not fit a JavaScript number. */
const nanoseconds = (at: string): string => `${Date.parse(at)}000000`;

export function lokiStreams(batch: readonly Notice[]): LokiStream[] {
  const streams = new Map<string, LokiStream>();
  for (const { stream, cluster, kind, severity, at, line } of batch) {
    const labels = { job: 'netverdict', stream, cluster, kind, ...(severity === null ? {} : { severity }) };
    const key = JSON.stringify(labels);
    const known: LokiStream = streams.get(key) ?? { stream: labels, values: [] };
    streams.set(key, known);
    known.values.push([nanoseconds(at), line]);
  }
  // Older versions want each stream in the order of time.
  for (const { values } of streams.values())
    values.sort(([a], [b]) => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0));
  return [...streams.values()];
}

export function lokiSink({ url, tenant, authorization }: LokiOptions): Sink {
  const push = new URL(url);
  if (push.pathname === '/') push.pathname = PUSH;
  return {
    name: 'loki',
    async send(batch) {
      const response = await fetch(push, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(tenant === null ? {} : { 'x-scope-orgid': tenant }),
          ...(authorization === null ? {} : { authorization }),
        },
        body: JSON.stringify({ streams: lokiStreams(batch) }),
        redirect: 'error',
        signal: AbortSignal.timeout(SEND_MS),
      });
      const answer = (await response.text()).trim().slice(0, MOST_OF_ANSWER);
      if (response.ok) return;
      const said = `Loki answered ${response.status}${answer === '' ? '' : `: ${answer}`}`;
      // Limits of rate pass; all else of 4xx says that the batch, or who we are, is wrong.
      if (response.status >= 400 && response.status < 500 && response.status !== 429) throw new Refused(said);
      throw new Error(said);
    },
    close: async () => undefined,
  };
}
