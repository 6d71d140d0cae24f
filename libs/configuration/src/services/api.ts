import { contentOf, integer, list, listen, neededBy, needs, or, orNone, secretUrl, text, url } from '../setting.ts';
import { BUS, cluster, databaseUrl, days, HEALTH, PROCESS, streamReplicas } from './common.ts';

const MINUTE_MS = 60_000;

const oidcIssuer = url(
  'NETVERDICT_OIDC_ISSUER',
  'the OpenID Connect issuer whose tokens are taken besides our own, exactly as it names itself',
  ['https', 'http'],
);

/** Who comes with a token of an issuer. */
const OIDC = {
  oidcIssuer: orNone(oidcIssuer),
  oidcAudience: orNone(
    needs(
      neededBy(text('NETVERDICT_OIDC_AUDIENCE', 'the audience (`aud`) that its tokens have to be for'), oidcIssuer),
      oidcIssuer,
    ),
  ),
  oidcAlgorithms: or(
    list('NETVERDICT_OIDC_ALGORITHMS', 'how its tokens may be signed: by public keys, never by a shared one'),
    'RS256,ES256',
  ),
  oidcClockSkew: or(
    integer('NETVERDICT_OIDC_CLOCK_SKEW_MS', 'by how much its clock and ours may differ, in ms', {
      min: 0,
      max: 5 * MINUTE_MS,
    }),
    '30000',
  ),
  oidcRolesClaim: or(
    text('NETVERDICT_OIDC_ROLES_CLAIM', 'the claim whose values have roles, with dots into it (`realm_access.roles`)'),
    'groups',
  ),
  oidcRoles: or(
    list(
      'NETVERDICT_OIDC_ROLES',
      'which of these values has which role (`sre=operator`); without one a token may do nothing',
    ),
    '',
  ),
  oidcClustersClaim: orNone(
    text(
      'NETVERDICT_OIDC_CLUSTERS_CLAIM',
      'the claim that lists the clusters that a token may see (`*`: all); none: all may be seen',
    ),
  ),
  oidcNamespacesClaim: orNone(
    text(
      'NETVERDICT_OIDC_NAMESPACES_CLAIM',
      'the claim that lists the namespaces that a token may see (`*`: all); none: all may be seen',
    ),
  ),
};

/** What one token may take. */
const LIMITS = {
  requestsPerMinute: or(
    integer('NETVERDICT_REQUESTS_PER_MINUTE', 'how many requests a token may send in a minute, over all replicas', {
      min: 1,
      max: 100_000_000,
    }),
    '60000',
  ),
  concurrentRequests: or(
    integer('NETVERDICT_CONCURRENT_REQUESTS', 'how many requests of a token one replica has under way', {
      min: 1,
      max: 100_000,
    }),
    '1000',
  ),
  concurrentStreams: or(
    integer('NETVERDICT_CONCURRENT_STREAMS', 'how many live streams a token may have open at one replica', {
      min: 1,
      max: 100_000,
    }),
    '200',
  ),
  openDiagnoses: or(
    integer(
      'NETVERDICT_OPEN_DIAGNOSES',
      'how many diagnoses may be under way at once; one token may have as many as there are places left',
      { min: 2, max: 1_000_000 },
    ),
    '5000',
  ),
};

export const API = {
  ...PROCESS,
  ...HEALTH,
  natsUrl: or(BUS.natsUrl, 'nats://127.0.0.1:4222'),
  nkeyFile: BUS.nkeyFile,
  streamReplicas,
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
  ...OIDC,
  ...LIMITS,
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
  clusterAway: or(
    integer(
      'NETVERDICT_CLUSTER_AWAY_MS',
      'after how many ms without a sign of a cluster’s topology service its diagnoses fail; signs come every 5 s',
      { min: 11_000, max: 60 * MINUTE_MS },
    ),
    '20000',
  ),
  retentionDays: or(days('NETVERDICT_RETENTION_DAYS', 'for how many days diagnoses are kept'), '30'),
  backgroundOpen: or(
    integer(
      'NETVERDICT_BACKGROUND_OPEN',
      'how many flows of batches and scheduled runs are open at once, over all replicas; single questions do not wait for them',
      { min: 1, max: 1000 },
    ),
    '16',
  ),
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
