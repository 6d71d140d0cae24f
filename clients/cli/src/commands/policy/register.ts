/** `netverdict policy …`: policies asked offline, from manifests. */
import type { Command } from 'commander';
import type { CheckOptions } from './check.ts';
import type { DiffOptions } from './diff.ts';
import type { MatrixOptions } from './matrix.ts';

const filesOption = ['-f, --file <path...>', 'manifests: files, folders, or - for stdin'] as const;

export function registerPolicy(program: Command, finish: (code: number) => void): void {
  const policy = program.command('policy').description('what the cluster’s network policies say, from manifests');
  for (const [name, description, inFull] of [
    ['check', 'do the policies let A reach B, and which decides?', false],
    ['explain', 'the same, with every rule that was looked at', true],
  ] as const)
    policy
      .command(name)
      .description(description)
      .requiredOption(...filesOption)
      .requiredOption('--from <a>', 'shop/cart, node/node-1 or an address')
      .requiredOption('--to <b>', 'shop/web:8080 or 10.0.0.1:443: of a Service, the port of its pods')
      .option('--protocol <protocol>', 'tcp, udp or sctp', 'tcp')
      .option('--json', 'as one JSON document')
      .option('--lang <lang>', 'en or zh', 'en')
      .action(async (options: CheckOptions) => finish((await import('./check.ts')).check(options, inFull)));
  policy
    .command('matrix')
    .description('who may reach whom')
    .requiredOption(...filesOption)
    .option('-o, --output <form>', 'table, json or csv', 'table')
    .action(async (options: MatrixOptions) => finish((await import('./matrix.ts')).matrix(options)));
  policy
    .command('diff <before> <after>')
    .description('what a change of manifests opens and closes; exit code 1 if anything')
    .option('--with <path...>', 'manifests that both have beside them: pods, namespaces')
    .option('-o, --output <form>', 'text, json or junit', 'text')
    .action(async (before: string, after: string, options: DiffOptions) =>
      finish((await import('./diff.ts')).diff(before, after, options)),
    );
}
