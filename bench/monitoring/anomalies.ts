/**
 * A node under a flood of real drops: what agent and sidecar take, whether every drop is accounted for, what of it leaves the kernel, and how
 * likely it is that a failure of few packets is noticed in the midst of it.
 */
import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROBE_COUNTERS, type ProbeLedger } from '@netverdict/contracts';
import type { Lab } from '@netverdict/lab';
import { cpuTimeMs } from '../cpu-time.ts';
import { mib, type Row } from '../row.ts';
import { buildLoad, type Datagrams, sendDatagrams, timePrograms } from './load.ts';
import { memoryOf, programTimeMs } from './processes.ts';
import { startWatchedNode, until, type WatchedNode } from './watched-node.ts';

const NODE = 'node-1';
const REST_SECONDS = 15;
const BUSY_SECONDS = 15;
const FLOOD_SECONDS = 10;
const PORTS = 100;
/** Rare failures in the midst of a flood, of so many packets each: a connection's SYN and its first two repetitions. */
const RARE = { rare: 200, each: 3 };
const FIRST_RARE_PORT = 20_000;

const thousands = (n: number): string => Math.round(n).toLocaleString('en-US');
const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;

interface Used {
  readonly cpuPercent: number;
  /** Of the programs, in the kernel: it is the time of whoever met the event. */
  readonly programPercent: number;
}

async function usedDuring(pid: number, work: () => Promise<void>): Promise<Used> {
  const began = performance.now();
  const [cpu, programs] = [cpuTimeMs(pid), programTimeMs(pid)];
  await work();
  const percentOf = (ms: number): number => (100 * ms) / (performance.now() - began);
  return { cpuPercent: percentOf(cpuTimeMs(pid) - cpu), programPercent: percentOf(programTimeMs(pid) - programs) };
}

interface Flood {
  readonly sent: number;
  readonly rate: number;
  readonly used: Used;
  readonly ledger: ProbeLedger;
  /** What is in none of the ledger's accounts, of the kernel, of the agent and of the bus together. */
  readonly unaccounted: number;
  /** Counts of the anomalies that came for the flooded namespace. */
  readonly told: number;
  readonly rows: number;
  readonly inFull: number;
  /** Of the rare failures, those that an anomaly names. */
  readonly noticed: number;
}

function since(now: ProbeLedger, before: ProbeLedger): ProbeLedger {
  const grown = { ...now };
  for (const name of PROBE_COUNTERS) grown[name] = now[name] - before[name];
  return grown;
}

async function flood(node: WatchedNode, netns: number, datagrams: Datagrams): Promise<Flood> {
  await settled(node);
  const before = node.drops().ledger;
  node.take();
  let made = { sent: 0, seconds: 1 };
  const used = await usedDuring(node.pid, async () => {
    made = await sendDatagrams(datagrams);
  });
  // Until what is under way has come, and while other drops of this machine are just being counted; what never comes stays in the sum.
  const end = performance.now() + 30_000;
  do await settled(node);
  while (unaccounted(node) !== 0 && performance.now() < end);
  const came = node.take();
  const own = came.filter((anomaly) => anomaly.probe === 'drops' && anomaly.netns === netns);
  const named = new Set(own.map(({ tuple }) => tuple?.destinationPort ?? 0).filter((port) => port >= FIRST_RARE_PORT));
  return {
    sent: made.sent,
    rate: made.sent / made.seconds,
    used,
    ledger: since(node.drops().ledger, before),
    unaccounted: unaccounted(node),
    told: own.reduce((sum, { count }) => sum + count, 0),
    rows: own.length,
    inFull: own.reduce((sum, { samples }) => sum + (samples?.length ?? 0), 0),
    noticed: named.size,
  };
}

/** Since the agent's start: what is missing or too much in the kernel, in the agent and on the bus, each for itself. */
function unaccounted(node: WatchedNode): number {
  const { ledger, came } = node.drops();
  const { seen, filtered, sampledAway, lost, aggregated, reported, elsewhere, lostBefore } = ledger;
  return [
    seen - filtered - sampledAway - lost - aggregated,
    aggregated - reported - elsewhere - lostBefore,
    reported - came,
  ].reduce((sum, difference) => sum + Math.abs(difference), 0);
}

/** Two windows and a heartbeat later. */
async function settled(node: WatchedNode): Promise<void> {
  const before = node.heartbeat();
  await sleep(2200);
  await until(() => node.heartbeat() !== before, 30_000, 'a heartbeat');
}

function restRows(used: Used, memory: ReturnType<typeof memoryOf>): Row[] {
  return [
    {
      what: 'at rest: CPU of agent, helper and sidecar',
      value: `${used.cpuPercent.toFixed(2)} % of a core`,
      wanted: '< 1 %',
      beside: `the programs in the kernel besides: ${used.programPercent.toFixed(3)} %`,
    },
    {
      what: 'at rest: memory of agent, helper and sidecar',
      value: `${mib(memory.rssMib)} RSS, ${mib(memory.pssMib)} PSS`,
      wanted: '< 150 MiB',
      beside: 'RSS counts what the three share three times, PSS once',
    },
  ];
}

