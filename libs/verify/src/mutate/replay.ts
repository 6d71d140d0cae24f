/**
 * Asks the (mutated) model about every recorded flow, until one answer is not what the kernel did. Exit code 0: survived;
 * 1: caught, and by which flow; 2: caught by throwing.
 */
import { compare } from '../compare/agree.ts';
import { readCorpus } from '../corpus/corpus.ts';
import { predict } from '../model/predict.ts';
import { modelOf } from '../model/world.ts';

/** A mutant may make the model run in circles: its budget of work ends it, this the rest. */
const MOST_MS = 240_000;

async function replay(path: string): Promise<number> {
  const started = Date.now();
  for await (const world of readCorpus(path)) {
    const model = modelOf(world.collected);
    for (const { flow, observations } of world.flows) {
      const predictions = Array.from({ length: flow.repeat }, (_, attempt) => predict(model, flow, attempt));
      if (compare(predictions, observations).kind !== 'agrees') {
        process.stdout.write(`${world.id} ${flow.id}\n`);
        return 1;
      }
      if (Date.now() - started > MOST_MS) {
        process.stdout.write('time\n');
        return 1;
      }
    }
  }
  return 0;
}

try {
  process.exitCode = await replay(process.argv[2] ?? '');
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message.split('\n')[0] : String(error)}\n`);
  process.exitCode = 2;
}
