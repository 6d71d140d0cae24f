/** An OpenID Connect issuer on loopback: discovery, keys that rotate, tokens signed by them. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export interface Issuer {
  /** Its name: `http://127.0.0.1:12345` */
  readonly url: string;
  /** Signed by the newest key, for `netverdict`, for five minutes, unless told otherwise. */
  sign(claims?: Readonly<Record<string, unknown>>, header?: { readonly kid?: string }): Promise<string>;
  /** From now on another key signs, and is the only one that is published. */
  rotate(): Promise<void>;
  /** What is answered instead, for a while. null: as it should be. */
  answers: { readonly status: number; readonly body: string } | null;
  /** How often its keys were asked for. */
  asked: number;
  publicKey(): JWK;
  close(): Promise<void>;
}

export const AUDIENCE = 'netverdict';

export async function startIssuer(): Promise<Issuer> {
  let kid = '';
  let key: CryptoKey;
  let published: JWK = {};
  const rotate = async (): Promise<void> => {
    const pair = await generateKeyPair('RS256');
    kid = randomUUID();
    key = pair.privateKey;
    published = { ...(await exportJWK(pair.publicKey)), kid, alg: 'RS256', use: 'sig' };
  };
  await rotate();
  const server = createServer((request, response) => {
    if (request.url === '/keys') issuer.asked++;
    if (issuer.answers !== null) return void response.writeHead(issuer.answers.status).end(issuer.answers.body);
    const answer =
      request.url === '/.well-known/openid-configuration'
        ? { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }
        : request.url === '/keys'
          ? { keys: [published] }
          : null;
    response.writeHead(answer === null ? 404 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const issuer: Issuer = {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    answers: null,
    asked: 0,
    rotate,
    publicKey: () => published,
    async sign(claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000);
      const payload = {
        iss: issuer.url,
        aud: AUDIENCE,
        sub: 'ada',
        groups: ['sre'],
        iat: now,
        exp: now + 300,
        ...claims,
      };
      return await new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid, ...header }).sign(key);
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return issuer;
}
