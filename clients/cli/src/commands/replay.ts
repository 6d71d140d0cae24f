/** `netverdict replay`: a recorded bundle, diagnosed again on this machine, with no service and no network. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parseBundle, replay } from '@netverdict/bundle';
import { renderReport } from '@netverdict/verdict';
import { alteredSections } from '../bundle-digests.ts';
import { exitCodeOf, UsageError } from '../exit-codes.ts';
import { terminalPaint } from '../terminal/paint.ts';
import { print } from '../terminal/print.ts';
import { langOf, type OutputOptions } from './diagnose.ts';

export async function replayBundle(path: string, options: OutputOptions): Promise<number> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new UsageError(`${path} can't be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  const text = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes).toString('utf8') : bytes.toString('utf8');
  const bundle = parseBundle(text);
  if (!bundle.ok) throw new UsageError(`${path} is not a bundle: ${bundle.error}`);
  const altered = alteredSections(bundle.value);
  if (altered.length > 0)
    throw new UsageError(
      `${path} was changed after it was made: the text does not have its digest of ${altered.join(', ')}`,
    );
  const { diagnosis } = replay(bundle.value);
  if (options.json) print(JSON.stringify(diagnosis, null, 2));
  else
    print(renderReport(diagnosis, { lang: langOf(options.lang), paint: terminalPaint, steps: options.steps === true }));
  return exitCodeOf(diagnosis.verdict.outcome);
}
