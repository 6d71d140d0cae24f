/** `<dir>/engines.json`: what runs where, so that another process can use, stop or clean up the engines. */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { identify, isAlive, type ProcessId, terminate } from './process.ts';

export const ENGINE_NAMES = ['nats', 'redis', 'postgres'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

export interface EnginesRecord {
  /** The process that started them. */
  readonly owner: ProcessId;
  readonly processes: Readonly<Partial<Record<EngineName, ProcessId>>>;
  readonly ports: Readonly<Record<EngineName, number>>;
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** PostgreSQL's data, outside `dir` where its user could not reach into `dir`. */
  readonly postgresDir: string;
}

/** postmaster: SIGINT is the fast shutdown, SIGTERM would wait for clients. */
export const STOP_SIGNAL: Readonly<Record<EngineName, 'SIGTERM' | 'SIGINT'>> = {
  nats: 'SIGTERM',
  redis: 'SIGTERM',
  postgres: 'SIGINT',
};
export const STOP_GRACE_MS = 5000;

const file = (dir: string): string => join(dir, 'engines.json');

/** For a data folder that another user must reach: one name per `dir`. */
export const nameFor = (dir: string): string => createHash('sha256').update(resolve(dir)).digest('hex').slice(0, 12);

/** Where PostgreSQL's data of an instance lie when its user could not reach into `dir`. */
export const outsidePostgresDir = (dir: string): string => join('/var/lib/netverdict', `postgres-${nameFor(dir)}`);

export function readRecord(dir: string): EnginesRecord | null {
  try {
    return JSON.parse(readFileSync(file(dir), 'utf8')) as EnginesRecord;
  } catch {
    return null;
  }
}

export function writeRecord(dir: string, record: Omit<EnginesRecord, 'owner'>): void {
  const text = JSON.stringify({ owner: identify(process.pid), ...record }, null, 2);
  writeFileSync(`${file(dir)}.new`, `${text}\n`, { mode: 0o600 });
  renameSync(`${file(dir)}.new`, file(dir));
}

export const running = (record: EnginesRecord): EngineName[] =>
  ENGINE_NAMES.filter((name) => {
    const id = record.processes[name];
    return id !== undefined && isAlive(id);
  });

/** Stops whatever of the recorded engines still runs. Their data stays. @returns which ran */
export async function stopEngines(dir: string): Promise<EngineName[]> {
  const record = readRecord(dir);
  if (!record) return [];
  const names = running(record);
  await Promise.all(
    names.map(async (name) => {
      const id = record.processes[name];
      if (id) await terminate(id, STOP_SIGNAL[name], STOP_GRACE_MS);
    }),
  );
  return names;
}

/** Stops them and removes all data. */
export async function removeEngines(dir: string): Promise<void> {
  await stopEngines(dir);
  // Not from the record: a start that was interrupted has not written one.
  for (const folder of [dir, outsidePostgresDir(dir)]) rmSync(folder, { recursive: true, force: true });
}
