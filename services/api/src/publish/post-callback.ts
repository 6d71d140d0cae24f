/** One POST to a receiver. Redirects are not followed; the address is judged when it is connected to. */
import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from 'node:dns';
import { type ClientRequest, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { CallbackPolicy } from '../domain/callback-policy.ts';
import { type Attempted, parseRetryAfter } from '../domain/webhooks/after-attempt.ts';

export interface Posted extends Attempted {
  readonly durationMs: number;
}

export type LookupAll = (
  host: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface PostSettings {
  readonly policy: CallbackPolicy;
  /** For all of it, from the lookup to the answer's head. */
  readonly timeoutMs: number;
  /** Instead of the system's, for tests. */
  readonly lookup?: LookupAll;
}

class Refused extends Error {}

/** What it resolves to is judged and connected to: there is no second lookup that could answer otherwise. */
function judgedLookup({ policy, lookup = systemLookup }: PostSettings, plain: boolean): LookupFunction {
  return (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      for (const { address } of addresses) {
        const refusal = policy.refuseAddress(host, address, plain);
        if (refusal) return callback(new Refused(`${host}: ${refusal}`), []);
      }
      const first = addresses[0];
      if (options.all || !first) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** Never throws. */
export function postCallback(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  settings: PostSettings,
): Promise<Posted> {
  const begun = performance.now();
  const { promise, resolve } = Promise.withResolvers<Posted>();
  const end = (attempted: Attempted): void =>
    resolve({ ...attempted, durationMs: Math.round(performance.now() - begun) });
  const unanswered = (error: string, refused: boolean): void =>
    end({ status: null, error, refused, retryAfterMs: null });
  const refusal = settings.policy.refuseUrl(url);
  if (refusal) {
    unanswered(refusal, true);
    return promise;
  }
  const target = new URL(url);
  const plain = target.protocol === 'http:';
  const late = AbortSignal.timeout(settings.timeoutMs);
  const request: ClientRequest = (plain ? httpRequest : httpsRequest)(
    target,
    {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'netverdict',
        ...headers,
      },
      lookup: judgedLookup(settings, plain),
      signal: late,
      agent: false,
    },
    (response) => {
      const status = response.statusCode ?? 0;
      end({
        status,
        error: status >= 200 && status < 300 ? null : `the receiver answered ${status}`,
        refused: false,
        retryAfterMs: parseRetryAfter(response.headers['retry-after'], Date.now()),
      });
      // The answer's body, however long, does not interest.
      response.on('error', () => undefined).destroy();
    },
  );
  request.on('error', (error) =>
    unanswered(
      late.aborted ? `no answer within ${settings.timeoutMs / 1000} s` : error.message || error.name,
      error instanceof Refused,
    ),
  );
  request.end(body);
  return promise;
}
