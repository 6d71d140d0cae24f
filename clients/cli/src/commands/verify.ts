/** `netverdict verify`: random worlds on this machine's kernel, each packet's fate compared with what the simulator says. */
import { writeFileSync } from 'node:fs';
import { reportText, verify } from '@netverdict/verify';
import { EXIT, SystemError, UsageError } from '../exit-codes.ts';
import { print } from '../terminal/print.ts';

export interface VerifyCommandOptions {
  readonly flows: string;
  readonly seed?: string;
  readonly workers?: string;
  readonly json?: boolean;
  readonly output?: string;
  readonly shrink: boolean;
  readonly record?: string;
}

function wholeNumber(text: string, option: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > 0x7fffffff)
    throw new UsageError(`${option} ${text}: write a whole number from ${least} to 2147483647`);
  return value;
}

/** Exit code 0: no disagreement; 1: at least one. */
export async function verifyCommand(options: VerifyCommandOptions): Promise<number> {
  const flows = wholeNumber(options.flows, '--flows', 1);
  const seed =
    options.seed === undefined ? Math.floor(Math.random() * 0x7fffffff) : wholeNumber(options.seed, '--seed', 0);
  const workers = options.workers === undefined ? undefined : wholeNumber(options.workers, '--workers', 1);
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new SystemError('verify makes network namespaces and sends packets in them: it needs Linux and root');
  const started = Date.now();
  const report = await verify({
    seed,
    flows,
    shrink: options.shrink,
    ...(options.record === undefined ? {} : { record: options.record }),
    ...(workers === undefined ? {} : { workers }),
    ...(process.stderr.isTTY ? { onWorld: progress() } : {}),
  });
  const seconds = Math.round((Date.now() - started) / 1000);
  if (options.output !== undefined)
    writeFileSync(options.output, `${JSON.stringify({ ...report, seconds }, null, 1)}\n`);
  print(options.json ? JSON.stringify({ ...report, seconds }) : `${reportText(report)} in ${seconds} s`);
  return report.disagreements.length === 0 ? EXIT.reachable : EXIT.unreachable;
}

function progress(): () => void {
  let worlds = 0;
  return () => {
    worlds++;
    process.stderr.write(`\r${worlds} worlds`);
  };
}
