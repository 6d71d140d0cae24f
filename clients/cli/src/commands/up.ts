/**
 * `netverdict up`: the same as the demo's, but it stays. A supervisor process of its own keeps lab and services;
 * `netverdict down` ends it. Its state lies in one folder (stateDir).
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopEngines } from '@netverdict/embedded';
import { createLab, listLabs, openLab, removeLab } from '@netverdict/lab';
import { EXIT, Interrupted, SystemError, UsageError } from '../exit-codes.ts';
import { nodeNames } from '../local/cluster-nodes.ts';
import { upDir } from '../local/dirs.ts';
import { type AgentSpec, startInstance } from '../local/instance.ts';
import { endProcess, isAlive, type ProcessIdentity, startTicksOf } from '../local/process-identity.ts';
import { repositoryRoot } from '../local/repository.ts';
import { endLeftovers, requireFreePort } from '../local/services.ts';
import { readUpState, statePath, type UpState } from '../local/up-state.ts';
import { print } from '../terminal/print.ts';
import { Stages } from '../terminal/stages.ts';
import { labSpec } from './lab.ts';

export interface UpOptions {
  readonly lab?: boolean;
  /** Name of the lab. */
  readonly name: string;
  readonly kubeconfig?: string;
  readonly cluster: string;
  readonly node?: readonly string[];
  readonly listen: string;
  readonly natsHost?: string;
  readonly cni: string;
  readonly iptables: string;
}

/** `netverdict up`: paths are taken from where the user stands, not from where the supervisor runs. */
export const upCommand = (options: UpOptions): Promise<void> =>
  up(options.kubeconfig === undefined ? options : { ...options, kubeconfig: resolve(options.kubeconfig) });

/** Starts the supervisor and waits until it says that all is ready, passing its lines on. */
async function up(options: UpOptions): Promise<void> {
  if (!options.lab && !options.kubeconfig)
    throw new UsageError('say --lab for a cluster in a box, or --kubeconfig FILE for a real one');
  if (options.lab && options.kubeconfig)
    throw new UsageError('--lab is a cluster in a box and --kubeconfig a real one: say one of them');
  // What the supervisor would find out only when engines and half a lab are there.
  if (options.lab) labSpec({ ...options, nodes: '3' });
  else if (options.kubeconfig && !existsSync(options.kubeconfig))
    throw new UsageError(`--kubeconfig ${options.kubeconfig}: there is no such file`);
  const state = readUpState();
  if (state && isAlive(state.supervisor)) {
    const other =
      (options.kubeconfig ?? null) !== (state.kubeconfig ?? null) || state.apiUrl !== `http://${options.listen}`;
    if (other)
      throw new UsageError(
        `Netverdict is up already, for ${state.kubeconfig ?? `lab ${state.lab}`} on ${state.apiUrl}. Stop it first (netverdict down), or set NETVERDICT_STATE_DIR to another folder for a second one.`,
      );
    print(`already up: ${state.apiUrl}`);
    return;
  }
  await requireFreePort(options.listen);
  if (options.lab && options.name !== state?.lab && listLabs().some((lab) => lab.name === options.name))
    throw new UsageError(
      `there is a lab ${options.name} already: take it down (netverdict lab down --name ${options.name}), or choose another --name`,
    );
  const dir = upDir();
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  rmSync(statePath(), { force: true });
  const log = join(dir, 'supervisor.log');
  writeFileSync(log, '');
  const out = openSync(log, 'a', 0o600);
  const child = spawn(
    process.execPath,
    [join(repositoryRoot, 'clients/cli/src/main.ts'), 'supervise', JSON.stringify(options)],
    {
      detached: true,
      stdio: ['ignore', out, out],
    },
  );
  child.unref();
  const identity: ProcessIdentity = { pid: child.pid ?? 0, startTicks: startTicksOf(child.pid ?? 0) ?? '' };
  let shown = 0;
  let interrupted = false;
  const onInterrupt = (): void => {
    interrupted = true;
  };
  process.once('SIGINT', onInterrupt).once('SIGTERM', onInterrupt);
  for (;;) {
    await sleep(100);
    if (interrupted) await stopBegun(identity);
    const text = readFileSync(log, 'utf8');
    process.stderr.write(text.slice(shown));
    shown = text.length;
    const now = readUpState();
    if (now?.error) throw new SystemError(`${now.error} (log: ${log})`);
    if (now?.ready) break;
    if (child.exitCode !== null) throw new SystemError(`the supervisor ended with code ${child.exitCode}; see ${log}`);
  }
  process.off('SIGINT', onInterrupt).off('SIGTERM', onInterrupt);
  const ready = readUpState();
  print(`Netverdict is up: ${ready?.apiUrl}, in the background`);
  print(`  token      ${join(dir, 'token')}`);
  if (options.lab) print('  try        netverdict diagnose --from default/client --to svc/default/web:80');
  for (const { node, keyFile } of ready?.agents ?? [])
    print(
      [
        `  agent      on ${node}, as root, with ${keyFile} copied there (services/collector-agent/README.md):`,
        `             NETVERDICT_NATS_URL=${ready?.natsUrl} NETVERDICT_NATS_NKEY_FILE=<the key> \\`,
        `             NETVERDICT_CLUSTER=${ready?.cluster} NETVERDICT_NODE=${node} node_modules/.bin/node services/collector-agent/src/main.ts`,
      ].join('\n'),
    );
  const lab = options.name === 'lab' ? '' : ` --name ${options.name}`;
  if (options.lab)
    print(`  break it   netverdict lab fault node-forward-drop${lab}      mend it: netverdict lab heal${lab}`);
  print(`  stop       make down   (or: netverdict down)`);
}

