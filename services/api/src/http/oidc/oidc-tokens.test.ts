/** Tokens of a real issuer on loopback. */
import { createHmac } from 'node:crypto';
import { exportSPKI, importJWK } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AUDIENCE, type Issuer, startIssuer } from '../../testing/issuer.ts';
import { ProblemError } from '../problems.ts';
import { roleRules } from './claims.ts';
import { PACE, type Pace } from './issuer-keys.ts';
import { type OidcSettings, type OidcTokens, oidcTokens } from './oidc-tokens.ts';

let issuer: Issuer;
const failures: unknown[] = [];
beforeEach(async () => {
  issuer = await startIssuer();
  failures.length = 0;
});
afterEach(() => issuer.close());

function taking(pace: Partial<Pace> = {}, change: Partial<OidcSettings> = {}): OidcTokens {
  const settings: OidcSettings = {
    issuer: issuer.url,
    audience: AUDIENCE,
    algorithms: ['RS256', 'ES256'],
    clockSkewMs: 30_000,
    rules: { roleClaim: 'groups', roles: roleRules(['sre=operator']), clusterClaim: null, namespaceClaim: 'teams' },
    ...change,
  };
  return oidcTokens(settings, (error) => failures.push(error), { ...PACE, ...pace });
}
const teams = ['shop'];
const now = (): number => Math.floor(Date.now() / 1000);

test('a token of the issuer is taken with the role and the scope of its claims, under a name that stays', async () => {
  const take = taking();
  const ada = await take(await issuer.sign({ teams }));
  expect(ada).toMatchObject({ name: 'ada', may: 'operator', scope: { clusters: null, namespaces: ['shop'] } });
  expect(ada?.tokenId).toMatch(/^oidc_[0-9a-f]{32}$/);
  expect((await take(await issuer.sign({ teams, iat: now() - 9 })))?.tokenId).toBe(ada?.tokenId);
  expect((await take(await issuer.sign({ teams, sub: 'bob' })))?.tokenId).not.toBe(ada?.tokenId);
  expect(issuer.asked).toBe(1);
});

test('expired, early, for others, of others, without an end or a subject: none of these is taken', async () => {
  const take = taking();
  const wrong = [
    { exp: now() - 60 },
    { nbf: now() + 60 },
    { aud: 'somebody-else' },
    { aud: [] },
    { iss: 'https://issuer.example.org' },
    { exp: undefined },
    { sub: undefined },
    { sub: '' },
  ];
  for (const claims of wrong) expect(await take(await issuer.sign({ teams, ...claims }))).toBeNull();
  // Within what clocks may differ.
  for (const claims of [{ exp: now() - 10 }, { nbf: now() + 10 }])
    expect(await take(await issuer.sign({ teams, ...claims }))).not.toBeNull();
  for (const text of ['', 'a.b', 'a.b.c', 'nvt_x', '..', `${await issuer.sign({ teams })}x`])
    expect(await take(text)).toBeNull();
});

test('a token without a role, or without its scope, is known and refused', async () => {
  const take = taking();
  for (const claims of [{ teams, groups: ['guests'] }, {}])
    await expect(take(await issuer.sign(claims))).rejects.toMatchObject({ options: { status: 403 } });
});

test('neither unsigned tokens nor such as are signed with the public key as a shared secret are taken', async () => {
  const take = taking();
  const encode = (part: object | string): string =>
    Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
  const [, payload = '', signature = ''] = (await issuer.sign({ teams })).split('.');
  const { kid = '' } = issuer.publicKey();
  expect(await take(`${encode({ alg: 'none', kid })}.${payload}.`)).toBeNull();
  expect(await take(`${encode({ alg: 'none', kid })}.${payload}.${signature}`)).toBeNull();
  const key = await importJWK(issuer.publicKey(), 'RS256', { extractable: true });
  const secret = key instanceof Uint8Array ? key : await exportSPKI(key);
  const signed = `${encode({ alg: 'HS256', kid })}.${payload}`;
  expect(await take(`${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`)).toBeNull();
  // Nor what is allowed in general, and not here.
  expect(await taking({}, { algorithms: ['ES256'] })(await issuer.sign({ teams }))).toBeNull();
});

test('when keys rotate, the new one is asked for; the one that was withdrawn is not taken any more', async () => {
  const take = taking({ leastMs: 0 });
  const before = await issuer.sign({ teams });
  expect(await take(before)).not.toBeNull();
  await issuer.rotate();
  expect(await take(await issuer.sign({ teams }))).not.toBeNull();
  expect(issuer.asked).toBe(2);
  expect(await take(before)).toBeNull();
});

test('however many tokens name keys that nobody knows, the issuer is asked once', async () => {
  const take = taking();
  const stray = await Promise.all(Array.from({ length: 50 }, (_, i) => issuer.sign({ teams }, { kid: `stray-${i}` })));
  expect(await Promise.all(stray.map(take))).toEqual(stray.map(() => null));
  for (const token of stray) expect(await take(token)).toBeNull();
  expect(issuer.asked).toBe(1);
  expect(await take(await issuer.sign({ teams }))).not.toBeNull();
});

const unavailable = { options: { status: 503, type: 'issuer-unavailable', headers: { 'retry-after': '5' } } };

test('while the issuer is away nobody new is let in, and known keys go on', async () => {
  const [take, late] = [taking({ leastMs: 0, retryMs: 0 }), taking({ retryMs: 0 })];
  const good = await issuer.sign({ teams });
  expect(await take(good)).not.toBeNull();
  issuer.answers = { status: 500, body: '' };
  expect(await take(good)).not.toBeNull();
  await expect(late(good)).rejects.toMatchObject(unavailable);
  await expect(take(await issuer.sign({ teams }, { kid: 'stray' }))).rejects.toMatchObject(unavailable);
  expect(await take(good)).not.toBeNull();
  issuer.answers = null;
  expect(await late(good)).not.toBeNull();
  expect(failures.length).toBeGreaterThan(0);
});

test('keys that have grown old are not believed when they cannot be asked for again', async () => {
  const take = taking({ renewMs: -1, believeMs: -1, leastMs: 0, retryMs: 0 });
  await expect(take(await issuer.sign({ teams }))).rejects.toBeInstanceOf(ProblemError);
  const lasting = taking({ renewMs: -1, leastMs: 0, retryMs: 0 });
  const good = await issuer.sign({ teams });
  expect(await lasting(good)).not.toBeNull();
  issuer.answers = { status: 503, body: '' };
  expect(await lasting(good)).not.toBeNull();
});

test.each([
  ['is no JSON', 'hello'],
  [
    'calls itself otherwise',
    JSON.stringify({ issuer: 'https://issuer.example.org', jwks_uri: 'https://issuer.example.org/keys' }),
  ],
  ['has no keys', JSON.stringify({ issuer: 'x' })],
  ['is longer than any such answer', JSON.stringify({ issuer: 'x'.repeat(2_000_000) })],
])('an issuer that %s gives no keys', async (_, body) => {
  issuer.answers = { status: 200, body };
  await expect(taking()(await issuer.sign({ teams }))).rejects.toMatchObject(unavailable);
  expect(failures).toHaveLength(1);
});
