/** What `webhooks` understands. */
import type { NetverdictClient } from '@netverdict/sdk';
import type { Command } from 'commander';
import type { AddOptions, DeliveriesOptions, ListOptions, RotateOptions } from './webhooks.ts';

interface Connection<O> {
  readonly clientFor: (options: O) => NetverdictClient;
  readonly finish: (code: number) => void;
  /** Options that every command which asks the API takes. */
  readonly common: (command: Command) => Command;
}

export function addWebhookCommands<O extends object>(program: Command, connection: Connection<O>): void {
  const { clientFor, common } = connection;
  const work = () => import('./webhooks.ts');
  const webhooks = program
    .command('webhooks')
    .description('have a URL told of verdicts and incidents (docs/webhooks.md)');
  const json = ['--json', 'as JSON'] as const;

  common(
    webhooks
      .command('list')
      .description('who is told what, and how it goes')
      .option(...json),
  ).action(async (options: ListOptions & O) => (await work()).list(clientFor(options), options));
  common(
    webhooks
      .command('add <url>')
      .description('register a URL; prints its secret, once')
      .requiredOption(
        '--event <type...>',
        'diagnosis.completed, diagnosis.failed, incident.opened, incident.changed, incident.resolved, batch.completed, verdict.changed',
      )
      .option('--cluster <name...>', 'only of these clusters')
      .option('--namespace <namespace...>', 'only where an end lies in one of these')
      .option('--outcome <outcome...>', 'of completed diagnoses only those: unreachable, …')
      .option('--severity <severity...>', 'of incidents only those: critical, …')
      .option('--kind <kind...>', 'of incidents only those: packet-drop, …')
      .option('--description <text>', 'what it is for')
      .option('--concurrency <n>', 'attempts at the same time (default: 4)')
      .option(...json),
  ).action(async (url: string, options: AddOptions & O) => (await work()).add(clientFor(options), url, options));
  common(webhooks.command('remove <id>').description('with its deliveries')).action(async (id: string, options: O) =>
    (await work()).remove(clientFor(options), id),
  );
  common(
    webhooks
      .command('ping <id>')
      .description('try its receiver: one attempt, now')
      .option(...json),
  ).action(async (id: string, options: ListOptions & O) =>
    connection.finish(await (await work()).ping(clientFor(options), id, options)),
  );
  common(
    webhooks
      .command('deliveries [id]')
      .description('what was told; of one delivery (msg_…) its attempts')
      .option('--state <state>', 'only pending, delivered or failed: the last are dead letters')
      .option('--limit <n>', 'how many, the newest first', '50')
      .option(...json),
  ).action(async (id: string | undefined, options: DeliveriesOptions & O) =>
    (await work()).deliveries(clientFor(options), id, options),
  );
  common(
    webhooks
      .command('redeliver <id>')
      .description('a delivery (msg_…) once more, or all dead letters of a webhook (wh_…)'),
  ).action(async (id: string, options: O) => (await work()).redeliver(clientFor(options), id));
  common(
    webhooks
      .command('rotate <id>')
      .description('a new secret, printed once; the former one signs too for a while')
      .option('--overlap <time>', '0s, 30m, 24h', '24h')
      .option(...json),
  ).action(async (id: string, options: RotateOptions & O) => (await work()).rotate(clientFor(options), id, options));
  common(webhooks.command('enable <id>').description('again, after it was switched off')).action(
    async (id: string, options: O) => (await work()).enable(clientFor(options), id, true),
  );
  common(webhooks.command('disable <id>').description('switch it off')).action(async (id: string, options: O) =>
    (await work()).enable(clientFor(options), id, false),
  );
}
