/** The pipe to the native prober (libs/verify/native/README.md): a command a line, one JSON line for each in the same order. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class ProberError extends Error {
  override readonly name = 'ProberError';
}

export interface Command {
  readonly fields: readonly (string | number)[];
  /** What follows the line: its length is the command's last field. */
  readonly input?: string;
}

export interface Prober {
  readonly pid: number;
  /** Written at once; answered one after the other. @throws ProberError when it stops or cannot do one */
  ask(commands: readonly Command[]): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

export async function startProber(path: string): Promise<Prober> {
  const child: ChildProcess = spawn(path, [], { stdio: ['pipe', 'pipe', 'inherit'], env: {} });
  const waiting: { resolve: (answer: unknown) => void; reject: (error: Error) => void }[] = [];
  let stopped: ProberError | null = null;

  const answer = (): Promise<unknown> => {
    if (stopped !== null) return Promise.reject(stopped);
    return new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
    });
  };
  const stop = (reason: string): void => {
    stopped ??= new ProberError(`the prober stopped: ${reason}`);
    for (const { reject } of waiting.splice(0)) reject(stopped);
  };
  child.on('error', (error) => stop(error.message));
  child.on('exit', (code, signal) => stop(signal ?? `exit ${code}`));
  child.stdin?.on('error', () => {});
  if (child.stdout === null) throw new ProberError('the prober has no output');
  createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
    waiting.shift()?.resolve(JSON.parse(line));
  });

  const hello = (await answer()) as { pid: number; protocol: number };
  if (hello.protocol !== 1) throw new ProberError(`the prober speaks protocol ${hello.protocol}: build it again`);
  return {
    pid: hello.pid,
    async ask(commands) {
      const answers = commands.map(() => answer());
      child.stdin?.write(commands.map(encode).join(''));
      const got = await Promise.all(answers);
      got.forEach((one, index) => {
        const problem = (one as { problem?: string; errno?: string }).problem;
        if (problem !== undefined)
          throw new ProberError(`${commands[index]?.fields.slice(0, 3).join(' ')}: ${problem} ${JSON.stringify(one)}`);
      });
      return got;
    },
    close() {
      if (stopped !== null) return Promise.resolve();
      return new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.stdin?.end();
      });
    },
  };
}

function encode({ fields, input }: Command): string {
  const line = fields.map(String).join('\t');
  // A field that holds a tab or a newline would be another command.
  if (/[\n\0]/.test(line) || fields.some((field) => String(field).includes('\t')))
    throw new ProberError(`no field may hold a tab or a newline: ${JSON.stringify(fields)}`);
  return input === undefined ? `${line}\n` : `${line}\t${Buffer.byteLength(input)}\n${input}`;
}
