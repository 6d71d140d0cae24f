/** Which sinks there are, from the environment (README.md lists the variables). Each is off until it is named. */
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { absent, ConfigurationError, integer, oneOf } from '@netverdict/telemetry';
import type { FileOptions } from './file.ts';
import type { LokiOptions } from './loki.ts';

export interface SinkConfiguration {
  readonly loki: LokiOptions | null;
  readonly otlp: string | null;
  readonly file: FileOptions | null;
  readonly stderr: boolean;
  /** In each queue. */
  readonly mostWaiting: number;
}

type Environment = Readonly<Record<string, string | undefined>>;
const MIB = 1024 * 1024;

function httpUrl(name: string, env: Environment): string | null {
  const text = absent(name, env);
  if (text === null) return null;
  const parsed = URL.canParse(text) ? new URL(text) : null;
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol))
    throw new ConfigurationError(`${name} must be a URL that begins with http:// or https://`);
  // It is shown in errors' messages: a password does not belong into it.
  if (parsed.username !== '' || parsed.password !== '')
    throw new ConfigurationError(`${name} must not hold a name and password`);
  return parsed.href;
}

function header(name: string, env: Environment): string | null {
  const path = absent(name, env);
  if (path === null) return null;
  try {
    const text = readFileSync(path, 'utf8').trim();
    if (!/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(text))
      throw new Error('it must hold one line, such as "Bearer …" or "Basic …"');
    return text;
  } catch (error) {
    throw new ConfigurationError(`${name}: ${path} cannot be used: ${(error as Error).message}`);
  }
}

function writablePath(name: string, env: Environment): string | null {
  const path = absent(name, env);
  if (path === null) return null;
  if (!path.startsWith('/')) throw new ConfigurationError(`${name} must be an absolute path, not "${path}"`);
  try {
    if (!statSync(dirname(path)).isDirectory()) throw new Error(`${dirname(path)} is no folder`);
    accessSync(dirname(path), constants.W_OK);
    const there = statSync(path, { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile()) throw new Error('it is no ordinary file');
  } catch (error) {
    throw new ConfigurationError(`${name}: "${path}" cannot be written: ${(error as Error).message}`);
  }
  return path;
}

/** @throws ConfigurationError */
export function readSinkConfiguration(env: Environment = process.env): SinkConfiguration {
  const lokiUrl = httpUrl('NETVERDICT_SINK_LOKI_URL', env);
  const path = writablePath('NETVERDICT_SINK_FILE', env);
  const megabytes = integer('NETVERDICT_SINK_FILE_MIB', 64, { min: 1, max: 65_536 }, env);
  const keep = integer('NETVERDICT_SINK_FILE_KEEP', 5, { min: 0, max: 1000 }, env);
  const tenant = absent('NETVERDICT_SINK_LOKI_TENANT', env);
  const authorization = header('NETVERDICT_SINK_LOKI_AUTHORIZATION_FILE', env);
  if (lokiUrl === null && (tenant !== null || authorization !== null))
    throw new ConfigurationError('NETVERDICT_SINK_LOKI_URL is not set, but its tenant or authorization is');
  return {
    loki: lokiUrl === null ? null : { url: lokiUrl, tenant, authorization },
    otlp: httpUrl('NETVERDICT_SINK_OTLP_URL', env),
    file: path === null ? null : { path, mostBytes: megabytes * MIB, keep },
    stderr: oneOf('NETVERDICT_SINK_STDERR', 'off', ['on', 'off'] as const, env) === 'on',
    mostWaiting: integer('NETVERDICT_SINK_QUEUE', 10_000, { min: 1, max: 1_000_000 }, env),
  };
}
