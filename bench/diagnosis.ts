/** Latency of a diagnosis through the API, 10 at a time, and the memory of every process at rest. */
import { readFileSync } from 'node:fs';
import type { Lab } from '@netverdict/lab';
import { createClient } from '@netverdict/sdk';
import type { Instance } from '../clients/cli/src/local/instance.ts';
import { cpuTimeMs } from './cpu-time.ts';
import { ms, type Row, ratio } from './row.ts';
import { percentile, timeConcurrently } from './statistics.ts';

const TOTAL = 300;
const WIDTH = 10;
/** Fresh processes run unoptimised code at first: with 40 the first row measured mostly V8's compilers. */
const WARM_UP = 200;

const QUESTIONS = [
  { source: { pod: 'default/client' }, destination: { service: 'default/web', port: 80 } },
  { source: { pod: 'default/client' }, destination: { pod: 'default/web-2', port: 80 } },
  { source: { pod: 'default/client-2' }, destination: { service: 'default/web', port: 80 } },
  { source: { node: 'node-3' }, destination: { pod: 'default/web-1', port: 80 } },
];

interface Latency {
  readonly times: readonly number[];
  /** Of all our processes and this client, for one diagnosis. */
  readonly cpuMs: number;
}

async function latency(instance: Instance, maxAgeMs: number): Promise<Latency> {
  const client = createClient({ baseUrl: instance.apiUrl, token: instance.token });
  const ask = async (i: number): Promise<void> => {
    const question = QUESTIONS[i % QUESTIONS.length] ?? QUESTIONS[0];
    if (!question) throw new Error('no question');
    const document = await client.diagnose({ ...question, protocol: 'tcp', maxAgeMs });
    // A wrong answer in no time is no result.
    if (document.verdict?.outcome !== 'reachable')
      throw new Error(`${JSON.stringify(question)}: ${JSON.stringify(document.verdict ?? document.problem)}`);
  };
  await timeConcurrently(WARM_UP, WIDTH, ask);
  const before = cpuTimeMs(process.pid);
  const times = await timeConcurrently(TOTAL, WIDTH, ask);
  return { times, cpuMs: (cpuTimeMs(process.pid) - before) / TOTAL };
}

/** The same state read by hand, one command after the other, as a person with a terminal on each node would script it. */
async function byHand(lab: Lab): Promise<number> {
  const began = performance.now();
  for (const node of lab.nodes)
    for (const argv of [
      ['ip', '-j', '-d', 'link'],
      ['ip', '-j', 'addr'],
      ['ip', '-j', 'route', 'show', 'table', 'all'],
      ['ip', '-j', 'rule'],
      ['ip', '-j', 'neigh'],
      ['bridge', '-j', 'fdb'],
      ['iptables-save'],
    ])
      await lab.exec(node.name, argv);
  return performance.now() - began;
}

const rssMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1024;

export async function diagnosisRows(lab: Lab, instance: Instance): Promise<Row[]> {
  const hand = await byHand(lab);
  const shared = await latency(instance, 1000);
  const fresh = await latency(instance, 0);
  const beside = (p50: number): string => `reading the three nodes by hand: ${ms(hand)} (${ratio(p50, hand)})`;
  return [
    {
      what: 'diagnosis, shared state (≤ 1 s), p50',
      value: ms(percentile(shared.times, 0.5)),
      wanted: '< 150 ms',
      beside: beside(percentile(shared.times, 0.5)),
    },
    {
      what: 'diagnosis, shared state (≤ 1 s), p95',
      value: ms(percentile(shared.times, 0.95)),
      wanted: '< 400 ms',
      beside: beside(percentile(shared.times, 0.95)),
    },
    {
      what: 'diagnosis, fresh collection each, p50',
      value: ms(percentile(fresh.times, 0.5)),
      wanted: '< 400 ms',
      beside: beside(percentile(fresh.times, 0.5)),
    },
    {
      what: 'CPU time of one diagnosis over all processes, this client included, shared state',
      value: ms(shared.cpuMs),
      wanted: '–',
      beside: `with fresh collection: ${ms(fresh.cpuMs)} (${ratio(shared.cpuMs, fresh.cpuMs)})`,
    },
  ];
}

/** @param bareMiB resident memory of a Node process that does nothing. */
export function memoryRows(instance: Instance, bareMiB: number): Row[] {
  return instance.services.names.map((name) => {
    const pid = instance.services.pidOf(name);
    const mib = pid === null ? Number.NaN : rssMiB(pid);
    return {
      what: `memory of ${name} at rest`,
      value: `${mib.toFixed(0)} MiB`,
      wanted: '–',
      beside: `an idle Node process: ${bareMiB.toFixed(0)} MiB (${ratio(mib, bareMiB)})`,
    };
  });
}

export { rssMiB };