/** The supervisor is no child of the terminal's: what the user no longer waits for would go on unseen. @throws Interrupted */
async function stopBegun(supervisor: ProcessIdentity): Promise<never> {
  process.stderr.write('interrupted: stopping what was begun\n');
  await endProcess(supervisor, 10_000);
  await takeAway();
  throw new Interrupted('interrupted; nothing of it is left');
}

/** For `diagnose --kubeconfig`: what runs for that cluster already is used; else it is started and stays. */
export async function ensureUp(kubeconfig: string, cluster: string): Promise<void> {
  const path = resolve(kubeconfig);
  const state = readUpState();
  if (state && isAlive(state.supervisor) && state.kubeconfig === path) return;
  await up({ name: 'lab', kubeconfig: path, cluster, listen: '127.0.0.1:8080', cni: 'flannel-vxlan', iptables: 'nft' });
}

/** The body of the supervisor process. */
export async function supervise(options: UpOptions): Promise<void> {
  const dir = upDir();
  const stages = new Stages();
  const supervisor: ProcessIdentity = { pid: process.pid, startTicks: startTicksOf(process.pid) ?? '' };
  const apiUrl = `http://${options.listen}`;
  const record = (part: Partial<UpState>): void =>
    writeFileSync(
      statePath(),
      JSON.stringify({
        supervisor,
        ready: false,
        apiUrl,
        lab: options.lab ? options.name : null,
        error: null,
        ...part,
      }),
    );
  record({});
  let stopping = false;
  const stopped = new Promise<void>((resolve) => {
    const stop = (): void => {
      stopping = true;
      resolve();
    };
    process.once('SIGTERM', stop).once('SIGINT', stop);
  });
  try {
    let kubeconfig = options.kubeconfig;
    let nodes = options.node ?? [];
    let agents: readonly AgentSpec[] = [];
    let cluster = options.cluster;
    if (options.lab) {
      if (listLabs().some((lab) => lab.name === options.name)) await removeLab(options.name);
      const spec = labSpec({ name: options.name, nodes: '3', cni: options.cni, iptables: options.iptables });
      const lab = await createLab(spec, (line) => stages.say(`lab: ${line}`));
      if (stopping) throw new Error('stopped while it was starting');
      kubeconfig = lab.kubeconfig;
      nodes = lab.nodes.map((n) => n.name);
      agents = lab.nodes.map((n) => ({ node: n.name, netnsPath: n.netnsPath, criEndpoint: n.criEndpoint }));
      cluster = 'lab';
    } else if (nodes.length === 0) {
      stages.say(`nodes: asking the API server of ${kubeconfig}`);
      nodes = await nodeNames(kubeconfig ?? '');
    }
    const instance = await startInstance({
      dir,
      cluster,
      kubeconfig: kubeconfig ?? '',
      nodes,
      agents,
      listen: options.listen,
      ...(options.natsHost === undefined ? {} : { natsHost: options.natsHost }),
      say: (line) => stages.say(line),
    });
    stages.say('ready');
    const byHand = options.lab
      ? []
      : nodes.map((node) => ({ node, keyFile: instance.engines.natsKeyFile({ role: 'agent', cluster, node }) }));
    record({
      ready: true,
      kubeconfig: options.kubeconfig ?? null,
      cluster,
      natsUrl: instance.engines.natsUrl,
      agents: byHand,
    });
    await stopped;
    await instance.stop();
    if (options.lab) await (await openLab(options.name)).down();
    rmSync(statePath(), { force: true });
  } catch (cause) {
    record({ error: cause instanceof Error ? cause.message : String(cause) });
    if (options.lab)
      await removeLab(options.name).catch((error: unknown) => stages.say(`removing the lab failed: ${String(error)}`));
    // Whoever waits reads it from the state, and prints it once.
    process.exitCode = EXIT.system;
  }
}

export async function down(): Promise<void> {
  print((await takeAway()) ? 'stopped' : 'nothing was up');
}

/** @returns whether there was something */
async function takeAway(): Promise<boolean> {
  const state = readUpState();
  if (state) await endProcess(state.supervisor, 30_000);
  // After a crash of the supervisor its children and its lab are still there. Others' labs are not ours to take.
  await endLeftovers(upDir());
  await stopEngines(join(upDir(), 'engines'));
  if (state?.lab && listLabs().some((lab) => lab.name === state.lab)) await removeLab(state.lab);
  rmSync(statePath(), { force: true });
  return state !== null;
}
