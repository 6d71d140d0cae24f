/** What `events`, `incidents` and `top` understand. */
import type { NetverdictClient } from '@netverdict/sdk';
import type { Command } from 'commander';
import type { IncidentOptions, MonitoringOptions, TopOptions } from './monitoring.ts';

interface Connection<O> {
  readonly clientFor: (options: O) => NetverdictClient;
  readonly finish: (code: number) => void;
  /** Options that every command which asks the API takes. */
  readonly common: (command: Command) => Command;
}

const filtered = (command: Command): Command =>
  command
    .option('--follow', 'go on with what comes')
    .option('--since <when>', '30s, 10m, 2h, 1d or a time')
    .option('--limit <n>', 'how many (default: 50)')
    .option('--cluster <name>', 'only of this cluster')
    .option('--node <node>', 'only of this node')
    .option('--pod <pod>', 'only of this pod: namespace/name')
    .option('--kind <kind>', 'only of this kind: packet-drop, tcp-connect-fail, …')
    .option('--reason <reason>', "only for this reason, by the kernel's name: NETFILTER_DROP, …")
    .option('--workload <workload>', 'only what happens to it: deployment/shop/cart, node/node-1')
    .option('--peer <peer>', 'only with this far end: service/shop/db, 203.0.113.9')
    .option('--json', 'as JSON');

export function addMonitoringCommands<O extends object>(program: Command, connection: Connection<O>): void {
  const { clientFor, finish, common } = connection;
  const work = () => import('./monitoring.ts');
  common(filtered(program.command('events').description('what the nodes saw that is not as it should be'))).action(
    async (options: MonitoringOptions & O) => finish(await (await work()).events(clientFor(options), options)),
  );
  common(
    filtered(program.command('incidents').description('the same together: who, since when, how often, and why'))
      .option('--state <state>', 'only open, quiet or resolved')
      .option('--severity <severity>', 'only info, warning or critical')
      .option('--all', 'also those of little weight'),
  ).action(async (options: IncidentOptions & O) => finish(await (await work()).incidents(clientFor(options), options)));
  common(
    program
      .command('top')
      .description('who has trouble just now: drops, resets, segments sent again, failed connections, and the cause')
      .option('--once', 'print once and end')
      .option('--cluster <name>', 'only of this cluster')
      .option('--json', 'as JSON, one document a line'),
  ).action(async (options: TopOptions & O) => finish(await (await work()).top(clientFor(options), options)));
}
