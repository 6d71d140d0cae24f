import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { effectiveSettings } from './effective.ts';
import { readSettings } from './read.ts';
import { API } from './services/api.ts';
import { SERVICES, sourcesOf } from './services/services.ts';
import {
  ConfigurationError,
  contentOf,
  integer,
  neededBy,
  needs,
  oneOf,
  or,
  orNone,
  parseListen,
  type Settings,
  secretUrl,
  text,
} from './setting.ts';
import { environmentOnly } from './sources.ts';

const dir = mkdtempSync(join(tmpdir(), 'nv-configuration-'));
afterAll(() => rmSync(dir, { recursive: true }));
const written = (name: string, content: string): string => {
  const file = join(dir, name);
  writeFileSync(file, content);
  return file;
};

const bus = text('NETVERDICT_BUS', 'the bus');
const SETTINGS = {
  bus,
  database: secretUrl('NETVERDICT_DATABASE_URL', 'the database', ['postgres']),
  limit: or(integer('NETVERDICT_LIMIT_MS', 'how long', { min: 1, max: 5 }), '3'),
  level: or(oneOf('NETVERDICT_LEVEL', 'how much', ['a', 'b']), 'a'),
  token: orNone(contentOf('NETVERDICT_TOKEN_FILE', 'the token')),
};
const GOOD = { NETVERDICT_BUS: 'nats', NETVERDICT_DATABASE_URL: 'postgres://me:hunter2@db/x' };

async function read(settings: Settings, environment: Record<string, string>, args: readonly string[] = []) {
  return readSettings(settings, await sourcesOf('api', settings, args, environment));
}

test('what is not given has its default; empty counts as not given', async () => {
  expect(await read(SETTINGS, { ...GOOD, NETVERDICT_LIMIT_MS: ' ' })).toEqual({
    bus: 'nats',
    database: 'postgres://me:hunter2@db/x',
    limit: 3,
    level: 'a',
    token: null,
  });
});

test('all that is wrong is told at once, and no secret', async () => {
  const wrong = {
    NETVERDICT_DATABASE_URL: 'mysql://me:hunter2@db/x',
    NETVERDICT_LIMIT_MS: '6',
    NETVERDICT_LEVEL: 'c',
    NETVERDICT_TOKEN_FILE: join(dir, 'missing'),
  };
  const error = await read(SETTINGS, wrong, ['--hunter2=1']).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(ConfigurationError);
  expect((error as Error).message.split('\n')).toEqual([
    '--hunter2 is not understood',
    'NETVERDICT_BUS is not set (the bus; text)',
    'NETVERDICT_DATABASE_URL: must be a URL that begins with postgres://',
    'NETVERDICT_LIMIT_MS: must be an integer from 1 to 5, not "6"',
    'NETVERDICT_LEVEL: must be one of a, b, not "c"',
    `NETVERDICT_TOKEN_FILE: ${join(dir, 'missing')} can't be read (ENOENT)`,
  ]);
});

test('a flag counts before the environment, that before the file, that before the default', async () => {
  const file = written('order.yaml', 'bus: from-file\nlimitMs: 1\nlevel: b\n');
  const environment = {
    ...GOOD,
    NETVERDICT_BUS: 'from-environment',
    NETVERDICT_LIMIT_MS: '2',
    NETVERDICT_CONFIG_FILE: file,
  };
  expect(await read(SETTINGS, environment, ['--bus', 'from-flag'])).toMatchObject({
    bus: 'from-flag',
    limit: 2,
    level: 'b',
  });
  expect(await read(SETTINGS, GOOD, [`--config=${file}`, '--limit-ms=4'])).toMatchObject({ bus: 'nats', limit: 4 });
});

test("the file may be one for all services: what is below a service's name is that service's alone", async () => {
  const file = written(
    'all.yaml',
    'bus: shared\nspoolMib: 5\nlevel: a\napi: {level: b, limitMs: 2}\nsimulator: {limitMs: 1}\n',
  );
  expect(
    await read(SETTINGS, { NETVERDICT_DATABASE_URL: GOOD.NETVERDICT_DATABASE_URL }, ['--config', file]),
  ).toMatchObject({
    bus: 'shared',
    limit: 2,
    level: 'b',
  });
});

test.each([
  ['busses: x', 'busses in the file is no setting'],
  ['simulator: {busses: x}', 'simulator.busses in the file is no setting'],
  ['bus: {a: 1}', 'bus in the file must be one value or a list of texts'],
  ['- a', 'the file must hold settings with their values, as YAML or JSON'],
  ['api: 3', 'api in the file must hold the settings of that service'],
])('the file %j is refused: %s', async (content, problem) => {
  const file = written('bad.yaml', content);
  await expect(read(SETTINGS, { ...GOOD, NETVERDICT_CONFIG_FILE: file })).rejects.toThrow(`${file}: ${problem}`);
});

