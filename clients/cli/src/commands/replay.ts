/** `netverdict replay` and `diagnose --bundle`: the simulator on a recorded bundle, on this machine, with no service and no network. */
import { type Bundle, replay } from '@netverdict/bundle';
import { renderReport } from '@netverdict/verdict';
import { exitCodeOf } from '../exit-codes.ts';
import { readBundle } from '../offline/bundle-file.ts';
import { terminalPaint } from '../terminal/paint.ts';
import { print } from '../terminal/print.ts';
import { langOf, type OutputOptions } from './diagnose.ts';

export const replayBundle = (path: string, options: OutputOptions): number => printReplay(readBundle(path), options);

/** @returns the exit code */
export function printReplay(bundle: Bundle, options: OutputOptions): number {
  const { diagnosis } = replay(bundle);
  if (options.json) print(JSON.stringify(diagnosis, null, 2));
  else
    print(renderReport(diagnosis, { lang: langOf(options.lang), paint: terminalPaint, steps: options.steps === true }));
  return exitCodeOf(diagnosis.verdict.outcome);
}
