/**
 * `make chaos SEED=n N=2000`: accepted diagnoses and their webhooks while everything is killed, stopped, wiped and cut off.
 * Runs in two network namespaces of its own (it starts itself again in the first) and ends with 1 when something was lost.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Fault, planOf } from './plan.ts';
import { makeNamespaces } from './processes/namespaces.ts';
import { type Report, runChaos } from './run.ts';
import { SHORT } from './short.ts';
import { NATS_NODES, type System, WITHOUT } from './system.ts';
import { printReport } from './table.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    diagnoses: { type: 'string', default: '2000' },
    'per-second': { type: 'string', default: '20' },
    'fault-every': { type: 'string', default: '3500' },
    deadline: { type: 'string', default: '60000' },
    short: { type: 'boolean', default: false },
    without: { type: 'string' },
    report: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const number = (name: 'seed' | 'diagnoses' | 'per-second' | 'fault-every' | 'deadline'): number => {
  const given = Number(values[name]);
  if (Number.isInteger(given) && given > 0) return given;
  console.error(`--${name} ${values[name]}: a whole number from 1`);
  process.exit(2);
};
const without = WITHOUT.find((each) => each === values.without) ?? null;
if (values.without !== undefined && without === null) {
  console.error(`--without ${values.without}: one of ${WITHOUT.join(', ')}`);
  process.exit(2);
}

const THERE = 'NETVERDICT_CHAOS_THERE';
const there = process.env[THERE];

/** The same arguments, in the first namespace. */
async function again(): Promise<number> {
  const namespaces = makeNamespaces();
  try {
    const args = [`--net=${namespaces.here}`, process.execPath, ...process.argv.slice(1)];
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', 'nsenter', ...args], {
      stdio: 'inherit',
      env: { ...process.env, [THERE]: namespaces.there },
    });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
    return await new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  } finally {
    namespaces.remove();
  }
}

async function run(otherNamespace: string): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(new Error(signal)));
  const diagnoses = values.short ? SHORT.diagnoses : number('diagnoses');
  const perSecond = values.short ? SHORT.perSecond : number('per-second');
  const seed = number('seed');
  const everyMs = number('fault-every');
  const plan = ({ services }: Pick<System, 'services'>): readonly Fault[] => {
    if (values.short) return SHORT.plan;
    const durationMs = (diagnoses / perSecond) * 1000;
    return planOf({ seed, durationMs, everyMs, services: [...services, 'receiver'], natsNodes: NATS_NODES });
  };
  const deadlineMs = values.short ? SHORT.deadlineMs : number('deadline');
  const say = (line: string): void => console.error(`  ${line}`);
  const report: Report = await runChaos({
    there: otherNamespace,
    diagnoses,
    perSecond,
    plan,
    without,
    events: !values.short,
    deadlineMs,
    say,
    keep: values.keep,
    signal: stop.signal,
  });
  if (values.report !== undefined) writeFileSync(values.report, JSON.stringify(report));
  printReport(report, values.short ? 'the short form' : `seed ${seed}`);
  return report.complaints.length === 0 ? 0 : 1;
}

process.exitCode = there === undefined ? await again() : await run(there);
