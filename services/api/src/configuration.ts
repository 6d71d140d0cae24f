/** What the environment says, checked at start. */
import { readFile } from 'node:fs/promises';
import {
  absent,
  ConfigurationError,
  integer,
  type ListenAddress,
  listenAddress,
  optional,
  required,
  url,
} from '@netverdict/telemetry';
import { type CallbackPolicy, callbackPolicy } from './domain/callback-policy.ts';
import { parseSecret } from './domain/signature.ts';

export interface Configuration {
  readonly natsUrl: string;
  readonly nkeyFile: string | null;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly listen: ListenAddress;
  readonly token: string;
  /** With which eventproc asks about incidents; null: it does not. */
  readonly eventprocToken: string | null;
  readonly defaultCluster: string;
  readonly deadlineMs: number;
  readonly republishMs: number;
  readonly retentionDays: number;
  readonly callbackPolicy: CallbackPolicy;
  /** The newest first; none: neither callbacks nor webhooks are taken. */
  readonly webhookSecrets: readonly Buffer[];
}

async function fileOf(name: string, path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new ConfigurationError(`${name}: ${path} cannot be read (${(error as Error).message})`);
  }
}

const MINUTE_MS = 60_000;

/** @throws ConfigurationError */
export async function readConfiguration(): Promise<Configuration> {
  const tokenOf = async (name: string, path: string): Promise<string> => {
    const token = await fileOf(name, path);
    if (token.length < 16) throw new ConfigurationError(`${name}: a token has at least 16 characters`);
    return token;
  };
  const token = await tokenOf('NETVERDICT_TOKEN_FILE', required('NETVERDICT_TOKEN_FILE', 'file with the bearer token'));
  const eventprocFile = absent('NETVERDICT_EVENTPROC_TOKEN_FILE');
  const eventprocToken =
    eventprocFile === null ? null : await tokenOf('NETVERDICT_EVENTPROC_TOKEN_FILE', eventprocFile);
  const secretFile = absent('NETVERDICT_WEBHOOK_SECRET_FILE');
  const allow = optional('NETVERDICT_CALLBACK_ALLOW', '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const checked = <T>(name: string, read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw new ConfigurationError(`${name}: ${(error as Error).message}`);
    }
  };
  const secret = secretFile === null ? null : await fileOf('NETVERDICT_WEBHOOK_SECRET_FILE', secretFile);
  return {
    natsUrl: optional('NETVERDICT_NATS_URL', 'nats://127.0.0.1:4222'),
    nkeyFile: absent('NETVERDICT_NATS_NKEY_FILE'),
    databaseUrl: url(
      'NETVERDICT_DATABASE_URL',
      ['postgres', 'postgresql'],
      'postgres://user:password@host:port/database',
    ),
    redisUrl: url('NETVERDICT_REDIS_URL', ['redis', 'rediss'], 'redis://host:port'),
    listen: listenAddress('NETVERDICT_LISTEN', '127.0.0.1:8080') ?? { host: '127.0.0.1', port: 8080 },
    token,
    eventprocToken,
    defaultCluster: optional('NETVERDICT_CLUSTER', 'default'),
    deadlineMs: integer('NETVERDICT_DEADLINE_MS', MINUTE_MS, { min: 1000, max: 10 * MINUTE_MS }),
    republishMs: integer('NETVERDICT_REPUBLISH_MS', 5000, { min: 100, max: MINUTE_MS }),
    retentionDays: integer('NETVERDICT_RETENTION_DAYS', 30, { min: 1, max: 3650 }),
    callbackPolicy: checked('NETVERDICT_CALLBACK_ALLOW', () => callbackPolicy(allow)),
    webhookSecrets:
      secret === null
        ? []
        : checked('NETVERDICT_WEBHOOK_SECRET_FILE', () => secret.split(/\s+/).map((line) => parseSecret(line))),
  };
}
