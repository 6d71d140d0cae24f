/** What `batch` understands. */
import type { NetverdictClient } from '@netverdict/sdk';
import type { Command } from 'commander';
import type { RunOptions, ShowOptions } from './batch.ts';

interface Connection<O> {
  readonly clientFor: (options: O) => NetverdictClient;
  readonly finish: (code: number) => void;
  /** Options that every command which asks the API takes. */
  readonly common: (command: Command) => Command;
}

export function addBatchCommands<O extends object>(
  program: Command,
  { clientFor, finish, common }: Connection<O>,
): void {
  const work = () => import('./batch.ts');
  const batch = program.command('batch').description('many questions at once, from a file');
  const json = ['--json', 'as one JSON document'] as const;
  const junit = ['--junit <file>', 'write the answers as JUnit XML too'] as const;
  common(
    batch
      .command('run <file>')
      .description('YAML or JSON: a list of {from, to, protocol, size, …}; .csv: a line with from,to,…; - is stdin')
      .option('--cluster <name>', 'which cluster')
      .option('--description <text>', 'what it is for')
      .option('--no-wait', 'print its id, and do not wait')
      .option(...junit)
      .option(...json),
  ).action(async (file: string, options: RunOptions & O) =>
    finish(
      await (await work()).run(clientFor(options), file, options, (line) => void process.stderr.write(`${line}\n`)),
    ),
  );
  common(
    batch
      .command('show <id>')
      .description('its flows and what became of them')
      .option(...junit)
      .option(...json),
  ).action(async (id: string, options: ShowOptions & O) =>
    finish(await (await work()).show(clientFor(options), id, options)),
  );
  common(
    batch
      .command('list')
      .description('the newest')
      .option(...json),
  ).action(async (options: ShowOptions & O) => (await work()).list(clientFor(options), options));
  common(batch.command('cancel <id>').description('begin no more of its flows')).action(
    async (id: string, options: O) => (await work()).cancel(clientFor(options), id),
  );
}
