/** PostgreSQL: initdb once, then a server on loopback with a password. Never as root. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { EngineError } from './errors.ts';
import { isReachableByOthers, postgresBinaries } from './postgres-binaries.ts';
import { outsidePostgresDir } from './record.ts';

const run = promisify(execFile);
const USER = 'netverdict';
const DATABASE = 'netverdict';

export interface PostgresPlace {
  /** Holds `data/`; PostgreSQL's user owns it. */
  readonly folder: string;
  readonly dataDir: string;
  readonly bin: string;
  readonly password: string;
  /** Whom it runs as when we are root. */
  readonly as: { readonly uid: number; readonly gid: number } | undefined;
}

/** The system's own user for it, else nobody: initdb wants one that passwd(5) knows. */
function unprivileged(): { uid: number; gid: number } {
  const users = new Map(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name = '', , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]),
  );
  const user = users.get('postgres') ?? users.get('nobody');
  if (!user) throw new EngineError('PostgreSQL does not run as root, and there is neither a user postgres nor nobody');
  return user;
}

/** Root's folders are often closed to others; then the data lie in /var/lib/netverdict. */
function chooseFolder(dir: string, isRoot: boolean): string {
  // `dir` itself is ours: its secrets are in files of mode 0600, passing through it tells nothing.
  if (isRoot) chmodSync(dir, 0o711);
  if (!isRoot || isReachableByOthers(resolve(dir))) return join(dir, 'postgres');
  return outsidePostgresDir(dir);
}

/** Prepares the data folder; the first time that takes about a second. @throws EngineError when initdb fails */
export async function preparePostgres(dir: string): Promise<PostgresPlace> {
  const isRoot = process.getuid?.() === 0;
  const bin = join(await postgresBinaries(isRoot), 'bin');
  const folder = chooseFolder(dir, isRoot);
  const dataDir = join(folder, 'data');
  mkdirSync(dirname(folder), { recursive: true, mode: 0o755 });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // The data's owner stays: a user postgres may have appeared since.
  const owner = existsSync(dataDir) ? statSync(dataDir) : isRoot ? unprivileged() : null;
  const as = isRoot && owner ? { uid: owner.uid, gid: owner.gid } : undefined;
  const passwordFile = join(folder, 'password');
  // PG_VERSION is written first, by an initdb that may then have been killed: the password file comes last, by us.
  if (!existsSync(passwordFile)) {
    rmSync(dataDir, { recursive: true, force: true });
    const password = randomBytes(24).toString('base64url');
    const temporary = join(folder, 'password.new');
    writeFileSync(temporary, password, { mode: 0o600 });
    if (as) for (const path of [folder, temporary]) chownSync(path, as.uid, as.gid);
    await initdb(bin, dataDir, temporary, as);
    writeFileSync(passwordFile, password, { mode: 0o600 });
    rmSync(temporary);
  }
  return { folder, dataDir, bin, password: readFileSync(passwordFile, 'utf8'), as };
}

async function initdb(bin: string, dataDir: string, passwordFile: string, as: PostgresPlace['as']): Promise<void> {
  const args = ['-D', dataDir, '-U', USER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8'];
  args.push('--locale=C', '--no-instructions');
  try {
    const env = { PATH: process.env.PATH ?? '', LC_ALL: 'C' };
    await run(join(bin, 'initdb'), args, { ...(as ?? {}), env, cwd: '/', timeout: 60_000 });
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new EngineError(`initdb failed: ${stderr || String(error)}`, { cause: error });
  }
}

export function postgresArguments(place: PostgresPlace, port: number): string[] {
  // Left by a server that was killed; the caller has made sure that none runs, and its pid may be another's by now.
  rmSync(join(place.dataDir, 'postmaster.pid'), { force: true });
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    shared_buffers: '32MB',
    // A replica of the API takes up to two dozen.
    max_connections: 200,
    // Dynamic shared memory in files: /dev/shm is tiny in many containers.
    dynamic_shared_memory_type: 'mmap',
  };
  return ['-D', place.dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

export const databaseUrl = (password: string, port: number, database = DATABASE): string =>
  `postgres://${USER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;

/** Answers queries, and our database exists. */
export async function postgresAnswers(password: string, port: number): Promise<boolean> {
  const client = new pg.Client({
    connectionString: databaseUrl(password, port, 'postgres'),
    connectionTimeoutMillis: 1000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

export const postgresProgram = (place: PostgresPlace): string => join(place.bin, 'postgres');
