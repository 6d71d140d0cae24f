/** What `schedules` understands. */
import type { NetverdictClient } from '@netverdict/sdk';
import type { Command } from 'commander';
import type { AddOptions, ShowOptions } from './schedules.ts';

interface Connection<O> {
  readonly clientFor: (options: O) => NetverdictClient;
  /** Options that every command which asks the API takes. */
  readonly common: (command: Command) => Command;
}

export function addScheduleCommands<O extends object>(program: Command, { clientFor, common }: Connection<O>): void {
  const work = () => import('./schedules.ts');
  const schedules = program
    .command('schedules')
    .description('a question again and again, told (docs/webhooks.md) when its answer changes');
  const json = ['--json', 'as JSON'] as const;
  common(
    schedules
      .command('add')
      .description('prints its id')
      .requiredOption('--from <a>', 'as of diagnose')
      .requiredOption('--to <b>', 'as of diagnose')
      .option('--every <time>', '30s, 5m, 1h')
      .option('--cron <expression>', 'five fields, such as "*/5 8-18 * * 1-5"')
      .option('--time-zone <name>', 'of --cron, such as Europe/Berlin (default: UTC)')
      .option('--name <text>', 'what it is called')
      .option('--callback <url>', 'told when the answer changes')
      .option('--protocol <protocol>', 'tcp, udp or icmp', 'tcp')
      .option('--size <bytes>', 'size of the biggest IP packet asked about')
      .option('--probe [attempts]', 'send real packets too, at each run')
      .option('--cluster <name>', 'which cluster'),
  ).action(async (options: AddOptions & O) => (await work()).add(clientFor(options), options));
  common(
    schedules
      .command('list')
      .description('all of them, each with its last answer')
      .option(...json),
  ).action(async (options: { json?: boolean } & O) => (await work()).list(clientFor(options), options));
  common(
    schedules
      .command('show <id>')
      .description('its runs, newest first')
      .option('--changed', 'only those with another answer than before')
      .option('--limit <n>', 'how many runs', '50')
      .option(...json),
  ).action(async (id: string, options: ShowOptions & O) => (await work()).show(clientFor(options), id, options));
  for (const [name, description, call] of [
    ['pause', 'no more runs until it is resumed', 'pause'],
    ['resume', 'from now on', 'resume'],
    ['run', 'once, now; prints the diagnosis', 'runNow'],
    ['remove', 'with its history', 'remove'],
  ] as const)
    common(schedules.command(`${name} <id>`).description(description)).action(async (id: string, options: O) =>
      (await work())[call](clientFor(options), id),
    );
}
