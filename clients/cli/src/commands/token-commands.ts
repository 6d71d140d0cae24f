/** `netverdict tokens …` and `netverdict audit`: who may do what, and what was done. */
import type { AuditEntry, TokenDocument, TokenRequested } from '@netverdict/contracts';
import { type NetverdictClient, problemFrom } from '@netverdict/sdk';
import type { Command } from 'commander';
import { duration, whole } from '../duration.ts';
import { print, printTable } from '../terminal/print.ts';

interface Connection<O> {
  readonly clientFor: (options: O) => NetverdictClient;
  /** Options that every command which asks the API takes. */
  readonly common: (command: Command) => Command;
}

interface CreateOptions {
  readonly role: string;
  readonly cluster?: readonly string[];
  readonly namespace?: readonly string[];
  readonly expires: string;
}

async function create(client: NetverdictClient, name: string, options: CreateOptions): Promise<void> {
  const { role, cluster, namespace } = options;
  // Another role is the server's to refuse, with the list of those that there are.
  const body = {
    name,
    role,
    expiresInSeconds: Math.round(duration('--expires', options.expires) / 1000),
    ...(cluster === undefined ? {} : { clusters: cluster }),
    ...(namespace === undefined ? {} : { namespaces: namespace }),
  } as TokenRequested;
  const { data, error, response } = await client.raw.POST('/api/v1/tokens', { body });
  if (data === undefined) throw problemFrom(response, error);
  print(data.id);
  print(data.token ?? '');
  process.stderr.write(`Valid until ${data.expiresAt}. It is not shown again.\n`);
}

export function validity({ revokedAt, expiresAt }: TokenDocument, now: Date): string {
  if (revokedAt !== null) return `revoked ${revokedAt}`;
  return Date.parse(expiresAt) <= now.getTime() ? `expired ${expiresAt}` : `until ${expiresAt}`;
}

/** Page by page: none may be overlooked. */
async function all(client: NetverdictClient): Promise<TokenDocument[]> {
  const tokens: TokenDocument[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const query = { limit: MOST_ENTRIES, ...(cursor === undefined ? {} : { cursor }) };
    const { data, error, response } = await client.raw.GET('/api/v1/tokens', { params: { query } });
    if (data === undefined) throw problemFrom(response, error);
    tokens.push(...data.items);
    cursor = data.nextCursor;
  }
  return tokens;
}

async function list(client: NetverdictClient, json: boolean): Promise<void> {
  const tokens = await all(client);
  if (json) return print(JSON.stringify(tokens, null, 2));
  const scope = (names: readonly string[] | null): string => names?.join(',') ?? 'all';
  printTable(
    ['ID', 'NAME', 'ROLE', 'CLUSTERS', 'NAMESPACES', 'VALID', 'LAST USED'],
    tokens.map((one) => [
      one.id,
      one.name,
      one.role,
      scope(one.clusters),
      scope(one.namespaces),
      validity(one, new Date()),
      one.lastUsedAt ?? 'never',
    ]),
  );
}

async function revoke(client: NetverdictClient, id: string): Promise<void> {
  const { data, error, response } = await client.raw.DELETE('/api/v1/tokens/{id}', { params: { path: { id } } });
  if (data === undefined) throw problemFrom(response, error);
  print(`${id} is revoked`);
}

/** The API's page. */
const MOST_ENTRIES = 200;

async function audit(
  client: NetverdictClient,
  options: { token?: string; limit: string; json?: boolean },
): Promise<void> {
  const limit = whole('--limit', options.limit, MOST_ENTRIES);
  const query = { limit, ...(options.token === undefined ? {} : { token: options.token }) };
  const { data, error, response } = await client.raw.GET('/api/v1/audit-log', { params: { query } });
  if (data === undefined) throw problemFrom(response, error);
  if (options.json) return print(JSON.stringify(data.items, null, 2));
  const row = (one: AuditEntry): string[] => [
    one.at,
    // One of the file that the API was started with: these have no names.
    one.tokenName ?? `token file: ${one.tokenId.slice(0, 8)}…`,
    one.method,
    one.path,
    `${one.status ?? '-'}`,
    one.created ?? '',
  ];
  printTable(['AT', 'WHO', 'METHOD', 'PATH', 'STATUS', 'MADE'], data.items.map(row));
}

export function addTokenCommands<O extends object>(program: Command, { clientFor, common }: Connection<O>): void {
  const tokens = program.command('tokens').description('tokens for people and pipelines: roles, scopes, expiry');
  common(
    tokens
      .command('create <name>')
      .description('prints the token, once')
      .requiredOption('--role <role>', 'viewer, operator or admin')
      .option('--cluster <name...>', 'may see only these clusters')
      .option('--namespace <namespace...>', 'may see only what happens within these')
      .option('--expires <time>', '30m, 24h, 2160h', '2160h'),
  ).action((name: string, options: CreateOptions & O) => create(clientFor(options), name, options));
  common(tokens.command('list').description('all of them, without the secret').option('--json', 'as JSON')).action(
    (options: { json?: boolean } & O) => list(clientFor(options), options.json ?? false),
  );
  common(tokens.command('revoke <id>').description('at once, at every replica')).action((id: string, options: O) =>
    revoke(clientFor(options), id),
  );
  common(
    program
      .command('audit')
      .description('every write over REST: who, what, with which answer')
      .option('--token <id>', 'only of this token')
      .option('--limit <n>', 'how many, the newest first', '50')
      .option('--json', 'as JSON'),
  ).action((options: { token?: string; limit: string; json?: boolean } & O) => audit(clientFor(options), options));
}
