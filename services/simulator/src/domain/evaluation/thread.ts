/**
 * The one evaluation thread, seen from the service: a job at a time, each with a time limit. When the thread crashes,
 * runs out of memory or takes too long, the job fails with the reason and the next one gets a new thread.
 */
import { Worker } from 'node:worker_threads';
import { jsonText } from '@netverdict/messaging';
import type { EvaluationJob, EvaluationResult, FromEvaluator, ToEvaluator } from './protocol.ts';

/** The evaluation could not be finished; its message is for the user. */
export class EvaluationFailed extends Error {
  override readonly name = 'EvaluationFailed';
}

export interface ThreadOptions {
  /** Of one evaluation, in milliseconds. */
  readonly limitMs: number;
  readonly maxHeapMb: number;
  /** For tests: another worker's file. */
  readonly file?: URL;
}

/** @returns the text of a section, or null when the object store does not have it. */
export type LoadText = (digest: string) => Promise<string | null>;

/** The trace is published and nothing else: it stays the text that came. */
function withTrace({ result, trace }: FromEvaluator & { kind: 'result' }): EvaluationResult {
  return trace === undefined ? result : { ...result, diagnosis: { ...result.diagnosis, trace: jsonText(trace) } };
}

const WORKER = new URL('./evaluator.worker.ts', import.meta.url);

export class EvaluationThread {
  readonly #options: ThreadOptions;
  #worker: Worker | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #nextId = 1;
  #closed = false;
  #waiting = 0;

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  /** Jobs that wait for the thread, and the one in it. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Loads the thread's modules before the first question has to wait for them. */
  warm(): void {
    this.#start();
  }

  /** @throws EvaluationFailed; whatever `load` throws. */
  async evaluate(job: EvaluationJob, load: LoadText): Promise<EvaluationResult> {
    let texts: ReadonlyMap<string, string | null> = new Map();
    // At most three turns: what it lacks is asked for once, and once more if its cache let go of something meanwhile.
    for (let turn = 0; turn < 3; turn++) {
      const answer = await this.#inTurn(job, texts);
      if (answer.kind === 'result') return withTrace(answer);
      if (answer.kind === 'failed') throw new EvaluationFailed(answer.message);
      const digests = [...new Set([...texts.keys(), ...answer.digests])];
      texts = new Map(await Promise.all(digests.map(async (d) => [d, texts.get(d) ?? (await load(d))] as const)));
    }
    throw new EvaluationFailed('the evaluation keeps asking for sections that it was given');
  }

  /** Jobs wait here, not in the thread: so the time limit is of one job's own work. */
  #inTurn(job: EvaluationJob, texts: ToEvaluator['texts']): Promise<FromEvaluator> {
    this.#waiting += 1;
    const turn = this.#last
      .then(() => this.#run({ id: this.#nextId++, job, texts }))
      .finally(() => {
        this.#waiting -= 1;
      });
    this.#last = turn.catch(() => {});
    return turn;
  }

  #run(message: ToEvaluator): Promise<FromEvaluator> {
    if (this.#closed) return Promise.reject(new EvaluationFailed('the simulator is stopping'));
    const worker = this.#start();
    const { limitMs } = this.#options;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        act();
      };
      const fail = (reason: string, cause?: unknown): void =>
        settle(() => {
          if (this.#worker === worker) this.#worker = null;
          void worker.terminate();
          reject(new EvaluationFailed(reason, { cause }));
        });
      const onMessage = (answer: FromEvaluator): void => {
        if (answer.id === message.id) settle(() => resolve(answer));
      };
      const onError = (error: Error): void => fail(`the evaluation crashed: ${error.message}`, error);
      const onExit = (code: number): void => fail(`the evaluation ended with code ${code}`);
      const timer = setTimeout(() => fail(`the evaluation was stopped after ${limitMs} ms`), limitMs);
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
      worker.postMessage(message);
    });
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(this.#options.file ?? WORKER, {
      resourceLimits: { maxOldGenerationSizeMb: this.#options.maxHeapMb, stackSizeMb: 8 },
    });
    // Between jobs nobody listens: an idle thread that dies is replaced by the next job.
    const gone = (): void => {
      if (this.#worker === worker) this.#worker = null;
    };
    worker.on('error', gone).on('exit', gone);
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }
}
