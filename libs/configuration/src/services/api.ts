import { contentOf, integer, list, listen, or, orNone, secretUrl } from '../setting.ts';
import { BUS, cluster, databaseUrl, days, HEALTH, PROCESS } from './common.ts';

const MINUTE_MS = 60_000;

export const API = {
  ...PROCESS,
  ...HEALTH,
  natsUrl: or(BUS.natsUrl, 'nats://127.0.0.1:4222'),
  nkeyFile: BUS.nkeyFile,
  databaseUrl,
  redisUrl: secretUrl('NETVERDICT_REDIS_URL', 'redis://:password@host:port', ['redis', 'rediss']),
  listen: or(listen('NETVERDICT_LISTEN', 'where REST is served'), '127.0.0.1:8080'),
  token: contentOf(
    'NETVERDICT_TOKEN_FILE',
    'file with the first token, which may do everything; 16 characters at least',
  ),
  eventprocToken: orNone(
    contentOf('NETVERDICT_EVENTPROC_TOKEN_FILE', 'file with the token with which eventproc asks about incidents'),
  ),
  defaultCluster: {
    ...cluster,
    about: 'the cluster that is meant where a request names none',
  },
  deadline: or(
    integer('NETVERDICT_DEADLINE_MS', 'how long a diagnosis may take, in ms', { min: 1000, max: 10 * MINUTE_MS }),
    '60000',
  ),
  republish: or(
    integer('NETVERDICT_REPUBLISH_MS', 'after how many ms without a sign a diagnosis is published again', {
      min: 100,
      max: MINUTE_MS,
    }),
    '5000',
  ),
  retentionDays: or(days('NETVERDICT_RETENTION_DAYS', 'for how many days diagnoses are kept'), '30'),
  callbackAllow: or(
    list(
      'NETVERDICT_CALLBACK_ALLOW',
      'hosts, addresses and prefixes to which webhooks and callbacks may go although they are not public, or without TLS',
    ),
    '',
  ),
  webhookSecrets: orNone(
    contentOf(
      'NETVERDICT_WEBHOOK_SECRET_FILE',
      'file with the secrets that sign webhooks (whsec_…), the newest first; none: neither callbacks nor webhooks are taken',
    ),
  ),
};
