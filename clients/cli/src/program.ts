/** What the netverdict command understands. */
import { VERSION } from '@netverdict/configuration';
import { Command } from 'commander';
import { addBatchCommands } from './commands/batch-commands.ts';
import type { CaptureOptions } from './commands/capture.ts';
import { addConfig } from './commands/config.ts';
import { addDeadLetterCommands } from './commands/dead-letters.ts';
import type { DemoOptions } from './commands/demo.ts';
import { diagnose, langOf, type OutputOptions, printDiagnosis, type QuestionOptions } from './commands/diagnose.ts';
import { explain } from './commands/explain.ts';
import { addInstallationCommands } from './commands/installation-commands.ts';
import { addKeys } from './commands/keys.ts';
import type { LabProbeOptions, LabUpOptions } from './commands/lab.ts';
import { addMonitoringCommands } from './commands/monitoring-commands.ts';
import { addPingMesh } from './commands/ping-mesh-commands.ts';
import { registerPolicy } from './commands/policy/register.ts';
import type { ConfigureOptions, ProbesOptions } from './commands/probes.ts';
import { addScheduleCommands } from './commands/schedule-commands.ts';
import type { SlowOptions } from './commands/slow.ts';
import { addTokenCommands } from './commands/token-commands.ts';
import type { UpOptions } from './commands/up.ts';
import type { VerifyCommandOptions } from './commands/verify.ts';
import { addWebhookCommands } from './commands/webhook-commands.ts';
import { type ApiOptions, clientFor } from './connection.ts';
import { print } from './terminal/print.ts';
import { Stages } from './terminal/stages.ts';

const apiOption = [
  '--api <url>',
  'address of the API (default: NETVERDICT_API, else what `netverdict up` started)',
] as const;
const tokenOption = ['--token-file <file>', 'file with the bearer token'] as const;
const langOption = ['--lang <lang>', 'en or zh', 'en'] as const;
const cniOption = ['--cni <cni>', 'flannel-vxlan or flannel-host-gw', 'flannel-vxlan'] as const;
const iptablesOption = ['--iptables <variant>', 'nft or legacy', 'nft'] as const;
const labNameOption = ['--name <lab>', 'which lab', 'lab'] as const;

/** `from` and `to` may be missing beside `bundle` only. */
type DiagnoseOptions = QuestionOptions & OutputOptions & ApiOptions & { kubeconfig?: string; bundle?: string };

