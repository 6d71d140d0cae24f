/** Runs the kernel's tools. Arguments are always a list: no shell is ever built from input. */
import { spawn } from 'node:child_process';
import { LabError } from './errors.ts';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Killed after this long; default 30 s. */
  readonly timeoutMs?: number;
  readonly cwd?: string;
}

/** Resolves with whatever exit code; rejects only when the program cannot be started. A killed program has code 128+9. */
export function tryRun(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [file, ...args] = argv;
  if (file === undefined) throw new LabError('no command given');
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C', ...options.env },
      timeout: options.timeoutMs ?? 30_000,
      killSignal: 'SIGKILL',
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    // A tool may end without reading all of its input; its exit code says what went wrong.
    child.stdin.on('error', () => {});
    child.on('error', (cause) => reject(new LabError(`cannot run ${file}: ${cause.message}`, { cause })));
    child.on('close', (code) => resolve({ code: code ?? 137, stdout, stderr }));
    child.stdin.end(options.input ?? '');
  });
}

/** @throws LabError with the tool's own words when it exits other than 0. */
export async function run(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await tryRun(argv, options);
  if (code !== 0) throw new LabError(`${argv.join(' ')} failed (${code}): ${(stderr || stdout).trim()}`);
  return stdout;
}

/** Prefix that runs a command in a network namespace, by path. Not `ip netns exec`: that hides the cgroup mounts. */
export const inNetns = (path: string, argv: readonly string[]): readonly string[] => [
  'nsenter',
  `--net=${path}`,
  '--',
  ...argv,
];
