/** What `doctor`, `agents` and `clusters` understand. */
import type { NetverdictClient } from '@netverdict/sdk';
import type { Command } from 'commander';
import type { InventoryOptions } from './installation.ts';

interface Connection<O> {
  readonly clientFor: (options: O) => NetverdictClient;
  readonly finish: (code: number) => void;
  /** Options that every command which asks the API takes. */
  readonly common: (command: Command) => Command;
}

export function addInstallationCommands<O extends object>(program: Command, connection: Connection<O>): void {
  const { clientFor, finish, common } = connection;
  common(
    program
      .command('doctor')
      .description('what of the installation does not work, and what to do about it')
      .option('--json', 'as one JSON document'),
  ).action(async (options: { json?: boolean } & O) =>
    finish(await (await import('./doctor.ts')).doctor(clientFor(options), options)),
  );
  const inventory = (name: string, description: string): Command =>
    common(
      program
        .command(name)
        .description(description)
        .option('--cluster <name>', 'only of this cluster')
        .option('--json', 'as JSON'),
    );
  inventory('agents', 'the agents: version, kernel, what they can do, when they were heard').action(
    async (options: InventoryOptions & O) => (await import('./installation.ts')).agents(clientFor(options), options),
  );
  inventory('clusters', 'the clusters: nodes, agents, whether they can be diagnosed').action(
    async (options: InventoryOptions & O) => (await import('./installation.ts')).clusters(clientFor(options), options),
  );
}