function loadRows({ rate, used, sent, told }: Flood, memory: ReturnType<typeof memoryOf>): Row[] {
  return [
    {
      what: `${thousands(rate)} drops a second: CPU of agent, helper and sidecar`,
      value: `${(used.cpuPercent / 100).toFixed(3)} core`,
      wanted: '< 0.2 core',
      beside: `the programs in the kernel besides: ${(used.programPercent / 100).toFixed(4)} core; ${thousands(sent)} dropped, ${thousands(told)} told`,
    },
    {
      what: 'the same: memory',
      value: `${mib(memory.rssMib)} RSS, ${mib(memory.pssMib)} PSS`,
      wanted: '–',
      beside: '–',
    },
  ];
}

function floodRows(oneIn: number, run: Flood): Row[] {
  const { ledger, sent, told, rows, inFull, noticed } = run;
  const lost = ledger.lost + ledger.missed + ledger.lostBefore;
  const sampled = oneIn === 1 ? 'all are looked at' : `one of ${oneIn} is looked at`;
  const chance = 1 - (1 - 1 / oneIn) ** RARE.each;
  return [
    {
      what: `${thousands(run.rate)} drops a second, ${sampled}: unaccounted`,
      value: `${run.unaccounted + (oneIn === 1 ? Math.abs(sent - told) : 0)}`,
      wanted: '0',
      beside:
        oneIn === 1
          ? `sent by the load’s own count ${thousands(sent)}, told ${thousands(told)}; lost ${lost}`
          : `seen ${thousands(ledger.seen)} = sampled away ${thousands(ledger.sampledAway)} + told ${thousands(ledger.reported)} + filtered ${thousands(ledger.filtered)} + elsewhere ${thousands(ledger.elsewhere)} + lost ${lost}`,
    },
    {
      what: 'the same: left the kernel',
      value: `${percent((rows + inFull) / sent, 2)} (${thousands(rows)} sums, ${thousands(inFull)} in full)`,
      wanted: 'printed',
      beside: `each drop as an event: 100 %; CPU ${(run.used.cpuPercent / 100).toFixed(3)} core`,
    },
    {
      what: `the same: a failure of ${RARE.each} packets in the midst of it is noticed`,
      value: percent(noticed / RARE.rare),
      wanted: 'printed',
      beside: `${noticed} of ${RARE.rare}; by chance ${percent(chance)}, of one packet ${percent(1 / oneIn)}`,
    },
  ];
}

export async function anomalyRows(lab: Lab, dir: string): Promise<Row[]> {
  buildLoad();
  const at = lab.nodes.find(({ name }) => name === NODE);
  const [client, web] = ['client', 'web-1'].map((name) => lab.pods.find((pod) => pod.name === name));
  if (at === undefined || client === undefined || web === undefined)
    throw new Error(`the lab lacks ${NODE} or its pods`);
  const rule = ['-p', 'udp', '-m', 'multiport', '--dports', `9000:${9000 + PORTS - 1},20000:20999`, '-j', 'DROP'];
  const iptables = async (verb: string): Promise<void> => {
    const { code, stderr } = await lab.execPod('web-1', ['iptables', verb, 'INPUT', ...rule]);
    if (code !== 0) throw new Error(`iptables: ${stderr}`);
  };
  const node = await startWatchedNode(dir, at);
  let stopTimes: (() => void) | null = null;
  try {
    await iptables('-A');
    const netns = statSync(web.netnsPath).ino;
    const datagrams = {
      from: client.netnsPath,
      address: web.address,
      port: 9000,
      ports: PORTS,
      seconds: FLOOD_SECONDS,
    };
    await sleep(8000); // what it did at its start is over, and collected
    stopTimes = await timePrograms();
    const atRest = await usedDuring(node.pid, async () => void (await sleep(REST_SECONDS * 1000)));
    const rows = restRows(atRest, memoryOf(node.pid));
    const none = { rare: 0, each: 0 };
    await sendDatagrams({ ...datagrams, ...none, rate: 10_000, seconds: 3 }); // compiled by then
    const busy = await flood(node, netns, { ...datagrams, ...none, rate: 10_000, seconds: BUSY_SECONDS });
    rows.push(...loadRows(busy, memoryOf(node.pid)));
    for (const oneIn of [1, 8, 64]) {
      await node.configure(oneIn === 1 ? {} : { drops: { oneIn } });
      rows.push(...floodRows(oneIn, await flood(node, netns, { ...datagrams, ...RARE, rate: 20_000 })));
    }
    return rows;
  } finally {
    stopTimes?.();
    await node.stop();
    await iptables('-D').catch(() => undefined); // the lab goes as well
  }
}
