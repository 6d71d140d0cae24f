/** `netverdict dead-letters …`: messages of the bus that could not be handled, to be looked at, sent once more, or dropped. */
import type { DeadLetterSummary } from '@netverdict/contracts';
import { type NetverdictClient, problemFrom } from '@netverdict/sdk';
import type { Command } from 'commander';
import { UsageError } from '../exit-codes.ts';
import { print, printTable } from '../terminal/print.ts';

interface Connection<O> {
  readonly clientFor: (options: O) => NetverdictClient;
  /** Options that every command which asks the API takes. */
  readonly common: (command: Command) => Command;
}

/** All of them, oldest first. */
async function* letters(client: NetverdictClient): AsyncGenerator<DeadLetterSummary> {
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const query = { limit: 200, ...(cursor === undefined ? {} : { cursor }) };
    const { data, error, response } = await client.raw.GET('/api/v1/dead-letters', { params: { query } });
    if (data === undefined) throw problemFrom(response, error);
    yield* data.items;
    cursor = data.nextCursor;
  }
}

async function list(client: NetverdictClient, json: boolean): Promise<void> {
  const found: DeadLetterSummary[] = [];
  for await (const letter of letters(client)) found.push(letter);
  if (json) return print(JSON.stringify(found, null, 2));
  if (found.length === 0) return print('There are no dead letters.');
  printTable(
    ['ID', 'AT', 'MESSAGE', 'CONSUMER', 'TRIED', 'REASON'],
    found.map(({ id, at, message, subject, consumer, deliveries, reason }) => [
      ...[id, at, message ?? subject, consumer, String(deliveries), reason],
    ]),
  );
}

async function show(client: NetverdictClient, id: string): Promise<void> {
  const path = { id };
  const { data, error, response } = await client.raw.GET('/api/v1/dead-letters/{id}', { params: { path } });
  if (data === undefined) throw problemFrom(response, error);
  print(JSON.stringify(data, null, 2));
}

async function redeliver(client: NetverdictClient, ids: readonly string[], all: boolean): Promise<void> {
  if (all === ids.length > 0) throw new UsageError('say which by their ids, or --all: `netverdict dead-letters list`');
  // Those that are there now: one that fails again comes back under a new id.
  const chosen = [...ids];
  if (all) for await (const letter of letters(client)) if (letter.redeliverable) chosen.push(letter.id);
  for (const id of chosen) {
    const params = { path: { id } };
    const { data, error, response } = await client.raw.POST('/api/v1/dead-letters/{id}/redeliver', { params });
    if (data === undefined) throw problemFrom(response, error);
    print(`${id} was sent once more`);
  }
  if (chosen.length === 0) print('There is none to send once more.');
}

async function drop(client: NetverdictClient, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const { error, response } = await client.raw.DELETE('/api/v1/dead-letters/{id}', { params: { path: { id } } });
    if (!response.ok) throw problemFrom(response, error);
    print(`${id} is dropped`);
  }
}

export function addDeadLetterCommands<O extends object>(program: Command, connection: Connection<O>): void {
  const { clientFor, common } = connection;
  const group = program
    .command('dead-letters')
    .description('messages that no service could handle: look, send once more, or drop');
  common(group.command('list').description('oldest first').option('--json', 'as JSON')).action(
    (options: { json?: boolean } & O) => list(clientFor(options), options.json === true),
  );
  common(group.command('show <id>').description('with the message, as JSON')).action((id: string, options: O) =>
    show(clientFor(options), id),
  );
  common(
    group
      .command('redeliver [id...]')
      .description('send the message once more, and remove the letter')
      .option('--all', 'all that can be'),
  ).action((ids: string[], options: { all?: boolean } & O) => redeliver(clientFor(options), ids, options.all === true));
  common(group.command('drop <id...>').description('remove it; its message will not be handled')).action(
    (ids: string[], options: O) => drop(clientFor(options), ids),
  );
}
