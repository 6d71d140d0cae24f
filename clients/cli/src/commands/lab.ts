/** `netverdict lab …`: a cluster in a box, to try things on. */
import { didYouMean, nearest } from '@netverdict/contracts';
import { createLab, FAULTS, type FaultName, type LabSpec, listLabs, openLab, removeLab } from '@netverdict/lab';
import { parseIp } from '@netverdict/linux-net';
import { whole } from '../duration.ts';
import { UsageError } from '../exit-codes.ts';
import { print, printTable } from '../terminal/print.ts';
import { Stages } from '../terminal/stages.ts';

export interface LabUpOptions {
  readonly name: string;
  readonly nodes: string;
  readonly cni: string;
  readonly iptables: string;
}

export function labSpec(options: LabUpOptions): Partial<LabSpec> {
  const nodes = Number(options.nodes);
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > 50)
    throw new UsageError(`--nodes ${options.nodes}: write a number from 1 to 50`);
  if (!/^[a-z0-9][a-z0-9-]{0,19}$/.test(options.name))
    throw new UsageError(`--name "${options.name}": write at most 20 lower-case letters, digits and dashes`);
  const { cni, iptables } = options;
  if (cni !== 'flannel-vxlan' && cni !== 'flannel-host-gw')
    throw new UsageError(`--cni ${cni}: write flannel-vxlan or flannel-host-gw`);
  if (iptables !== 'nft' && iptables !== 'legacy') throw new UsageError(`--iptables ${iptables}: write nft or legacy`);
  return { name: options.name, nodes, cni, iptables };
}

export async function labUp(options: LabUpOptions): Promise<void> {
  const stages = new Stages();
  const lab = await createLab(labSpec(options), (line) => stages.say(line));
  print(`lab ${lab.spec.name} is up: ${lab.nodes.length} nodes`);
  print(`  kubectl --kubeconfig ${lab.kubeconfig} get pods,svc,nodes,endpointslices -A`);
}

function noLab(name: string): UsageError {
  const names = listLabs().map((lab) => lab.name);
  return new UsageError(
    `there is no lab named ${name}${names.length === 0 ? ' (no lab is up)' : ` (there are: ${names.join(', ')})`}`,
  );
}

export async function labStatus(name: string | undefined): Promise<void> {
  const labs = listLabs().filter((lab) => name === undefined || lab.name === name);
  if (labs.length === 0) {
    if (name !== undefined) throw noLab(name);
    print('no lab is up');
  }
  for (const summary of labs) {
    if (summary.phase !== 'ready') {
      print(
        `lab ${summary.name} is ${summary.phase}: take it away with \`netverdict lab down --name ${summary.name}\``,
      );
      continue;
    }
    const lab = await openLab(summary.name);
    print(`lab ${summary.name}: ${lab.spec.cni}, iptables ${lab.spec.iptables}, kubeconfig ${lab.kubeconfig}`);
    printTable(
      ['NODE', 'ADDRESS', 'PODS', 'NAMESPACE'],
      lab.nodes.map((n) => [n.name, n.address, n.podCidr, n.netnsPath]),
    );
    printTable(
      ['POD', 'ADDRESS', 'NODE'],
      lab.pods.map((p) => [`${p.namespace}/${p.name}`, p.address, p.node]),
    );
    const faults = lab.faults();
    if (faults.length > 0)
      printTable(
        ['FAULT', 'NAME', 'WHAT IT DOES'],
        faults.map((f) => [f.id, f.name, f.description]),
      );
  }
}

export function labFaults(): void {
  printTable(
    ['FAULT', 'WHAT IT DOES'],
    Object.entries(FAULTS).map(([name, fault]) => [name, fault.description]),
  );
}

/** @throws UsageError that names what comes nearest. */
export function faultName(name: string): FaultName {
  if (Object.hasOwn(FAULTS, name)) return name as FaultName;
  const hint = didYouMean(nearest(name, Object.keys(FAULTS)));
  throw new UsageError(`there is no fault "${name}".${hint} \`netverdict lab faults\` lists them.`);
}

export async function labFault(
  name: string,
  options: { name: string; node?: string; pod?: string; peer?: string },
): Promise<void> {
  const known = faultName(name);
  const lab = await openLab(options.name);
  const { node, pod, peer } = options;
  const fault = await lab.fault(known, {
    ...(node ? { node } : {}),
    ...(pod ? { pod } : {}),
    ...(peer ? { peer } : {}),
  });
  print(`${fault.id}  ${fault.description}`);
}

export async function labHeal(id: string | undefined, options: { name: string }): Promise<void> {
  const lab = await openLab(options.name);
  await lab.heal(id);
  print(id === undefined ? 'all faults healed' : `${id} healed`);
}

export async function labDown(options: { name: string }): Promise<void> {
  // Also of one that somebody took away before: to be told so is enough.
  if (await removeLab(options.name)) print(`lab ${options.name} is gone`);
  else process.stderr.write(`nothing to take away: ${noLab(options.name).message}\n`);
}

export interface LabProbeOptions {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly count: string;
  readonly timeout: string;
  readonly json?: boolean;
}

export async function labProbe(options: LabProbeOptions): Promise<boolean> {
  const { protocol } = options;
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'icmp')
    throw new UsageError(`--protocol ${protocol}: write tcp, udp or icmp`);
  const [, address = options.to, port] = /^(.*):(\d+)$/.exec(options.to) ?? [];
  if (!parseIp(address).ok)
    throw new UsageError(
      `--to ${options.to}: write an address, such as 10.96.0.80:80 (\`netverdict lab status\` shows the pods')`,
    );
  if (protocol !== 'icmp' && port === undefined)
    throw new UsageError(`--to ${options.to}: write a port too, such as ${address}:80`);
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))
    throw new UsageError(`--to ${options.to}: port ${port} is not between 1 and 65535`);
  const count = whole('--count', options.count, 10_000);
  const timeoutMs = whole('--timeout', options.timeout, 600_000);
  const lab = await openLab(options.name);
  const from =
    options.from === 'external'
      ? { external: true as const }
      : options.from.startsWith('node/')
        ? { node: options.from.slice('node/'.length) }
        : { pod: options.from.replace(/^pod\//, '') };
  const result = await lab.probe({
    from,
    to: { address, ...(port === undefined ? {} : { port: Number(port) }) },
    protocol,
    count,
    timeoutMs,
  });
  if (options.json) print(JSON.stringify(result));
  else {
    for (const attempt of result.attempts)
      print(`${attempt.outcome}  ${attempt.elapsedMs.toFixed(2)} ms  ${attempt.answeredBy ?? ''}`);
  }
  return result.attempts.every((attempt) => attempt.outcome === 'delivered');
}
