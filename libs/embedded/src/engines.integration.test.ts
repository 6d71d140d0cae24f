import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EngineError, openPool, readRecord, removeEngines, startEngines, stopEngines } from './index.ts';
import { startTime } from './process.ts';

const run = promisify(execFile);
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nv-engines-'));
});
afterEach(() => removeEngines(dir));

const clusters = [{ name: 'default', nodes: ['node-1'] }];

async function query(url: string, sql: string): Promise<unknown[]> {
  const database = openPool(url, 1);
  try {
    return (await database.query(sql)).rows as unknown[];
  } finally {
    await database.end();
  }
}

/** A process that starts engines and then waits to be killed. */
async function startElsewhere(options: string): Promise<{ pid: number; pids: number[]; ended: Promise<void> }> {
  const index = new URL('./index.ts', import.meta.url).href;
  const code = `const { startEngines } = await import(${JSON.stringify(index)});
    const e = await startEngines({ dir: ${JSON.stringify(dir)}, clusters: [], ${options} });
    console.log(JSON.stringify(Object.values(e.pids))); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data: Buffer) => resolve(data.toString()));
    child.once('exit', () => reject(new Error('ended before the engines ran')));
  });
  return { pid: child.pid ?? 0, pids: JSON.parse(line) as number[], ended };
}
const alive = (pids: readonly number[]): number[] => pids.filter((pid) => startTime(pid) !== null);
async function gone(pids: readonly number[]): Promise<void> {
  for (const end = performance.now() + 5000; alive(pids).length > 0; await pause(20))
    if (performance.now() > end) throw new Error(`still there: ${alive(pids).join(', ')}`);
}

test('all three start, keep their data and ports from run to run, and stop', async () => {
  const first = await startEngines({ dir, clusters });
  await query(first.databaseUrl, 'create table kept (n int); insert into kept values (7)');
  const pids = Object.values(first.pids);
  expect(pids).toHaveLength(3);
  await first.stop();
  expect(alive(pids)).toEqual([]);

  const second = await startEngines({ dir, clusters });
  expect(second.natsUrl).toBe(first.natsUrl);
  expect(second.databaseUrl).toBe(first.databaseUrl);
  expect(await query(second.databaseUrl, 'select n from kept')).toEqual([{ n: 7 }]);
  await second.stop();
});

test('committed rows survive a crash of PostgreSQL', async () => {
  const engines = await startEngines({ dir, clusters, only: ['postgres'] });
  await query(engines.databaseUrl, 'create table kept (n int); insert into kept values (7)');
  await engines.restart('postgres', { signal: 'SIGKILL' });
  expect(await query(engines.databaseUrl, 'select n from kept')).toEqual([{ n: 7 }]);
  await engines.stop();
});

test('nobody gets in without a password or a key, and secrets are not for others to read', async () => {
  const engines = await startEngines({ dir, clusters });
  const noPassword = engines.databaseUrl.replace(/:[^:@]+@/, ':wrong@');
  await expect(query(noPassword, 'select 1')).rejects.toThrow(/password authentication failed/);
  const redisCli = await run('redis-cli', ['-u', engines.redisUrl.replace(/:[^:@]+@/, ':wrong@'), 'ping']).catch(
    (error: unknown) => ({ stdout: String(error) }),
  );
  expect(redisCli.stdout).toMatch(/NOAUTH|WRONGPASS|invalid/);
  const secrets = [
    engines.natsKeyFile({ role: 'api' }),
    join(dir, 'engines.json'),
    join(dir, 'redis', 'redis.conf'),
    join(dir, 'nats', 'nats.conf'),
  ];
  for (const file of secrets) expect(statSync(file).mode & 0o077, file).toBe(0);
  expect(statSync(join(dir, 'keys')).mode & 0o077).toBe(0);
  const arguments_ = Object.values(engines.pids).map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  const password = new URL(engines.redisUrl).password;
  expect(arguments_.join()).not.toContain(password);
  expect(arguments_.join()).not.toContain(new URL(engines.databaseUrl).password);
  await engines.stop();
});

test.runIf(process.platform === 'linux')('all die with the process that started them, however it dies', async () => {
  const { pid, pids, ended } = await startElsewhere('');
  expect(alive(pids)).toHaveLength(3);
  process.kill(pid, 'SIGKILL');
  await ended;
  await gone(pids);
});

test('engines told to outlive their starter do, and are found and stopped by their record', async () => {
  const { pid, pids, ended } = await startElsewhere('outlive: true');
  process.kill(pid, 'SIGKILL');
  await ended;
  await pause(300);
  expect(alive(pids)).toHaveLength(3);
  expect(await query(readRecord(dir)?.databaseUrl ?? '', 'select 1 as one')).toEqual([{ one: 1 }]);
  expect((await stopEngines(dir)).sort()).toEqual(['nats', 'postgres', 'redis']);
  expect(alive(pids)).toEqual([]);
});

test('a second start in the same folder is refused while the first runs', async () => {
  const { pid, pids, ended } = await startElsewhere("only: ['nats']");
  await expect(startEngines({ dir, clusters })).rejects.toThrow(EngineError);
  expect(alive(pids)).toHaveLength(1);
  process.kill(pid, 'SIGKILL');
  await ended;
});

test('what an earlier run has left behind is stopped before the next', async () => {
  const { pid, pids, ended } = await startElsewhere("only: ['nats', 'redis'], outlive: true");
  process.kill(pid, 'SIGKILL');
  await ended;
  const lines: string[] = [];
  const engines = await startEngines({ dir, clusters, only: ['nats'], onProgress: (line) => lines.push(line) });
  expect(alive(pids)).toEqual([]);
  expect(lines[0]).toBe('stopped nats, redis of an earlier run');
  await engines.stop();
});

test('a taken port is replaced by a free one', async () => {
  const other = mkdtempSync(join(tmpdir(), 'nv-engines-'));
  const first = await startEngines({ dir, clusters, only: ['redis'] });
  const port = Number(new URL(first.redisUrl).port);
  const second = await startEngines({ dir: other, clusters, only: ['redis'], ports: { redis: port } });
  expect(Number(new URL(second.redisUrl).port)).not.toBe(port);
  await second.stop();
  await removeEngines(other);
  await first.stop();
});

test('where PostgreSQL’s user cannot enter, its data lie elsewhere and go when the engines are removed', async () => {
  const closed = join(dir, 'closed');
  rmSync(closed, { recursive: true, force: true });
  const inside = join(closed, 'engines');
  await run('mkdir', ['-m', '0700', closed]);
  const engines = await startEngines({ dir: inside, clusters, only: ['postgres'] });
  expect(await query(engines.databaseUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
  await engines.stop();
  const data = readRecord(inside)?.postgresDir ?? '';
  if (process.getuid?.() === 0) expect(data).toMatch(/^\/var\/lib\/netverdict\//);
  await removeEngines(inside);
  expect(existsSync(data)).toBe(false);
});
