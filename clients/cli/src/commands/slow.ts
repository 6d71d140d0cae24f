/** `netverdict slow`: why is it slow? Real packets, followed; the stages of their way ranked, dearest first. */
import type { NetverdictClient } from '@netverdict/sdk';
import { slowLines } from '@netverdict/verdict';
import { whole } from '../duration.ts';
import { EXIT, SystemError } from '../exit-codes.ts';
import { terminalPaint } from '../terminal/paint.ts';
import { print } from '../terminal/print.ts';
import { langOf, type OutputOptions, printDiagnosis, type QuestionOptions, toRequest } from './diagnose.ts';

export interface SlowOptions extends Omit<QuestionOptions, 'probe'>, Omit<OutputOptions, 'steps'> {
  readonly attempts: string;
}

/** @returns 0 when nothing is slow or lost, 1 when something is, or nothing was answered, else as `diagnose` */
export async function slow(
  client: NetverdictClient,
  options: SlowOptions,
  say: (line: string) => void,
): Promise<number> {
  const lang = langOf(options.lang);
  whole('--attempts', options.attempts, 50);
  const request = toRequest({ ...options, probe: options.attempts });
  const probe = typeof request.probe === 'object' ? request.probe : {};
  const accepted = await client.submit({ ...request, probe: { ...probe, slow: true } });
  const document =
    accepted.finishedAt !== null
      ? accepted
      : await client
          .waitFor(accepted.id, { onProgress: (progress) => say(progress.message) })
          .catch((cause: unknown) => {
            throw new SystemError(`${cause instanceof Error ? cause.message : String(cause)}`, { cause });
          });
  if (!document.probe) return printDiagnosis(document, options);
  if (options.json) print(JSON.stringify(document, null, 2));
  else for (const line of slowLines(document.probe, lang, terminalPaint)) print(line);
  if (document.probe.notMade !== null) return EXIT.undetermined;
  const { total, conclusion } = document.probe.slow ?? {};
  return total && (conclusion === undefined || conclusion.cause === 'nothing') ? EXIT.reachable : EXIT.unreachable;
}
