/** What the api is told, in its own words (docs/configuration.md lists the settings). */
import { API, type ListenAddress, readBy, type ValuesOf } from '@netverdict/configuration';
import { type CallbackPolicy, callbackPolicy } from './domain/callback-policy.ts';
import { parseSecret } from './domain/signature.ts';
import type { Limits } from './http/limits.ts';
import { algorithms } from './http/oidc/algorithms.ts';
import { roleRules } from './http/oidc/claims.ts';
import type { OidcSettings } from './http/oidc/oidc-tokens.ts';

export interface Configuration {
  readonly natsUrl: string;
  readonly nkeyFile: string | null;
  readonly streamReplicas: number;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly listen: ListenAddress;
  readonly token: string;
  /** With which eventproc asks about incidents; null: it does not. */
  readonly eventprocToken: string | null;
  /** null: only our own tokens are taken. */
  readonly oidc: OidcSettings | null;
  readonly limits: Limits;
  readonly openDiagnoses: number;
  readonly defaultCluster: string;
  readonly deadlineMs: number;
  readonly republishMs: number;
  /** Without a sign of its topology service for so long a cluster is away. */
  readonly clusterAwayMs: number;
  readonly retentionDays: number;
  /** Flows of batches and scheduled runs that are open at once, over all replicas. */
  readonly backgroundOpen: number;
  readonly callbackPolicy: CallbackPolicy;
  /** The newest first; none: neither callbacks nor webhooks are taken. */
  readonly webhookSecrets: readonly Buffer[];
}

function token(content: string): string {
  if (content.length < 16) throw new Error('names a file with too short a token: it has at least 16 characters');
  return content;
}

/** What only the api understands is read here, and so told with all else that is wrong. */
function issuer(given: string | null): string | null {
  if (given === null) return null;
  const { protocol, hostname } = new URL(given);
  if (protocol === 'http:' && !LOOPBACK.has(hostname))
    throw new Error('must begin with https://: without TLS anybody on the way could give us keys');
  return given;
}
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

export const SETTINGS = {
  ...API,
  token: readBy(API.token, token),
  eventprocToken: readBy(API.eventprocToken, (content) => (content === null ? null : token(content)), null),
  oidcIssuer: readBy(API.oidcIssuer, issuer, null),
  oidcAlgorithms: readBy(API.oidcAlgorithms, algorithms),
  oidcRoles: readBy(API.oidcRoles, roleRules),
  callbackAllow: readBy(API.callbackAllow, callbackPolicy),
  webhookSecrets: readBy(
    API.webhookSecrets,
    (content): readonly Buffer[] => (content ?? '').split(/\s+/).map((line) => parseSecret(line)),
    [],
  ),
};

const oidcOf = (given: ValuesOf<typeof SETTINGS>): OidcSettings | null =>
  given.oidcIssuer === null || given.oidcAudience === null
    ? null
    : {
        issuer: given.oidcIssuer,
        audience: given.oidcAudience,
        algorithms: given.oidcAlgorithms,
        clockSkewMs: given.oidcClockSkew,
        rules: {
          roleClaim: given.oidcRolesClaim,
          roles: given.oidcRoles,
          clusterClaim: given.oidcClustersClaim,
          namespaceClaim: given.oidcNamespacesClaim,
        },
      };

export const configurationOf = (given: ValuesOf<typeof SETTINGS>): Configuration => ({
  natsUrl: given.natsUrl,
  nkeyFile: given.nkeyFile,
  streamReplicas: given.streamReplicas,
  databaseUrl: given.databaseUrl,
  redisUrl: given.redisUrl,
  listen: given.listen,
  token: given.token,
  eventprocToken: given.eventprocToken,
  oidc: oidcOf(given),
  limits: {
    requestsPerMinute: given.requestsPerMinute,
    concurrentRequests: given.concurrentRequests,
    concurrentStreams: given.concurrentStreams,
  },
  openDiagnoses: given.openDiagnoses,
  defaultCluster: given.defaultCluster,
  deadlineMs: given.deadline,
  republishMs: given.republish,
  clusterAwayMs: given.clusterAway,
  retentionDays: given.retentionDays,
  backgroundOpen: given.backgroundOpen,
  callbackPolicy: given.callbackAllow,
  webhookSecrets: given.webhookSecrets,
});
