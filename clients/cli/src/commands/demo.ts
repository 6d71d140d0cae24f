/**
 * `netverdict demo`: a cluster in a box, a fault, the diagnosis through the REST API, a real packet as the judge,
 * the proposed remedy, the diagnosis again; then something that fails now and then explains itself; then everything is taken
 * away.
 */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@netverdict/embedded';
import { createLab, type Lab } from '@netverdict/lab';
import { createClient, type DiagnosisDocument } from '@netverdict/sdk';
import { Interrupted, SystemError } from '../exit-codes.ts';
import { type Instance, removeInstance, startInstance } from '../local/instance.ts';
import { print } from '../terminal/print.ts';
import { Stages } from '../terminal/stages.ts';
import { splitCommands } from '../words.ts';
import { monitoringAct } from './demo-monitoring.ts';
import { langOf, printDiagnosis, toRequest } from './diagnose.ts';
import { faultName, labSpec } from './lab.ts';

export interface DemoOptions {
  readonly fault: string;
  readonly cni: string;
  readonly iptables: string;
  readonly lang: string;
}

const QUESTION = { from: 'default/client', to: 'svc/default/web:80', protocol: 'tcp', fresh: true } as const;
/** Where a third fails, the chance that all of 24 succeed is 1 in 17,000: the comparison below is no lottery. */
const CONNECTIONS = 24;

export async function demo(options: DemoOptions): Promise<number> {
  const broken = faultName(options.fault);
  const name = `demo-${process.pid}`;
  const spec = labSpec({ name, nodes: '3', cni: options.cni, iptables: options.iptables });
  langOf(options.lang);
  const stages = new Stages();
  const dir = join(tmpdir(), `netverdict-${name}`);
  mkdirSync(dir, { mode: 0o700 });
  let lab: Lab | undefined;
  let instance: Instance | undefined;
  const interrupted = new AbortController();
  const onSignal = (): void => interrupted.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const unlessInterrupted = (): void => {
    if (interrupted.signal.aborted) throw new Interrupted('interrupted');
  };
  try {
    stages.say('lab: three nodes with containerd, Flannel and kube-proxy rules');
    lab = await createLab(spec, (line) => stages.say(`lab: ${line}`));
    unlessInterrupted();
    instance = await startInstance({
      dir,
      cluster: 'lab',
      kubeconfig: lab.kubeconfig,
      nodes: lab.nodes.map((n) => n.name),
      agents: lab.nodes.map((n) => ({ node: n.name, netnsPath: n.netnsPath, criEndpoint: n.criEndpoint })),
      listen: `127.0.0.1:${await freePort()}`,
      say: (line) => stages.say(line),
    });
    unlessInterrupted();

    const fault = await lab.fault(broken);
    stages.say(`fault: ${fault.description}`);

    stages.say(`diagnosing: why does ${QUESTION.from} not reach ${QUESTION.to}?`);
    const first = await ask(instance, stages);
    print('');
    printDiagnosis(first, options);
    print('');
    unlessInterrupted();
    const before = await judge(lab, stages);
    agree(first, before);

    await mend(lab, first, stages);
    unlessInterrupted();
    stages.say('diagnosing again');
    const mended = await ask(instance, stages);
    print('');
    printDiagnosis(mended, options);
    print('');
    const after = await judge(lab, stages);
    agree(mended, after);
    if (mended.verdict?.outcome !== 'reachable') throw new SystemError('the remedy did not mend it');
    unlessInterrupted();
    // What the first fault has left behind is taken back, its remedy was tried.
    await lab.heal();
    await monitoringAct(lab, instance, stages, options);
    return 0;
  } catch (error) {
    // Ctrl-C reaches the children too: what they say then is no failure of theirs.
    throw interrupted.signal.aborted ? new Interrupted('interrupted', { cause: error }) : error;
  } finally {
    stages.say('taking everything away');
    await instance?.stop();
    await lab?.down();
    await removeInstance(dir);
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
    stages.say('done, nothing left behind');
  }
}

async function ask(instance: Instance, stages: Stages): Promise<DiagnosisDocument> {
  const client = createClient({ baseUrl: instance.apiUrl, token: instance.token });
  return client.diagnose(toRequest(QUESTION), { onProgress: (progress) => stages.say(`  ${progress.message}`) });
}

/** Real connections through the Service, as the pod makes them. @returns the share that got an answer. */
async function judge(lab: Lab, stages: Stages): Promise<number> {
  const result = await lab.probe({
    from: { pod: 'default/client' },
    to: { address: '10.96.0.80', port: 80 },
    protocol: 'tcp',
    count: CONNECTIONS,
    timeoutMs: 300,
  });
  const answered = result.attempts.filter((attempt) => attempt.outcome === 'delivered');
  const by = new Map<string, number>();
  for (const attempt of answered) by.set(attempt.answeredBy ?? '?', (by.get(attempt.answeredBy ?? '?') ?? 0) + 1);
  const told = [...by]
    .sort()
    .map(([pod, n]) => `${n} by ${pod}`)
    .join(', ');
  stages.say(
    `real probe: ${answered.length} of ${CONNECTIONS} TCP connections answered${told === '' ? '' : ` (${told})`}`,
  );
  return answered.length / CONNECTIONS;
}

/** The verdict must say what the packets did; a demo that is wrong has failed. */
function agree(document: DiagnosisDocument, answeredShare: number): void {
  const outcome = document.verdict?.outcome;
  const seen = answeredShare === 1 ? 'reachable' : answeredShare === 0 ? 'unreachable' : 'partially-reachable';
  if (outcome !== seen) throw new SystemError(`the verdict says ${outcome}, and the real packets say ${seen}`);
}

/** Runs the proposed commands where they belong: on the node, or in the pod. */
async function mend(lab: Lab, document: DiagnosisDocument, stages: Stages): Promise<void> {
  const remedies = (document.findings ?? []).filter((f) => f.severity === 'blocking').map((f) => f.remedy);
  for (const remedy of remedies) {
    if (!remedy?.command || !remedy.on) throw new SystemError(`no command was proposed: ${remedy?.en ?? 'no remedy'}`);
    stages.say(`mending on ${remedy.on}: ${remedy.command}`);
    for (const argv of splitCommands(remedy.command)) {
      const result = remedy.on.includes('/') ? await lab.execPod(remedy.on, argv) : await lab.exec(remedy.on, argv);
      if (result.code !== 0) throw new SystemError(`the remedy failed: ${argv.join(' ')}: ${result.stderr.trim()}`);
    }
  }
}
