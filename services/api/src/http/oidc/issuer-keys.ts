/**
 * An issuer's keys, by discovery. They are asked for when there is need: at the first token, when they have grown old, and when a token names a key that is not among them
 * (keys rotate). However many such tokens come, the issuer is asked seldom.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWK, type JWTVerifyGetKey } from 'jose';

export interface Pace {
  /** Keys older than this are asked for again. */
  readonly renewMs: number;
  /** And are not believed when they are older than this: a key may have been withdrawn. */
  readonly believeMs: number;
  /** Between two questions. */
  readonly leastMs: number;
  /** After one that failed. */
  readonly retryMs: number;
  readonly timeoutMs: number;
}

export const PACE: Pace = {
  renewMs: 10 * 60_000,
  believeMs: 60 * 60_000,
  leastMs: 30_000,
  retryMs: 2_000,
  timeoutMs: 5_000,
};

const MOST_BYTES = 1024 * 1024;

/** The issuer cannot be asked: whether a token is good is not known. */
export class IssuerAway extends Error {
  override readonly name = 'IssuerAway';
}

async function read(url: string, timeoutMs: number): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > MOST_BYTES) throw new Error(`${url} answers more than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  if (typeof parsed !== 'object' || parsed === null) throw new Error(`${url} does not answer an object`);
  return { ...parsed };
}

/** OpenID Connect Discovery 1.0, 4: the document has to name the issuer that it was asked of. */
async function keysOf(issuer: string, timeoutMs: number): Promise<JSONWebKeySet> {
  const about = await read(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, timeoutMs);
  if (about.issuer !== issuer) throw new Error(`it calls itself ${JSON.stringify(about.issuer)}, not ${issuer}`);
  const { jwks_uri: at } = about;
  if (typeof at !== 'string' || !URL.canParse(at)) throw new Error('its configuration names no jwks_uri');
  if (new URL(at).protocol !== 'https:' && new URL(issuer).protocol === 'https:')
    throw new Error('its keys are offered without TLS');
  const keys = await read(at, timeoutMs);
  if (!Array.isArray(keys.keys)) throw new Error(`${at} is no set of keys`);
  // What is no key is passed over where one is looked for.
  return { keys: keys.keys as JWK[] };
}

export function issuerKeys(
  issuer: string,
  onError: (error: unknown) => void,
  pace: Pace = PACE,
  now: () => number = () => performance.now(),
): JWTVerifyGetKey {
  let known: { readonly at: number; readonly find: JWTVerifyGetKey } | null = null;
  let asked: { readonly at: number; readonly error: unknown } | null = null;
  let asking: Promise<void> | null = null;

  async function ask(): Promise<void> {
    try {
      known = { find: createLocalJWKSet(await keysOf(issuer, pace.timeoutMs)), at: now() };
      asked = { at: now(), error: null };
    } catch (error) {
      asked = { at: now(), error };
      onError(error);
    }
  }
  /** At most one question at a time, and none too soon after the last. */
  async function renew(): Promise<void> {
    const waitMs = asked === null ? 0 : asked.error === null ? pace.leastMs : pace.retryMs;
    if (asking === null && asked !== null && now() - asked.at < waitMs) return;
    asking ??= ask().finally(() => {
      asking = null;
    });
    await asking;
  }
  const age = (): number => (known === null ? Number.POSITIVE_INFINITY : now() - known.at);
  const away = (): IssuerAway =>
    new IssuerAway(`the issuer ${issuer} cannot be asked for its keys`, { cause: asked?.error });

  return async (header, token) => {
    if (age() > pace.renewMs) await renew();
    if (known === null || age() > pace.believeMs) throw away();
    try {
      return await known.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    await renew();
    // Whether the key is new cannot be told while nobody can be asked.
    if (asked?.error) throw away();
    return await known.find(header, token);
  };
}
