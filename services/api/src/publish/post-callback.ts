/** One POST to a callback URL. Redirects are not followed; the address is judged when it is connected to. */
import { lookup as dnsLookup } from 'node:dns';
import { type ClientRequest, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { CallbackPolicy } from '../domain/callback-policy.ts';

export interface PostResult {
  /** null: no answer. */
  readonly status: number | null;
  /** null: a 2xx answer. */
  readonly error: string | null;
  /** The address may not be used, or the receiver said 410: no further attempt makes sense. */
  readonly final: boolean;
}

const TIMEOUT_MS = 15_000;

class Refused extends Error {}

function judgedLookup(policy: CallbackPolicy): LookupFunction {
  return (host, options, callback) => {
    dnsLookup(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      for (const { address } of addresses) {
        const refusal = policy.refuseAddress(host, address);
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
  policy: CallbackPolicy,
): Promise<PostResult> {
  const refusal = policy.refuseUrl(url);
  if (refusal) return Promise.resolve({ status: null, error: refusal, final: true });
  const target = new URL(url);
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const fail = (error: Error): void =>
      resolve({ status: null, error: error.message, final: error instanceof Refused });
    const request: ClientRequest = send(
      target,
      {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'user-agent': 'netverdict',
          ...headers,
        },
        lookup: judgedLookup(policy),
        signal: AbortSignal.timeout(TIMEOUT_MS),
        agent: false,
      },
      (response) => {
        // The answer's body does not interest; its end is not waited for.
        response.resume().on('error', () => undefined);
        const status = response.statusCode ?? 0;
        const delivered = status >= 200 && status < 300;
        resolve({ status, error: delivered ? null : `the receiver answered ${status}`, final: status === 410 });
        if (!delivered) response.destroy();
      },
    );
    request.on('error', fail);
    request.end(body);
  });
}
