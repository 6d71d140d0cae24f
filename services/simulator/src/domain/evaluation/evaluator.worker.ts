/**
 * The evaluation thread: parses, compiles and simulates, with caches by digest. One per process; more by more
 * processes. It owns no connection, so a crash or an endless loop here costs one answer and no more.
 */
import { parentPort } from 'node:worker_threads';
import type { Diagnosis } from '@netverdict/verdict';
import { Evaluator } from './evaluator.ts';
import type { FromEvaluator, ToEvaluator } from './protocol.ts';

if (!parentPort) throw new Error('evaluator.worker.ts runs as a worker thread only');
const port = parentPort;
const evaluator = new Evaluator();

port.on('message', ({ id, job, texts }: ToEvaluator) => {
  const answer = (message: FromEvaluator): void => port.postMessage(message);
  try {
    const outcome = evaluator.evaluate(job, texts);
    if (outcome.kind === 'texts-wanted') answer({ kind: 'texts-wanted', id, digests: outcome.digests });
    else {
      const { trace, ...diagnosis } = outcome.result.diagnosis;
      // The thread's other side puts the trace back, as text.
      const result = { ...outcome.result, diagnosis: diagnosis as Diagnosis };
      answer({ kind: 'result', id, result, trace: JSON.stringify(trace) });
    }
  } catch (error) {
    answer({ kind: 'failed', id, message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
