/** The API server in a detached process of its own, which outlives the one that brought the lab up. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ApiServerInfo, type ApiServerOptions, READY_FILE } from './start.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 3_000;

/** Resolves when it answers; throws with the end of its log when it does not within 10 s. One that runs already is kept. */
export async function spawnApiServer(options: Pick<ApiServerOptions, 'stateDir' | 'name'>): Promise<ApiServerInfo> {
  const { stateDir } = options;
  const running = runningApiServer(stateDir);
  if (running !== null) return running;
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  rmSync(join(stateDir, READY_FILE), { force: true });
  const logFile = join(stateDir, 'api-server.log');
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(process.execPath, [MAIN, '--state', stateDir, '--name', options.name ?? 'lab'], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
  });
  closeSync(log);
  let failed: string | null = null;
  child.on('error', (error) => {
    failed = error.message;
  });
  child.on('exit', (code, signal) => {
    failed = `it ended with ${signal ?? code}`;
  });
  child.unref();
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && failed === null) {
    const info = readInfo(stateDir);
    if (info?.pid === child.pid && info !== null) return info;
    await sleep(20);
  }
  if (child.pid !== undefined && failed === null) child.kill('SIGKILL');
  const tail = existsSync(logFile) ? readFileSync(logFile, 'utf8').slice(-2000) : '';
  throw new Error(`the lab's API server did not start: ${failed ?? 'no answer for 10 s'}\n${tail}`);
}

/** Ends the process that {@link spawnApiServer} started, if it still runs. */
export async function stopApiServer(stateDir: string): Promise<void> {
  const info = runningApiServer(stateDir);
  if (info !== null) {
    process.kill(info.pid, 'SIGTERM');
    const deadline = Date.now() + STOP_TIMEOUT_MS;
    while (isOurs(info.pid, stateDir) && Date.now() < deadline) await sleep(20);
    if (isOurs(info.pid, stateDir)) process.kill(info.pid, 'SIGKILL');
  }
  rmSync(join(stateDir, READY_FILE), { force: true });
}

/** null: none runs on this state directory. */
export function runningApiServer(stateDir: string): ApiServerInfo | null {
  const info = readInfo(stateDir);
  return info !== null && isOurs(info.pid, stateDir) ? info : null;
}

function readInfo(stateDir: string): ApiServerInfo | null {
  const path = join(stateDir, READY_FILE);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as ApiServerInfo) : null;
}

/** Process ids are used again: what runs under this one must be our main on this directory, and no zombie. */
function isOurs(pid: number, stateDir: string): boolean {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return args.includes(MAIN) && args.includes(stateDir);
  } catch {
    return false;
  }
}
