/** A whole run: the worlds of a seed shared out over worker processes, their reports added up. */
import { availableParallelism } from 'node:os';
import { addReports, emptyReport, type Report } from '../report/report.ts';
import { forkWorker } from './fork-worker.ts';
import type { WorkerJob, WorldDone } from './job.ts';
import { planOf } from './plan.ts';

export interface VerifyOptions {
  readonly seed: number;
  readonly flows: number;
  readonly workers?: number;
  readonly shrink?: boolean;
  /** File that the judged worlds are written to, for a mutation run; one per worker, with its number. */
  readonly record?: string;
  /** Called after each world. */
  readonly onWorld?: (judged: WorldDone) => void;
  /** Aborted: the workers end, and with them all that they made. */
  readonly signal?: AbortSignal;
}

/** A feature that has decided this many packets of a worker's is no longer asked whether it decides: each asking is an evaluation more. */
const ENOUGH = 60;

/** @throws when a worker fails: a failure of the judge is no verdict about the model */
export async function verify(options: VerifyOptions): Promise<Report> {
  const workers = options.workers ?? Math.min(availableParallelism(), 4);
  const plan = planOf(options.seed, options.flows);
  const reports = await Promise.all(
    Array.from({ length: workers }, (_, worker) =>
      runChild(
        {
          seed: options.seed,
          flows: options.flows,
          worker,
          worlds: plan.filter(({ index }) => index % workers === worker),
          enough: ENOUGH,
          shrink: options.shrink ?? true,
          record: options.record === undefined ? null : workers === 1 ? options.record : `${options.record}.${worker}`,
        },
        options,
      ),
    ),
  );
  return reports.reduce(addReports, emptyReport(options.seed, options.flows));
}

function runChild(job: WorkerJob, { onWorld, signal }: VerifyOptions): Promise<Report> {
  return new Promise((resolve, reject) => {
    const child = forkWorker(new URL('./child.ts', import.meta.url), [], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // Of a group of its own: Ctrl-C comes to the parent, which ends it in order.
      detached: true,
    });
    // The prober and the helper die with their parent, and the namespaces with the prober.
    const end = (): void => void child.kill('SIGKILL');
    signal?.addEventListener('abort', end, { once: true });
    if (signal?.aborted) end();
    child.send(job);
    child.on('message', (message: { report?: Report; failed?: string; progress?: WorldDone }) => {
      if (message.report) resolve(message.report);
      else if (message.failed !== undefined) reject(new Error(`worker ${job.worker}: ${message.failed}`));
      else if (message.progress) onWorld?.(message.progress);
    });
    child.on('error', reject);
    child.on('exit', (code, by) => {
      signal?.removeEventListener('abort', end);
      reject(new Error(`worker ${job.worker} ended (${by ?? `exit ${code}`})`));
    });
  });
}
