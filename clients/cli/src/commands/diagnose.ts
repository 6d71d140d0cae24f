/** `netverdict diagnose`: ask the API, tell the stages while it works, print the answer. */
import type { DiagnosisRequest } from '@netverdict/contracts';
import type { DiagnosisDocument, NetverdictClient } from '@netverdict/sdk';
import { type Lang, renderReport } from '@netverdict/verdict';
import { parseDestination, parseSource } from '../endpoint.ts';
import { EXIT, exitCodeOf, SystemError, UsageError } from '../exit-codes.ts';
import { terminalPaint } from '../terminal/paint.ts';
import { print } from '../terminal/print.ts';

export interface QuestionOptions {
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly cluster?: string;
  readonly size?: string;
  readonly sourcePort?: string;
  readonly fresh?: boolean;
  /** Real packets too; with a number, so many to each target. */
  readonly probe?: boolean | string;
}

export interface OutputOptions {
  readonly lang: string;
  readonly json?: boolean;
  readonly steps?: boolean;
}

export function toRequest(options: QuestionOptions): DiagnosisRequest {
  const { protocol } = options;
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'icmp')
    throw new UsageError(`--protocol ${protocol}: write tcp, udp or icmp`);
  const source = parseSource(options.from);
  if (!source.ok) throw new UsageError(source.error);
  const destination = parseDestination(options.to, protocol);
  if (!destination.ok) throw new UsageError(destination.error);
  const size = options.size === undefined ? undefined : Number(options.size);
  if (size !== undefined && !(Number.isInteger(size) && size >= 28 && size <= 65535))
    throw new UsageError(`--size ${options.size}: write the bytes of an IP packet, 28 to 65535`);
  const port = options.sourcePort === undefined ? undefined : Number(options.sourcePort);
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65535))
    throw new UsageError(`--source-port ${options.sourcePort}: write a port, 1 to 65535`);
  return {
    source: source.value,
    destination: destination.value,
    protocol,
    ...(options.cluster === undefined ? {} : { cluster: options.cluster }),
    ...(size === undefined ? {} : { sizeBytes: size }),
    ...(port === undefined ? {} : { sourcePort: port }),
    ...(options.fresh ? { maxAgeMs: 0 } : {}),
    ...(options.probe === undefined || options.probe === false ? {} : { probe: probeOptions(options.probe) }),
  };
}

function probeOptions(given: true | string): NonNullable<DiagnosisRequest['probe']> {
  if (given === true) return true;
  const attempts = Number(given);
  if (!(Number.isInteger(attempts) && attempts >= 1 && attempts <= 50))
    throw new UsageError(`--probe ${given}: write how many packets to each target, 1 to 50`);
  return { attempts };
}

export function langOf(text: string): Lang {
  if (text !== 'en' && text !== 'zh') throw new UsageError(`--lang ${text}: write en or zh`);
  return text;
}

/** Prints a finished diagnosis. @returns the exit code. */
export function printDiagnosis(document: DiagnosisDocument, options: OutputOptions): number {
  const lang = langOf(options.lang);
  if (options.json) print(JSON.stringify(document, null, 2));
  if (document.status === 'failed' || !document.verdict) {
    const problem = document.problem;
    if (!options.json) {
      print(`!  ${problem?.title ?? `the diagnosis is ${document.status}`}`);
      if (problem?.detail) print(`   ${problem.detail}`);
      const suggestions = problem?.suggestions ?? [];
      if (suggestions.length > 0) print(`   Did you mean ${suggestions.join(', ')}?`);
    }
    // A name that does not exist is the asker's; everything else is ours.
    return problem !== null && /:(unknown-|family-mismatch|unsupported-|ambiguous-|not-)/.test(problem.type)
      ? EXIT.usage
      : EXIT.system;
  }
  if (!options.json)
    print(
      renderReport(
        {
          id: document.id,
          verdict: document.verdict,
          findings: document.findings,
          trace: document.trace ?? { branches: [] },
          ...(document.unexamined === null ? {} : { unexamined: document.unexamined }),
          ...(document.collection === null ? {} : { collection: document.collection }),
          ...(document.timing === null ? {} : { timing: document.timing }),
          ...(document.probe ? { probe: document.probe } : {}),
          ...(document.visibleNamespaces === undefined ? {} : { visibleNamespaces: document.visibleNamespaces }),
        },
        {
          lang,
          paint: terminalPaint,
          steps: options.steps === true,
          secondsSince: (at) => (Date.now() - Date.parse(at)) / 1000,
        },
      ),
    );
  return exitCodeOf(document.verdict.outcome);
}

export async function diagnose(
  client: NetverdictClient,
  options: QuestionOptions & OutputOptions,
  say: (line: string) => void,
): Promise<number> {
  langOf(options.lang);
  const accepted = await client.submit(toRequest(options));
  if (accepted.finishedAt !== null) return printDiagnosis(accepted, options);
  try {
    const document = await client.waitFor(accepted.id, { onProgress: (progress) => say(progress.message) });
    return printDiagnosis(document, options);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SystemError(`${why}. The diagnosis was accepted and goes on: netverdict show ${accepted.id}`, { cause });
  }
}
