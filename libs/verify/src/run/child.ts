/** Entry of a worker process: takes one job from its parent, answers with a report. */
import type { WorkerJob } from './job.ts';
import { work } from './worker.ts';

process.once('message', (job: WorkerJob) => {
  work({ ...job, progress: (done) => process.send?.({ progress: done }) }).then(
    (report) => process.send?.({ report }, () => process.disconnect()),
    (error: unknown) =>
      process.send?.({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }, () => {
        process.exitCode = 1;
        process.disconnect();
      }),
  );
});
// Without its parent nobody waits for the answer.
process.once('disconnect', () => process.exit());
