/**
 * Records the fixtures as a corpus: small worlds that each decide one meaning, beside the random ones.
 *
 *   node libs/verify/src/mutate/record-fixtures.ts FILE [NAME.json…]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { CorpusWriter } from '../corpus/corpus.ts';
import { startKernel } from '../kernel/kernel.ts';
import { judge } from '../run/judge.ts';
import { readFixture } from '../world/fixture.ts';

const folder = new URL('../../fixtures/', import.meta.url);

async function record(file: string, names: readonly string[]): Promise<void> {
  const kernel = await startKernel();
  const corpus = new CorpusWriter(file);
  try {
    for (const name of names)
      corpus.add(await judge(kernel, readFixture(readFileSync(new URL(name, folder), 'utf8'), name).world, null));
  } finally {
    await corpus.close();
    await kernel.close();
  }
}

const [, , file, ...names] = process.argv;
if (file === undefined) {
  process.stderr.write('name the file to write\n');
  process.exitCode = 3;
} else await record(file, names.length > 0 ? names : readdirSync(folder).filter((n) => n.endsWith('.json')));
