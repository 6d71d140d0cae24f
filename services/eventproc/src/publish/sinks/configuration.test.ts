import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentOnly, readSettings, SINKS } from '@netverdict/configuration';
import { afterAll, expect, test } from 'vitest';
import { sinkConfiguration } from './configuration.ts';

const readSinkConfiguration = (environment: Readonly<Record<string, string>>) =>
  sinkConfiguration(readSettings(SINKS, environmentOnly(environment)));

const dir = mkdtempSync(join(tmpdir(), 'nv-sinks-'));
afterAll(() => rmSync(dir, { recursive: true }));
const authorization = join(dir, 'authorization');
writeFileSync(authorization, 'Bearer abc\n');

test('without any variable there is no sink', () => {
  expect(readSinkConfiguration({})).toEqual({
    loki: null,
    otlp: null,
    file: null,
    stderr: false,
    mostWaiting: 10_000,
  });
});

test('each sink is named by its variable', () => {
  const env = {
    NETVERDICT_SINK_LOKI_URL: 'http://loki:3100',
    NETVERDICT_SINK_LOKI_TENANT: 'net',
    NETVERDICT_SINK_LOKI_AUTHORIZATION_FILE: authorization,
    NETVERDICT_SINK_OTLP_URL: 'https://otel:4318',
    NETVERDICT_SINK_FILE: join(dir, 'events.log'),
    NETVERDICT_SINK_FILE_MIB: '2',
    NETVERDICT_SINK_STDERR: 'on',
  };
  expect(readSinkConfiguration(env)).toMatchObject({
    loki: { url: 'http://loki:3100/', tenant: 'net', authorization: 'Bearer abc' },
    otlp: 'https://otel:4318/',
    file: { mostBytes: 2 * 1024 * 1024, keep: 5 },
    stderr: true,
  });
});

test.each([
  [{ NETVERDICT_SINK_LOKI_URL: 'loki:3100' }, /must be a URL that begins with http/],
  [{ NETVERDICT_SINK_OTLP_URL: 'ftp://otel' }, /must be a URL that begins with http/],
  [{ NETVERDICT_SINK_LOKI_TENANT: 'net' }, /NETVERDICT_SINK_LOKI_TENANT is set, but NETVERDICT_SINK_LOKI_URL/],
  [{ NETVERDICT_SINK_FILE: 'events.log' }, /must be an absolute path/],
  [{ NETVERDICT_SINK_FILE: '/nowhere/events.log' }, /"\/nowhere\/events.log" cannot be written/],
  [{ NETVERDICT_SINK_FILE: '/dev/null' }, /no ordinary file/],
  [{ NETVERDICT_SINK_FILE_MIB: '0' }, /must be an integer from 1/],
  [{ NETVERDICT_SINK_STDERR: 'yes' }, /must be one of on, off/],
  [{ NETVERDICT_SINK_QUEUE: '-1' }, /must be an integer from 1/],
])('%o is refused with what is wrong', (env, message) => {
  expect(() => readSinkConfiguration(env)).toThrow(message);
});

test('a password in a URL is refused, and not repeated', () => {
  const read = () => readSinkConfiguration({ NETVERDICT_SINK_LOKI_URL: 'http://me:hunter2@loki' });
  expect(read).toThrow(/must not hold a name and password/);
  expect(read).not.toThrow(/hunter2/);
});