/** @param finish told the exit code of a command that ran to its end */
export function build(finish: (code: number) => void): Command {
  const program = new Command('netverdict')
    .description(
      'Why does A not reach B? Diagnosis of Kubernetes networks from what the nodes are really programmed with.',
    )
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError()
    .configureHelp({ showGlobalOptions: true });

  program
    .command('diagnose')
    .description('why does A not reach B?')
    .option('--from <a>', 'shop/cart-6f9, deploy/shop/cart, node/node-1 or an address')
    .option('--to <b>', 'svc/shop/payments:80, shop/cart-6f9:8080, node/node-1:30080, 10.0.0.1:80, payments.shop:80')
    .option('--bundle <file>', 'ask a recorded bundle, offline: its own question, or another one by --from and --to')
    .option('--protocol <protocol>', 'tcp, udp or icmp', 'tcp')
    .option('--size <bytes>', 'size of the biggest IP packet asked about; with --probe data of that size is sent')
    .option(
      '--source-port <port>',
      'judge the connection from this port, which the nodes may know already; else a new one',
    )
    .option('--probe [attempts]', 'send real packets too, follow them on the nodes, and compare')
    .option('--cluster <name>', 'which cluster')
    .option('--fresh', 'read the nodes again, whatever is known')
    .option('--steps', 'every step with its raw line')
    .option('--json', 'the answer as one JSON document')
    .option('--kubeconfig <file>', 'a cluster to start Netverdict for, when it does not run yet')
    .option(...langOption)
    .option(...apiOption)
    .option(...tokenOption)
    .action(async (options: DiagnoseOptions, command: Command) => {
      if (options.bundle !== undefined) {
        const { diagnoseBundle } = await import('./commands/diagnose-bundle.ts');
        return finish(diagnoseBundle(options.bundle, options));
      }
      for (const [name, flags] of [
        ['from', '--from <a>'],
        ['to', '--to <b>'],
      ] as const)
        if (options[name] === undefined) command.error(`error: required option '${flags}' not specified`);
      const stages = new Stages(options.lang);
      if (options.kubeconfig) {
        const { ensureUp } = await import('./commands/up.ts');
        await ensureUp(options.kubeconfig, options.cluster ?? 'default');
      }
      finish(await diagnose(clientFor(options), options, (line) => stages.say(line)));
    });

  program
    .command('slow')
    .description('why is it slow? real packets, followed; the stages of their way, dearest first')
    .requiredOption('--from <a>', 'a pod, workload or node, as of diagnose')
    .requiredOption('--to <b>', 'as of diagnose')
    .option('--protocol <protocol>', 'tcp, udp or icmp', 'tcp')
    .option('--size <bytes>', 'of the IP packets')
    .option('--attempts <n>', 'packets to each target', '20')
    .option('--cluster <name>', 'which cluster')
    .option('--json', 'the answer as one JSON document')
    .option(...langOption)
    .option(...apiOption)
    .option(...tokenOption)
    .action(async (options: SlowOptions & ApiOptions) => {
      const stages = new Stages(options.lang);
      const command = await import('./commands/slow.ts');
      finish(await command.slow(clientFor(options), options, (line) => stages.say(line)));
    });

  program
    .command('show <id>')
    .description('a diagnosis made before')
    .option('--steps', 'every step with its raw line')
    .option('--json', 'as one JSON document')
    .option(...langOption)
    .option(...apiOption)
    .option(...tokenOption)
    .action(async (id: string, options: OutputOptions & ApiOptions) => {
      langOf(options.lang);
      finish(printDiagnosis(await clientFor(options).getDiagnosis(id), options));
    });

  addMonitoringCommands(program, {
    clientFor: (options: ApiOptions) => clientFor(options),
    finish,
    common: (command) =>
      command
        .option(...langOption)
        .option(...apiOption)
        .option(...tokenOption),
  });

  addWebhookCommands(program, {
    clientFor: (options: ApiOptions) => clientFor(options),
    finish,
    common: (command) => command.option(...apiOption).option(...tokenOption),
  });

  addBatchCommands(program, {
    clientFor: (options: ApiOptions) => clientFor(options),
    finish,
    common: (command) => command.option(...apiOption).option(...tokenOption),
  });
  addScheduleCommands(program, {
    clientFor: (options: ApiOptions) => clientFor(options),
    common: (command) => command.option(...apiOption).option(...tokenOption),
  });

  addInstallationCommands(program, {
    clientFor: (options: ApiOptions) => clientFor(options),
    finish,
    common: (command) => command.option(...apiOption).option(...tokenOption),
  });

  addDeadLetterCommands(program, {
    clientFor: (options: ApiOptions) => clientFor(options),
    common: (command) => command.option(...apiOption).option(...tokenOption),
  });

  addTokenCommands(program, {
    clientFor: (options: ApiOptions) => clientFor(options),
    common: (command) => command.option(...apiOption).option(...tokenOption),
  });

  program
    .command('explain [code]')
    .description('the page of a finding; without a code, all of them')
    .option(...langOption)
    .action((code: string | undefined, options: { lang: string }) => print(explain(code, langOf(options.lang))));

  program
    .command('replay <bundle>')
    .description('diagnose a recorded bundle again, offline')
    .option('--steps', 'every step with its raw line')
    .option('--json', 'as one JSON document')
    .option(...langOption)
    .action(async (path: string, options: OutputOptions) =>
      finish((await import('./commands/replay.ts')).replayBundle(path, options)),
    );

  program
    .command('capture')
    .description('packets of a pod or node, as a pcapng file')
    .option('--pod <pod>', 'namespace/name')
    .option('--node <node>', 'name of a node')
    .option('--filter <filter>', "in libpcap's language, as tcpdump takes it; all packets when absent")
    .option('--interface <name>', 'only this one; all that are up when absent')
    .option('--duration <time>', '500ms, 30s, 5m; Ctrl-C ends it before', '30s')
    .option('--size <size>', 'of a file, 512KiB, 64MiB', '64MiB')
    .option('--files <n>', 'a ring of so many files, the oldest written over')
    .option('--snap-length <bytes>', 'kept of each packet')
    .option('--out <file>', 'where to, - for stdout', 'capture.pcapng')
    .option('--remove', 'from the server, once it is written')
    .option('--cluster <name>', 'which cluster')
    .option('--json', 'tell the end as one JSON document')
    .option(...apiOption)
    .option(...tokenOption)
    .action(async (options: CaptureOptions & ApiOptions) =>
      finish(await (await import('./commands/capture.ts')).capture(clientFor(options), options)),
    );

  addPingMesh(program, { clientFor: (options: ApiOptions) => clientFor(options), finish });

  program
    .command('demo')
    .description('break a cluster in a box, diagnose it, mend it, diagnose again, clean up')
    .option('--fault <name>', 'what to break (netverdict lab faults)', 'node-forward-drop')
    .option(...cniOption)
    .option(...iptablesOption)
    .option(...langOption)
    .action(async (options: DemoOptions) => {
      const { offlineReason, offlineDemo } = await import('./commands/offline-demo.ts');
      const reason = offlineReason();
      if (reason !== null) return finish(await offlineDemo(reason, options));
      finish(await (await import('./commands/demo.ts')).demo(options));
    });

  program
    .command('up')
    .description('start Netverdict on this machine and leave it running')
    .option('--lab', 'with a cluster in a box')
    .option(...labNameOption)
    .option('--kubeconfig <file>', 'for a real cluster')
    .option('--cluster <name>', 'name of the cluster', 'default')
    .option('--node <name...>', 'nodes that will have an agent (each gets a key)')
    .option('--listen <host:port>', 'where the API listens', '127.0.0.1:8080')
    .option('--nats-host <host>', 'address on which agents elsewhere reach NATS')
    .option(...cniOption)
    .option(...iptablesOption)
    .action(async (options: UpOptions) => (await import('./commands/up.ts')).upCommand(options));
  program
    .command('down')
    .description('stop what `up` started')
    .action(async () => (await import('./commands/up.ts')).down());
  program
    .command('supervise <options>', { hidden: true })
    .action(async (options: string) => (await import('./commands/up.ts')).supervise(JSON.parse(options) as UpOptions));

  program
    .command('verify')
    .description('compare the simulator with this kernel: random worlds, real packets, rule by rule')
    .option('--flows <n>', 'how many packets to judge', '1000')
    .option('--seed <n>', 'which worlds; the same seed gives the same ones (default: random, printed)')
    .option('--workers <n>', 'processes side by side (default: one per core, 4 at most)')
    .option('--no-shrink', 'do not look for the smallest world of a disagreement')
    .option('--json', 'the report as one JSON document')
    .option('--record <file>', 'write the judged worlds there, for a mutation run')
    .option('--fixtures <dir>', 'write the smallest world of each disagreement there')
    .option('--output <file>', 'write the JSON report there as well')
    .action(async (options: VerifyCommandOptions) =>
      finish(await (await import('./commands/verify.ts')).verifyCommand(options)),
    );

  registerPolicy(program, finish);
  addConfig(program, finish);
  addKeys(program);

  program
    .command('probes')
    .description('what the probes of the agents do, and what became of what they saw')
    .option('--node <node>', 'of this node only')
    .option('--cluster <name>', 'which cluster')
    .option('--json', 'as one JSON document')
    .option(...apiOption)
    .option(...tokenOption)
    .action(async (options: ProbesOptions & ApiOptions) =>
      (await import('./commands/probes.ts')).probes(clientFor(options), options),
    );

  program
    .command('configure')
    .description('have probes do something else, on all nodes or some; without a change, what is configured')
    .option('--node <node...>', 'on these nodes only')
    .option('--cluster <name>', 'which cluster')
    .option('--on <probe...>', 'switch on')
    .option('--off <probe...>', 'switch off')
    .option('--probe <probe>', 'whose settings follow')
    .option('--threshold <n>', 'what is below is no event (netverdict probes --json tells the unit)')
    .option('--samples <n>', 'events told in full per key and second')
    .option('--one-in <n>', 'look at one of so many events')
    .option('--address <prefix>', 'only where either end is this address or in this prefix')
    .option('--port <port>', 'only where either end has this port')
    .option('--protocol <protocol>', 'tcp, udp, icmp or icmpv6 only')
    .option('--exclude <reasons>', "reasons to leave out, by the kernel's names, with commas")
    .option('--defaults', 'forget what was configured before')
    .option('--reason <text>', 'kept with the change')
    .option('--json', 'as JSON')
    .option(...apiOption)
    .option(...tokenOption)
    .action(async (options: ConfigureOptions & ApiOptions) =>
      (await import('./commands/probes.ts')).configure(clientFor(options), options),
    );

  const lab = program.command('lab').description('a cluster in a box');
  const labCommands = () => import('./commands/lab.ts');
  lab
    .command('up')
    .description('bring it up')
    .option(...labNameOption)
    .option('--nodes <n>', 'number of nodes', '3')
    .option(...cniOption)
    .option(...iptablesOption)
    .action(async (options: LabUpOptions) => (await labCommands()).labUp(options));
  lab
    .command('down')
    .description('take it away, also after a crash')
    .option(...labNameOption)
    .action(async (options: { name: string }) => (await labCommands()).labDown(options));
  lab
    .command('status [name]')
    .description('what is up, and which faults are in')
    .action(async (name?: string) => (await labCommands()).labStatus(name));
  lab
    .command('faults')
    .description('what can be broken')
    .action(async () => (await labCommands()).labFaults());
  lab
    .command('fault <fault>')
    .description('break something')
    .option(...labNameOption)
    .option('--node <node>', 'on which node')
    .option('--pod <pod>', 'namespace/name of the pod')
    .option('--peer <node>', 'the other node')
    .action(async (fault: string, options: { name: string; node?: string; pod?: string; peer?: string }) =>
      (await labCommands()).labFault(fault, options),
    );
  lab
    .command('heal [id]')
    .description('mend one fault, or all')
    .option(...labNameOption)
    .action(async (id: string | undefined, options: { name: string }) => (await labCommands()).labHeal(id, options));
  lab
    .command('probe')
    .description('send real packets')
    .requiredOption('--from <a>', 'default/client, node/node-1 or external')
    .requiredOption('--to <address:port>', 'address, with a port unless icmp')
    .option('--protocol <protocol>', 'tcp, udp or icmp', 'tcp')
    .option('--count <n>', 'how many', '1')
    .option('--timeout <ms>', 'for each', '1000')
    .option('--json', 'as JSON')
    .option(...labNameOption)
    .action(async (options: LabProbeOptions) => finish((await (await labCommands()).labProbe(options)) ? 0 : 1));
  return program;
}
