/**
 * Every packet that the kernel drops is in the database, once, or is known to be missing: real drops, a real agent with its sidecar, and each of
 * sidecar, NATS and agent killed while they go on. What has to come out is said by the sender's own ledger, and by the rule's counter.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Engines, openPool, removeEngines, startEngines } from '@netverdict/embedded';
import { type Account, type Counts, openStore, type Store } from '@netverdict/store';
import type pg from 'pg';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { repositoryRoot } from '../../clients/cli/src/local/repository.ts';

interface Burst {
  readonly port: number;
  readonly count: number;
  readonly fromMs: number;
  readonly toMs: number;
}

const NODE = { cluster: 'default', node: 'node-1' };
const netns = `nv-acc-${process.pid}`;
const dir = mkdtempSync(join(tmpdir(), 'nv-accounted-'));
const children = new Set<ChildProcess>();
let engines: Engines;
let store: Store;
let database: pg.Pool;
let agent: ChildProcess;
let sidecar: () => number;

const inNetns = (...argv: string[]): string =>
  execFileSync('ip', ['netns', 'exec', netns, ...argv], { encoding: 'utf8' });

function start(path: string, env: Readonly<Record<string, string>>): ChildProcess {
  const child = spawn(process.execPath, [join(repositoryRoot, path)], {
    env: {
      PATH: process.env.PATH ?? '',
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      NETVERDICT_NATS_URL: engines.natsUrl,
      NETVERDICT_HEALTH_LISTEN: 'off',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.add(child);
  return child;
}

function startAgent(): ChildProcess {
  const child = start('services/collector-agent/src/main.ts', {
    NETVERDICT_NODE: NODE.node,
    NETVERDICT_NATS_NKEY_FILE: engines.natsKeyFile({ role: 'agent', ...NODE }),
    NETVERDICT_HOST_NETNS: `/run/netns/${netns}`,
    NETVERDICT_CRI_ENDPOINT: `unix://${dir}/none.sock`,
    NETVERDICT_SPOOL_DIR: join(dir, 'spool'),
    // Their load here is not what is asked about.
    NETVERDICT_CPU_LIMIT_PERCENT: '400',
    NETVERDICT_MEMORY_LIMIT_MIB: '2000',
    NETVERDICT_LOG_LEVEL: 'error',
  });
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  children.delete(child);
}

beforeAll(async () => {
  execFileSync('ip', ['netns', 'add', netns]);
  inNetns('ip', 'link', 'set', 'lo', 'up');
  inNetns(
    'nft',
    'add table inet t { chain input { type filter hook input priority 0; udp dport 20000-31999 counter drop; }; }',
  );
  engines = await startEngines({
    dir,
    only: ['nats', 'postgres'],
    clusters: [{ name: NODE.cluster, nodes: [NODE.node] }],
  });
  store = openStore({ connectionString: engines.databaseUrl, maxConnections: 2 });
  await store.migrate();
  database = openPool(engines.databaseUrl, 1);
  start('services/eventproc/src/main.ts', {
    NETVERDICT_NATS_NKEY_FILE: engines.natsKeyFile({ role: 'eventproc' }),
    NETVERDICT_DATABASE_URL: engines.databaseUrl,
    NETVERDICT_BATCH_LOST_AFTER_MS: '4000',
    NETVERDICT_LOG_LEVEL: 'error',
  });
  agent = startAgent();
  sidecar = () => {
    const of = readFileSync(`/proc/${agent.pid}/task/${agent.pid}/children`, 'utf8').trim().split(' ');
    return Number(of.find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('netverdict-watc')) ?? 0);
  };
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await database?.end();
  await store?.close();
  await engines?.stop();
  await removeEngines(dir);
  execFileSync('ip', ['netns', 'del', netns]);
});

/** By port: how many of its datagrams are in the database. */
async function stored(): Promise<Map<number, number>> {
  const { rows } = await database.query<{ port: number; sum: string }>(
    "select destination_port as port, sum(count) from events where kind = 'packet-drop' and reason = 'NETFILTER_DROP' group by 1",
  );
  return new Map(rows.map(({ port, sum }) => [port, Number(sum)]));
}

async function accounts(probe: string): Promise<Counts> {
  const range = { since: '2000-01-01T00:00:00Z', until: '2100-01-01T00:00:00Z' };
  const rows = await store.accounting.sums({ ...range, perMinute: false, limit: 10 });
  const own = rows.find((row) => row.node === NODE.node && row.probe === probe);
  if (own === undefined) throw new Error(`nothing is accounted for ${probe}`);
  return own.counts;
}
const sum = (counts: Counts, ...of: Account[]): number => of.reduce((n, account) => n + counts[account], 0);

