/** A whole run: the worlds of a seed shared out over worker processes, their reports added up. */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { addReports, emptyReport, type Report } from '../report/report.ts';
import type { WorkerJob } from './job.ts';

export interface VerifyOptions {
  readonly seed: number;
  readonly flows: number;
  readonly workers?: number;
  readonly shrink?: boolean;
  /** File that the judged worlds are written to, for a mutation run; one per worker, with its number. */
  readonly record?: string;
  /** Called after each world. */
  readonly onWorld?: () => void;
}

/** @throws when a worker fails: a failure of the judge is no verdict about the model */
export async function verify(options: VerifyOptions): Promise<Report> {
  const workers = options.workers ?? Math.min(availableParallelism(), 4);
  const reports = await Promise.all(
    Array.from({ length: workers }, (_, worker) =>
      runChild(
        {
          seed: options.seed,
          flows: options.flows,
          worker,
          workers,
          enough: Math.ceil(60 / workers),
          shrink: options.shrink ?? true,
          record: options.record === undefined ? null : workers === 1 ? options.record : `${options.record}.${worker}`,
        },
        options.onWorld,
      ),
    ),
  );
  return reports.reduce(addReports, emptyReport(options.seed, options.flows));
}

function runChild(job: WorkerJob, onWorld: (() => void) | undefined): Promise<Report> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('./child.ts', import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.send(job);
    child.on('message', (message: { report?: Report; failed?: string; progress?: number }) => {
      if (message.report) resolve(message.report);
      else if (message.failed !== undefined) reject(new Error(`worker ${job.worker}: ${message.failed}`));
      else onWorld?.();
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => reject(new Error(`worker ${job.worker} ended (${signal ?? `exit ${code}`})`)));
  });
}
