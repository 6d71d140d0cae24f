/** The native load generator (native/load.c), built when it is missing or older than its source. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const FOLDER = fileURLToPath(new URL('native', import.meta.url));
const PROGRAM = `${FOLDER}/build/load`;

export const buildLoad = (): void => void execFileSync('make', ['-s', '-C', FOLDER], { stdio: 'inherit' });

async function run(seconds: number, ...args: readonly (string | number)[]): Promise<string> {
  const { stdout } = await promisify(execFile)(PROGRAM, args.map(String), { timeout: (seconds + 30) * 1000 });
  return stdout;
}

export interface Datagrams {
  /** File of the sender's network namespace. */
  readonly from: string;
  readonly address: string;
  readonly port: number;
  readonly ports: number;
  readonly rate: number;
  readonly seconds: number;
  /** Ports from 20000 on that get `each` datagrams only, spread over the time. */
  readonly rare: number;
  readonly each: number;
}

/** What was sent, by the sender's own count. */
export async function sendDatagrams(of: Datagrams): Promise<{ readonly sent: number; readonly seconds: number }> {
  const { from, address, port, ports, rate, seconds, rare, each } = of;
  const text = await run(seconds, 'datagrams', from, address, port, ports, rate, seconds, rare, each);
  const told = JSON.parse(text) as { sent: number; refused: number; rareSent: number; seconds: number };
  if (told.refused > 0) throw new Error(`${told.refused} datagrams could not be sent`);
  return { sent: told.sent + told.rareSent, seconds: told.seconds };
}

export interface Leg {
  /** Connections, or bytes, a second. */
  readonly rate: number;
  /** CPU time of both ends for each. */
  readonly cpuSecondsEach: number;
}

export async function connectAndCount(
  kind: 'connects' | 'stream',
  ends: { readonly client: string; readonly server: string; readonly address: string; readonly port: number },
  seconds: number,
): Promise<Leg> {
  const text = await run(seconds, kind, ends.client, ends.server, ends.address, ends.port, seconds);
  const told = JSON.parse(text) as { count: number; failed: number; seconds: number; cpuSeconds: number };
  if (told.count === 0 || told.failed > 0) throw new Error(`${told.failed} connections failed, ${told.count} did not`);
  return { rate: told.count / told.seconds, cpuSecondsEach: told.cpuSeconds / told.count };
}

/** The kernel times BPF programs from now on, until the answer is called. */
export async function timePrograms(): Promise<() => void> {
  const child = spawn(PROGRAM, ['bpf-times'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`load bpf-times ended with ${code}`)));
    child.stdout.once('data', () => resolve());
  });
  return () => void child.stdin.end();
}