it('sidecar, NATS and agent are killed in turn, and every dropped packet is stored or in a gap that is known', async () => {
  const ledgerFile = join(dir, 'ledger');
  const stopFile = join(dir, 'stop');
  mkdirSync(join(dir, 'spool'), { recursive: true });
  const sender = spawn(
    'ip',
    ['netns', 'exec', netns, 'python3', join(import.meta.dirname, 'dropped-datagrams.py'), ledgerFile, stopFile],
    { stdio: 'inherit' },
  );
  children.add(sender);
  const senderEnded = new Promise((resolve) => sender.once('exit', resolve));
  const ledger = (): Burst[] =>
    existsSync(ledgerFile)
      ? readFileSync(ledgerFile, 'utf8')
          .split('\n')
          .filter((line) => line.endsWith('}'))
          .map((line) => JSON.parse(line) as Burst)
      : [];
  /** Waits for one that is sent from now on to come whole. @returns when it was sent */
  const comes = async (): Promise<number> => {
    const now = Date.now();
    return await vi.waitFor(
      async () => {
        const known = await stored();
        const first = ledger().find(({ port, fromMs, count }) => fromMs > now && known.get(port) === count);
        if (first === undefined) throw new Error('nothing comes');
        return first.fromMs;
      },
      { timeout: 60_000, interval: 200 },
    );
  };
  const blind: { from: number; to: number }[] = [];
  const watchedFrom = await comes();
  await sleep(2000);

  const sidecarKilled = Date.now();
  process.kill(sidecar(), 'SIGKILL');
  await comes();
  await sleep(2000);

  // Longer than eight batches, which is what is in memory beside the disk.
  const natsKilled = Date.now();
  await engines.stopEngine('nats', 'SIGKILL');
  await sleep(12_000);
  const agentKilled = Date.now();
  await kill(agent);
  agent = startAgent();
  await sleep(8000);
  await engines.startEngine('nats');
  await comes();
  await sleep(2000);
  writeFileSync(stopFile, '');
  await senderEnded;

  const sent = ledger();
  const counted = /counter packets (\d+)/.exec(inNetns('nft', 'list', 'table', 'inet', 't'))?.[1];
  expect(sent.reduce((n, { count }) => n + count, 0)).toBe(Number(counted));
  // All that was told has come; the rest of what the first agent held has been judged.
  const ENDS = ['stored', 'lostSpool', 'lostBus', 'deadLetter'] as const;
  await vi.waitFor(
    async () => {
      const counts = await accounts('');
      expect(sum(counts, ...ENDS)).toBe(counts.reported);
      const known = await stored();
      for (const { port, count } of sent.slice(-20)) expect([port, known.get(port)]).toEqual([port, count]);
      // Of the time without NATS, told by the agent that was killed.
      const before = sent.filter(({ fromMs, toMs }) => fromMs > natsKilled && toMs < agentKilled - 2500);
      expect(before.length).toBeGreaterThan(200);
      for (const { port, count } of before) expect([port, known.get(port)]).toEqual([port, count]);
    },
    { timeout: 60_000, interval: 500 },
  );

  const { rows: gaps } = await database.query<{ from: Date; to: Date }>(
    "select window_start as from, window_end as to from events where kind = 'watch-gap'",
  );
  expect(gaps.length).toBe(1);
  for (const { from, to } of gaps) blind.push({ from: from.getTime() - 300, to: to.getTime() + 300 });
  expect(blind[0]?.from).toBeLessThan(sidecarKilled);
  const known = await stored();
  const missing = sent.filter(({ port, count, fromMs }) => fromMs > watchedFrom && known.get(port) !== count);
  const ofAgent = missing.filter(({ fromMs, toMs }) => !blind.some(({ from, to }) => from <= toMs && fromMs <= to));
  // One stretch, around the kill: from its last whole window to the next one's start.
  const stretch = sent.filter(({ port }) => port >= (ofAgent[0]?.port ?? 0) && port <= (ofAgent.at(-1)?.port ?? 0));
  expect(stretch.filter(({ port, count }) => known.get(port) === count).length).toBeLessThanOrEqual(2);
  expect(ofAgent.every(({ fromMs }) => fromMs > agentKilled - 2500 && fromMs < agentKilled + 30_000)).toBe(true);
  expect(ofAgent.length).toBeGreaterThan(0);
  // Nothing comes twice.
  for (const { port, count } of sent) expect(known.get(port) ?? 0).toBeLessThanOrEqual(count);

  // What was taken in lately is still being told: the namespaces' own multicast goes on.
  await vi.waitFor(
    async () => {
      const drops = await accounts('drops');
      expect(sum(drops, 'filtered', 'sampledAway', 'aggregated', 'lostKernel')).toBe(drops.seen);
      expect(sum(drops, 'reported', 'elsewhere', 'lostSidecar')).toBe(drops.aggregated);
    },
    { timeout: 30_000, interval: 500 },
  );
  const whole = await accounts('');
  expect([whole.lostSpool, whole.deadLetter]).toEqual([0, 0]);
}, 240_000);