test('a file that is no YAML is one line without its content', async () => {
  const file = written('broken.yaml', 'databaseUrl: "postgres://me:hunter2@db/x\nbus: [');
  const error = await read(SETTINGS, { NETVERDICT_CONFIG_FILE: file }).catch((cause: unknown) => cause);
  expect((error as Error).message).toMatch(/broken\.yaml can't be used/);
  expect((error as Error).message).not.toMatch(/hunter2|\n/);
});

test('a secret may lie in a file, but not in both places', async () => {
  const file = written('url', 'postgres://me:hunter2@db/x\n');
  expect(await read(SETTINGS, { NETVERDICT_BUS: 'nats', NETVERDICT_DATABASE_URL_FILE: file })).toMatchObject({
    database: 'postgres://me:hunter2@db/x',
  });
  await expect(read(SETTINGS, { ...GOOD, NETVERDICT_DATABASE_URL_FILE: file })).rejects.toThrow(
    'NETVERDICT_DATABASE_URL and NETVERDICT_DATABASE_URL_FILE are both set',
  );
});

test('settings that belong together are asked for together', () => {
  const token = neededBy(orNone(text('NETVERDICT_BUS_TOKEN', 'its token')), bus);
  const tenant = needs(orNone(text('NETVERDICT_BUS_TENANT', 'its tenant')), bus);
  const settings = { bus: orNone(bus), token, tenant };
  const of = (environment: Record<string, string>) => () => readSettings(settings, environmentOnly(environment));
  expect(of({ NETVERDICT_BUS: 'x' })).toThrow(
    'NETVERDICT_BUS_TOKEN is not set (its token), and NETVERDICT_BUS needs it',
  );
  expect(of({ NETVERDICT_BUS_TENANT: 'x' })).toThrow('NETVERDICT_BUS_TENANT is set, but NETVERDICT_BUS');
  expect(of({})()).toEqual({ bus: null, token: null, tenant: null });
});

test('what is printed holds no secret, also where it is wrong', async () => {
  const token = written('token', 'hunter2-hunter2-hunter2\n');
  const environment = {
    NETVERDICT_DATABASE_URL: 'postgres://me:hunter2@db:5432/x',
    NETVERDICT_REDIS_URL: 'hunter2',
    NETVERDICT_NATS_URL: 'nats://me:hunter2@bus',
    NETVERDICT_TOKEN_FILE: token,
  };
  const printed = effectiveSettings(API, await sourcesOf('api', API, [], environment));
  expect(JSON.stringify(printed)).not.toContain('hunter2"');
  expect(JSON.stringify(printed)).not.toMatch(/:hunter2|hunter2@|hunter2-/);
  const shownOf = (name: string) => printed.find((setting) => setting.name === name);
  expect(shownOf('NETVERDICT_DATABASE_URL')).toMatchObject({
    value: 'postgres://***@db:5432/x',
    origin: 'environment',
  });
  expect(shownOf('NETVERDICT_REDIS_URL')).toMatchObject({
    value: '(secret)',
    problem: expect.stringContaining('begins with redis'),
  });
  expect(shownOf('NETVERDICT_TOKEN_FILE')?.value).toBe(`(secret of 23 characters in ${token})`);
  expect(shownOf('NETVERDICT_LISTEN')).toMatchObject({ value: '127.0.0.1:8080', origin: 'default', problem: null });
});

test('the servers of a NATS cluster are given one after the other; each is looked at, and none shows its password', async () => {
  const given = 'nats://me:hunter2@n1:4222, nats://me:hunter3@n2:4222';
  const settings = { natsUrl: API.natsUrl };
  expect(readSettings(settings, environmentOnly({ NETVERDICT_NATS_URL: given }))).toEqual({
    natsUrl: 'nats://me:hunter2@n1:4222,nats://me:hunter3@n2:4222',
  });
  expect(() => readSettings(settings, environmentOnly({ NETVERDICT_NATS_URL: 'nats://n1:4222,n2:4222' }))).toThrow(
    'must be a URL that begins with nats:// or tls://',
  );
  const printed = effectiveSettings(settings, await sourcesOf('api', settings, [], { NETVERDICT_NATS_URL: given }));
  expect(printed[0]?.value).toBe('nats://***@n1:4222, nats://***@n2:4222');
});

test.each([
  ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
  ['[::1]:0', { host: '::1', port: 0 }],
  [':9090', { host: '::', port: 9090 }],
  ['localhost:1', { host: 'localhost', port: 1 }],
])('listen address %s', (given, expected) => {
  expect(parseListen(given)).toEqual(expected);
});

test.each(['8080', 'host', 'host:70000', '::1:80', 'host:'])('no listen address: %s', (given) => {
  expect(() => parseListen(given)).toThrow('must be host:port');
});

test('no two settings of a service share a name, and every default is one that is accepted', () => {
  for (const settings of Object.values(SERVICES)) {
    const all = Object.values<Settings[string]>(settings);
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    for (const { name, fallback, parse } of all)
      if (!fallback.required && fallback.text !== null) expect(() => parse(fallback.text ?? ''), name).not.toThrow();
  }
});
