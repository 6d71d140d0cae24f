/**
 * Every anomaly is accounted for, once, while eventproc, NATS, PostgreSQL and the agent are killed under load. What has to come out is said by
 * the ledger of another process, the sender's.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openPool } from '@netverdict/embedded';
import type { Account, Counts } from '@netverdict/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLUSTER, drop, Reporter, type Scene, startScene, until } from './testing/scene.ts';
import type { Line } from './testing/sender.ts';

let scene: Scene;
const children = new Set<ReturnType<typeof start>>();
beforeAll(async () => {
  scene = await startScene();
}, 120_000);
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all([...children].map(({ ended }) => ended));
  await scene?.down();
}, 60_000);

function start(script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], {
    env: { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const log: string[] = [];
  child.stdout.on('data', (data: Buffer) => void log.push(...data.toString().split('\n')));
  const started = {
    log,
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
    ended: new Promise<number | null>((resolve) =>
      child.once('exit', (code) => {
        children.delete(started);
        resolve(code);
      }),
    ),
  };
  children.add(started);
  return started;
}

const startEventproc = () =>
  start('./main.ts', [], {
    NETVERDICT_NATS_URL: scene.engines.natsUrl,
    NETVERDICT_NATS_NKEY_FILE: scene.engines.natsKeyFile({ role: 'eventproc' }),
    NETVERDICT_DATABASE_URL: scene.engines.databaseUrl,
    NETVERDICT_BATCH_LOST_AFTER_MS: '4000',
    NETVERDICT_HEALTH_LISTEN: '127.0.0.1:0',
    NETVERDICT_LOG_LEVEL: 'info',
  });
const runs = (child: { readonly log: readonly string[] }) =>
  until(() => child.log.some((line) => line.includes('"msg":"started"')));

const ledgerFile = (epoch: string): string => join(scene.engines.dir, `${epoch}.ledger`);
const ledger = (epoch: string): Line[] =>
  existsSync(ledgerFile(epoch))
    ? readFileSync(ledgerFile(epoch), 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Line)
    : [];
function startSender(epoch: string, batches: number) {
  const key = scene.engines.natsKeyFile({ role: 'agent', cluster: CLUSTER, node: 'node-1' });
  return start('./testing/sender.ts', [scene.engines.natsUrl, key, epoch, ledgerFile(epoch), `${batches}`]);
}
const sum = (lines: readonly Line[], fate?: Line['fate']): number =>
  lines.filter((line) => fate === undefined || line.fate === fate).reduce((n, { count }) => n + count, 0);

async function accounts(): Promise<Counts> {
  const range = { since: '2000-01-01T00:00:00Z', until: '2100-01-01T00:00:00Z' };
  const rows = await scene.store.accounting.sums({ ...range, perMinute: false, limit: 10 });
  const own = rows.find(({ node, probe }) => node === 'node-1' && probe === '');
  if (own === undefined) throw new Error('nothing is accounted for');
  return own.counts;
}
const ENDS = ['stored', 'lostSpool', 'lostBus', 'deadLetter'] as const satisfies readonly Account[];
const total = (counts: Counts, but?: Account): number =>
  ENDS.reduce((n, end) => n + (end === but ? 0 : counts[end]), 0);
const incidentsCount = async (): Promise<number> =>
  (await scene.store.incidents.list({ cluster: CLUSTER, limit: 200 })).reduce((n, { count }) => n + count, 0);

test('the sum holds while each of them is killed in turn, and is what the sender wrote down', async () => {
  let [first, second] = [startEventproc(), startEventproc()];
  await Promise.all([runs(first), runs(second)]);
  const sender = startSender('run-1', 400);
  const sent = (n: number) => until(() => ledger('run-1').length >= n, 90_000);

  await sent(60);
  first.kill('SIGKILL');
  await first.ended;
  first = startEventproc();
  await sent(120);
  await scene.engines.restart('nats', { signal: 'SIGKILL' });
  await sent(180);
  await scene.engines.stopEngine('postgres', 'SIGKILL');
  await pause(500);
  await scene.engines.startEngine('postgres');
  await sent(240);
  second.kill('SIGKILL');
  await second.ended;
  second = startEventproc();
  expect(await sender.ended).toBe(0);

  const written = ledger('run-1');
  expect(written.length).toBe(400);
  const expected = { reported: sum(written), ...Object.fromEntries(ENDS.map((fate) => [fate, sum(written, fate)])) };
  await until(async () => total(await accounts().catch(() => ({}) as Counts)) === expected.reported, 90_000);
  const counts = await accounts();
  expect(counts).toMatchObject(expected);
  expect(counts.duplicate).toBeGreaterThan(0);
  expect(await incidentsCount()).toBe(counts.stored);
  // No counter is there for nothing: without any one of them the sum does not hold.
  for (const end of ENDS) expect([end, total(counts, end) === counts.reported]).toEqual([end, false]);

  // An agent that is killed takes with it what it had not sent; its next start tells that it is gone.
  const doomed = startSender('run-2', 400);
  await until(() => ledger('run-2').length >= 70, 90_000);
  doomed.kill('SIGKILL');
  await doomed.ended;
  await startSender('run-3', 60).ended;
  const all = [...written, ...ledger('run-2'), ...ledger('run-3')];
  await until(async () => {
    const now = await accounts();
    return now.reported > sum(written) + sum(ledger('run-3')) && total(now) === now.reported;
  }, 90_000);
  const after = await accounts();
  // Its last batch it may have written down and told nobody of.
  const untold = sum(all) - after.reported;
  expect(untold).toBeGreaterThanOrEqual(0);
  expect(untold).toBeLessThanOrEqual(sum(ledger('run-2').slice(-1)));
  expect(after.deadLetter).toBe(sum(all, 'deadLetter'));
  expect(await incidentsCount()).toBe(after.stored);
}, 240_000);

test('a full disk of the store: batches wait, it is told why, and all of them are stored when there is room', async () => {
  const disk = mkdtempSync(join(tmpdir(), 'nv-full-disk-'));
  const mount = (options: string) => execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk]);
  const database = openPool(scene.engines.databaseUrl, 1);
  const partition = `events_${new Date().toISOString().slice(0, 10).replaceAll('-', '')}`;
  mount('size=64m,mode=711');
  const replica = await scene.startReplica();
  try {
    const place = join(disk, 'tablespace');
    mkdirSync(place, { mode: 0o700 });
    const { uid, gid } = statSync(`/proc/${scene.engines.pids.postgres}`);
    chownSync(place, uid, gid);
    await database.query(`create tablespace small location '${place}'`);
    await database.query(`alter table ${partition} set tablespace small`);
    // All the room that there is.
    spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'filler')}`, 'bs=4k'], { stdio: 'ignore' });

    const reporter = new Reporter(scene, 'node-1', 'full-disk');
    const pod = { namespace: 'shop', name: 'full-disk' };
    const fifty = () => Array.from({ length: 50 }, () => drop({ pod }));
    const stored = async (): Promise<number> => {
      const { rows } = await database.query<{ n: number }>(
        `select coalesce(sum(count), 0)::int as n from events where pod_name = 'full-disk'`,
      );
      return rows[0]?.n ?? 0;
    };
    const metrics = () => replica.tallies.registry.metrics();
    const full = async () => /put_off_total\{cluster="default",why="full"\} [1-9]/.test(await metrics());
    let told = 0;
    for (; told < 60 && !(await full()); told++) await reporter.report(...fifty());
    await until(full);
    expect(await stored(), 'what found no room is not there').toBeLessThan(told * 50);
    mount('remount,size=128m');
    await until(async () => (await stored()) === told * 50, 90_000);
    expect(await metrics(), 'nothing was put away for it').not.toMatch(/dead_letter_total\{.*\} [1-9]/);
    await database.query(`alter table ${partition} set tablespace pg_default`);
    await database.query('drop tablespace small');
  } finally {
    await replica.stop();
    await database.end();
    execFileSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true, force: true });
  }
}, 150_000);

test('/metrics tells what this process has accounted for', async () => {
  const child = startEventproc();
  await runs(child);
  const port = child.log.flatMap((line) => /"port":(\d+)/.exec(line)?.[1] ?? [])[0];
  await startSender('run-4', 20).ended;
  const text = async () => await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  await until(async () => /netverdict_incidents\{.*\} [1-9]/.test(await text()));
  expect(await text()).toMatch(/^# TYPE netverdict_anomalies_accounted_total counter$/m);
  expect(await text()).toMatch(/^# TYPE netverdict_batch_lag_seconds histogram$/m);
}, 90_000);
