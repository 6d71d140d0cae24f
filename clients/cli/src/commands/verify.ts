/** `netverdict verify`: random worlds on this machine's kernel, each packet's fate compared with what the simulator says. */
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { fixtureText, type Report, type Run, reportText, verify } from '@netverdict/verify';
import { EXIT, Interrupted, SystemError, UsageError } from '../exit-codes.ts';
import { print } from '../terminal/print.ts';
import { fileToWrite, folderToWrite } from './writable.ts';

export interface VerifyCommandOptions {
  readonly flows: string;
  readonly seed?: string;
  readonly workers?: string;
  readonly json?: boolean;
  readonly output?: string;
  readonly shrink: boolean;
  readonly record?: string;
  readonly fixtures?: string;
}

function wholeNumber(text: string, option: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > 0x7fffffff)
    throw new UsageError(`${option} ${text}: write a whole number from ${least} to 2147483647`);
  return value;
}

/** Exit code 0: no disagreement; 1: at least one; 2: none, but a world that could not be judged, or a packet's trace was lost. */
export async function verifyCommand(options: VerifyCommandOptions): Promise<number> {
  const flows = wholeNumber(options.flows, '--flows', 1);
  const seed =
    options.seed === undefined ? Math.floor(Math.random() * 0x7fffffff) : wholeNumber(options.seed, '--seed', 0);
  const workers = options.workers === undefined ? undefined : wholeNumber(options.workers, '--workers', 1);
  if (options.output !== undefined) fileToWrite('--output', options.output);
  if (options.record !== undefined) fileToWrite('--record', options.record);
  if (options.fixtures !== undefined) folderToWrite('--fixtures', options.fixtures);
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new SystemError('verify makes network namespaces and sends packets in them: it needs Linux and root');
  const started = Date.now();
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const progress = options.json ? null : new Progress(flows);
  try {
    const report = await verify({
      seed,
      flows,
      shrink: options.shrink,
      signal: stop.signal,
      ...(options.record === undefined ? {} : { record: options.record }),
      ...(workers === undefined ? {} : { workers }),
      ...(progress === null ? {} : { onWorld: (judged) => progress.world(judged) }),
    });
    progress?.done();
    const run = recorded(report, Math.round((Date.now() - started) / 1000));
    if (options.output !== undefined) writeFileSync(options.output, `${JSON.stringify(run, null, 1)}\n`);
    if (options.fixtures !== undefined) writeFixtures(options.fixtures, report);
    print(options.json ? JSON.stringify(run) : `${reportText(report)}\n\n${resultLine(report, run.seconds)}`);
    if (report.disagreements.length > 0) return EXIT.unreachable;
    return report.refused.length > 0 || report.untraced > 0 ? EXIT.undetermined : EXIT.reachable;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    progress?.done();
    throw new Interrupted('interrupted; nothing of the worlds is left');
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** The last line, which is the answer. */
export function resultLine(
  { flows, disagreements, undetermined, refused, untraced, seed }: Report,
  seconds: number,
): string {
  const differ = disagreements.length;
  const share = flows === 0 ? 0 : (100 * undetermined) / flows;
  const rest = [
    ...(undetermined === 0 ? [] : [`${undetermined} (${share.toFixed(2)} %) undetermined`]),
    ...(refused.length === 0 ? [] : [`${refused.length} worlds refused by a tool`]),
    ...(untraced === 0 ? [] : [`${untraced} traces lost`]),
  ].join(', ');
  const tail = `${rest === '' ? '' : `; ${rest}`} (seed ${seed}, ${seconds} s)`;
  return differ === 0
    ? `✓  The simulator and this kernel agree on all of ${flows} packets${tail}`
    : `✗  The simulator and this kernel disagree on ${differ} of ${flows} packets${tail}`;
}

function recorded(report: Report, seconds: number): Run {
  const processors = cpus();
  return {
    ...report,
    command: `netverdict verify --flows ${report.flowsWanted} --seed ${report.seed}`,
    kernel: `Linux ${release()}`,
    machine: `${processors.length} × ${processors[0]?.model.trim() ?? 'processor'}`,
    date: new Date().toISOString().slice(0, 10),
    seconds,
  };
}

/** Each disagreement's smallest world. Without a title it is no fixture yet: whoever keeps it says what the kernel does there. */
function writeFixtures(folder: string, report: Report): void {
  for (const { world, flow, shrunk } of report.disagreements) {
    writeFileSync(join(folder, `${world.replace('/', '-')}-${flow}.json`), fixtureText({ title: '', world: shrunk }));
  }
}

/** On a terminal one line that changes; else a line now and then, so that a log shows that it goes on. */
class Progress {
  readonly #wanted: number;
  readonly #started = Date.now();
  #flows = 0;
  #disagreements = 0;
  #told = Date.now();

  constructor(wanted: number) {
    this.#wanted = wanted;
  }

  world(judged: { readonly flows: number; readonly disagreements: number }): void {
    this.#flows += judged.flows;
    this.#disagreements += judged.disagreements;
    if (process.stderr.isTTY) process.stderr.write(`\r${this.#text()}\u001b[K`);
    else if (Date.now() - this.#told > 30_000) {
      this.#told = Date.now();
      process.stderr.write(`${this.#text()}\n`);
    }
  }

  done(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  }

  #text(): string {
    const seconds = (Date.now() - this.#started) / 1000;
    const rate = this.#flows / Math.max(seconds, 1);
    const left = Math.max(0, this.#wanted - this.#flows) / Math.max(rate, 0.1);
    return `${this.#flows} of ${this.#wanted} flows, ${this.#disagreements} disagreements, ${rate.toFixed(0)} a second, ${Math.ceil(left)} s left`;
  }
}
