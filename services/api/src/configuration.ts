/** What the api is told, in its own words (docs/configuration.md lists the settings). */
import { API, type ListenAddress, readBy, type ValuesOf } from '@netverdict/configuration';
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

function token(content: string): string {
  if (content.length < 16) throw new Error('names a file with too short a token: it has at least 16 characters');
  return content;
}

/** What only the api understands is read here, and so told with all else that is wrong. */
export const SETTINGS = {
  ...API,
  token: readBy(API.token, token),
  eventprocToken: readBy(API.eventprocToken, (content) => (content === null ? null : token(content)), null),
  callbackAllow: readBy(API.callbackAllow, callbackPolicy),
  webhookSecrets: readBy(
    API.webhookSecrets,
    (content): readonly Buffer[] => (content ?? '').split(/\s+/).map((line) => parseSecret(line)),
    [],
  ),
};

export const configurationOf = (given: ValuesOf<typeof SETTINGS>): Configuration => ({
  natsUrl: given.natsUrl,
  nkeyFile: given.nkeyFile,
  databaseUrl: given.databaseUrl,
  redisUrl: given.redisUrl,
  listen: given.listen,
  token: given.token,
  eventprocToken: given.eventprocToken,
  defaultCluster: given.defaultCluster,
  deadlineMs: given.deadline,
  republishMs: given.republish,
  retentionDays: given.retentionDays,
  callbackPolicy: given.callbackAllow,
  webhookSecrets: given.webhookSecrets,
});
