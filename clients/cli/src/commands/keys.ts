/** `netverdict keys`: keys and permissions for a bus that is not this machine's own. */
import type { Command } from 'commander';
import { UsageError } from '../exit-codes.ts';
import { print } from '../terminal/print.ts';

interface KeysOptions {
  readonly cluster: string;
  readonly node?: readonly string[];
  readonly out: string;
}

/** They become names of files. A node's is a DNS name. */
const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const TAKEN: readonly string[] = ['hub', 'nats'];

export async function writeKeys({ cluster, node = [], out }: KeysOptions): Promise<string> {
  if (!NAME.test(cluster) || TAKEN.includes(cluster))
    throw new UsageError(`--cluster ${cluster}: letters, digits, dots and dashes, and neither ${TAKEN.join(' nor ')}`);
  const wrong = node.filter((name) => !NAME.test(name));
  if (wrong.length > 0) throw new UsageError(`--node ${wrong.join(', ')}: not the name of a node`);
  const { writeBusKeys } = await import('@netverdict/embedded');
  writeBusKeys(out, cluster, node);
  return [
    `Keys of the services and of ${node.length} nodes of ${cluster} are in ${out}: each file is a secret. What was there has stayed. As Secrets:`,
    `  kubectl -n netverdict create secret generic netverdict-keys --from-file=${out}/hub --from-file=${out}/${cluster}/services   # a member cluster: without ${out}/hub`,
    `  kubectl -n netverdict create secret generic netverdict-agent-keys --from-file=${out}/${cluster}/agents`,
    `  kubectl -n netverdict create secret generic netverdict-nats-users --from-file=${out}/nats   # where NATS runs`,
  ].join('\n');
}

export function addKeys(program: Command): void {
  program
    .command('keys')
    .description('make keys for the services and the nodes of a cluster, and the users of its NATS')
    .requiredOption('--cluster <name>', 'name of the cluster')
    .option('--node <name...>', 'its nodes')
    .requiredOption('--out <folder>', 'where to; what is there stays')
    .action(async (options: KeysOptions) => print(await writeKeys(options)));
}
