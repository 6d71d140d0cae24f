/**
 * What watching costs those who are watched: TCP connections a second and throughput between two namespaces, watched and not, in turn, so
 * that whatever else the machine does meets both alike. In a round each watcher comes twice, the second time in the opposite order.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '@netverdict/lab';
import { type Scratch, scratchNamespace } from '../../services/collector-agent/src/testing/scratch.ts';
import type { Row } from '../row.ts';
import { type Interval, meanOf } from '../statistics.ts';
import { buildLoad, connectAndCount, type Leg, timePrograms } from './load.ts';
import { programTimeMs } from './processes.ts';
import { startWatchedNode } from './watched-node.ts';
import { ourAgent, tools, type Watcher } from './watchers.ts';

/** Two pairs of each watcher. */
const ROUNDS = 16;
const LEG_SECONDS = 0.45;
const PORT = 9000;

const KINDS = ['connects', 'stream'] as const;
type Kind = (typeof KINDS)[number];
type Legs = Readonly<Record<Kind, Leg>>;

interface Pair {
  readonly watcher: Watcher;
  readonly none: Legs;
  readonly watched: Legs;
}

function cable(): { readonly client: Scratch; readonly server: Scratch; readonly address: string; remove(): void } {
  const [client, server] = [scratchNamespace('bench-client'), scratchNamespace('bench-server')];
  client.run(['ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', server.name]);
  for (const [own, address] of [
    [client, '10.78.0.1/24'],
    [server, '10.78.0.2/24'],
  ] as const) {
    own.run(['ip', 'addr', 'add', address, 'dev', 'eth0']);
    own.run(['ip', 'link', 'set', 'eth0', 'up']);
  }
  return {
    client,
    server,
    address: '10.78.0.2',
    remove() {
      client.remove();
      server.remove();
    },
  };
}

async function measure(watchers: readonly Watcher[], leg: () => Promise<Legs>): Promise<Pair[]> {
  const pairs: Pair[] = [];
  let active: Watcher | null = null;
  const watched = async (by: Watcher | null): Promise<Legs> => {
    if (active !== by) {
      await active?.stop();
      await by?.start();
      active = by;
      await sleep(100);
    }
    return await leg();
  };
  try {
    await watched(null); // caches, and the routes' first packets
    for (let round = 0; round < ROUNDS; round++) {
      const there: Legs[] = [];
      const back: Legs[] = [];
      const before = await watched(null);
      for (const watcher of watchers) there.push(await watched(watcher));
      for (const watcher of watchers.toReversed()) back.unshift(await watched(watcher));
      const after = await watched(null);
      for (const [i, watcher] of watchers.entries()) {
        const [first, second] = [there[i], back[i]];
        if (first !== undefined && second !== undefined)
          pairs.push({ watcher, none: before, watched: first }, { watcher, none: after, watched: second });
      }
    }
  } finally {
    await (active as Watcher | null)?.stop();
  }
  return pairs;
}

const percent = ({ mean, within }: Interval): string => `${(100 * mean).toFixed(2)} % ± ${(100 * within).toFixed(2)}`;
const LABEL: Readonly<Record<Kind, string>> = { connects: 'TCP connections a second', stream: 'TCP throughput' };

function rateOf(kind: Kind, pairs: readonly Pair[]): string {
  const { mean } = meanOf(pairs.map(({ none }) => none[kind].rate));
  return kind === 'connects'
    ? `${Math.round(mean).toLocaleString('en-US')} a second`
    : `${((mean * 8) / 1e9).toFixed(1)} Gbit/s`;
}

/** By the ratios' logarithms: the mean of the ratios themselves is too great the more they scatter, to whoever's favour. */
function changeOf(ratios: readonly number[], sign: 1 | -1): Interval {
  const { mean, within } = meanOf(ratios.map(Math.log));
  const ratio = Math.exp(sign * mean);
  return { mean: sign * (ratio - 1), within: ratio * within };
}

function row(kind: Kind, pairs: readonly Pair[], wanted: string): Row {
  const name = pairs[0]?.watcher.name ?? '';
  const loss = changeOf(
    pairs.map(({ none, watched }) => none[kind].rate / watched[kind].rate),
    -1,
  );
  const cpu = changeOf(
    pairs.map(({ none, watched }) => watched[kind].cpuSecondsEach / none[kind].cpuSecondsEach),
    1,
  );
  return {
    what: `${LABEL[kind]}, lost to ${name}`,
    value: percent(loss),
    wanted,
    beside: `unwatched ${rateOf(kind, pairs)}; ${pairs.length} pairs in turn; CPU time for each more by ${percent(cpu)}`,
  };
}

const TIMED_LEGS = 10;

/** What the programs themselves take, as the kernel counts it: hardly scattered by what else the machine does. Their entry is not in it. */
async function ownTimeRow(pid: number, leg: () => Promise<Leg>): Promise<Row> {
  const stopTimes = await timePrograms();
  try {
    await leg(); // compiled, and in the caches
    const shares: number[] = [];
    const each: number[] = [];
    for (let i = 0; i < TIMED_LEGS; i++) {
      const before = programTimeMs(pid);
      const { rate, cpuSecondsEach } = await leg();
      const microseconds = ((programTimeMs(pid) - before) * 1000) / (rate * LEG_SECONDS);
      each.push(microseconds);
      shares.push(microseconds / (cpuSecondsEach * 1e6));
    }
    return {
      what: 'of the CPU time of a TCP connection, taken by the probes’ programs, as the kernel times them',
      value: percent(meanOf(shares)),
      wanted: '< 2 %',
      beside: `${meanOf(each).mean.toFixed(2)} µs for each connection; ${TIMED_LEGS} legs`,
    };
  } finally {
    stopTimes();
  }
}

export async function overheadRows(lab: Lab, dir: string): Promise<Row[]> {
  buildLoad();
  const [at] = lab.nodes;
  if (at === undefined) throw new Error('the lab has no node');
  const candidates = await tools();
  const between = cable();
  try {
    // The client's namespace is the node's own: whatever happens in it is told.
    const node = await startWatchedNode(dir, {
      ...at,
      name: `bench-${randomBytes(3).toString('hex')}`,
      netnsPath: between.client.path,
    });
    const ours = ourAgent(node);
    try {
      await sleep(5000); // what it did at its start is over
      await ours.stop();
      const ends = { client: between.client.path, server: between.server.path, address: between.address, port: PORT };
      const others = candidates.filter(({ problem }) => problem === null).map(({ watcher }) => watcher);
      const pairs = await measure([ours, ...others], async () => ({
        connects: await connectAndCount('connects', ends, LEG_SECONDS),
        stream: await connectAndCount('stream', ends, LEG_SECONDS),
      }));
      await ours.start();
      const own = await ownTimeRow(node.pid, () => connectAndCount('connects', ends, LEG_SECONDS));
      const of = (watcher: Watcher): Pair[] => pairs.filter((pair) => pair.watcher === watcher);
      return [
        ...KINDS.map((kind) => row(kind, of(ours), '< 2 %')),
        own,
        ...others.flatMap((watcher) => KINDS.map((kind) => row(kind, of(watcher), '–'))),
        ...candidates.flatMap(({ watcher, problem }): Row[] =>
          problem === null
            ? []
            : [{ what: `the same, lost to ${watcher.name}`, value: 'cannot run here', wanted: '–', beside: problem }],
        ),
      ];
    } finally {
      await ours.start().catch(() => undefined); // stopped processes do not end by a SIGTERM
      await node.stop();
    }
  } finally {
    between.remove();
  }
}
