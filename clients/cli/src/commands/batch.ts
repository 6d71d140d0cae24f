/** `netverdict batch …`: many questions at once, a table of the answers, an exit code by the worst. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { BatchFlowDocument, DiagnosisBatchDocument } from '@netverdict/contracts';
import { type NetverdictClient, problemFrom } from '@netverdict/sdk';
import { EXIT, exitCodeOf, UsageError } from '../exit-codes.ts';
import { causeText, endText } from '../terminal/flow-words.ts';
import { print, printTable } from '../terminal/print.ts';
import { parseFlows } from './flow-file.ts';
import { junit } from './junit.ts';

export interface ShowOptions {
  readonly json?: boolean;
  readonly junit?: string;
}
export interface RunOptions extends ShowOptions {
  readonly cluster?: string;
  readonly description?: string;
  readonly wait?: boolean;
}

export function countsText({ counts, flows }: DiagnosisBatchDocument): string {
  const { waiting, running } = counts;
  const ended = Object.entries(counts).filter(([name, n]) => n > 0 && name !== 'waiting' && name !== 'running');
  const parts = ended.map(([name, n]) => `${n} ${name}`);
  return `${flows - waiting - running} of ${flows}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`;
}

/** The worst of all: no answer at all counts as a part of the system that does not work. */
export function exitCodeOfBatch(
  { counts }: Pick<DiagnosisBatchDocument, 'counts'>,
  flows: readonly BatchFlowDocument[],
): number {
  // A name that does not exist is the asker's.
  const failed = flows.filter(({ state }) => state === 'failed');
  if (failed.some(({ deciding }) => deciding.length === 0) || counts.waiting + counts.running > 0) return EXIT.system;
  if (failed.length > 0 || counts.cancelled > 0) return EXIT.usage;
  const outcomes = flows.flatMap(({ outcome }) => (outcome === null ? [] : [exitCodeOf(outcome)]));
  return Math.max(EXIT.reachable, ...outcomes);
}

async function answer(client: NetverdictClient, batch: DiagnosisBatchDocument, options: ShowOptions): Promise<number> {
  const flows: BatchFlowDocument[] = [];
  for await (const flow of client.listBatchFlows(batch.id)) flows.push(flow);
  if (options.junit !== undefined) writeFileSync(options.junit, junit(flows));
  if (options.json === true) print(JSON.stringify({ ...batch, items: flows }, null, 2));
  else {
    printTable(
      ['#', 'FROM', 'TO', 'PROTOCOL', 'RESULT', 'DIAGNOSIS', 'BECAUSE'],
      flows.map((flow) => [
        `${flow.flow + 1}`,
        endText(flow.request.source),
        endText(flow.request.destination),
        flow.request.protocol ?? 'tcp',
        flow.outcome ?? flow.state,
        flow.diagnosisId ?? '-',
        causeText(flow),
      ]),
    );
    print(`\n${countsText(batch)}`);
  }
  return exitCodeOfBatch(batch, flows);
}

function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

export async function run(
  client: NetverdictClient,
  file: string,
  options: RunOptions,
  say: (line: string) => void,
): Promise<number> {
  const flows = parseFlows(textOf(file), file === '-' ? 'stdin' : file);
  const { cluster, description } = options;
  const accepted = await client.submitBatch({
    ...(cluster === undefined ? {} : { cluster }),
    ...(description === undefined ? {} : { description }),
    flows,
  });
  if (options.wait === false) {
    print(options.json === true ? JSON.stringify(accepted, null, 2) : accepted.id);
    return EXIT.reachable;
  }
  say(`${accepted.id}, ${accepted.flows} flows`);
  return answer(
    client,
    await client.waitForBatch(accepted.id, { onProgress: (batch) => say(countsText(batch)) }),
    options,
  );
}

async function batchOf(client: NetverdictClient, id: string): Promise<DiagnosisBatchDocument> {
  const { data, error, response } = await client.raw.GET('/api/v1/diagnosis-batches/{id}', {
    params: { path: { id } },
  });
  if (data === undefined) throw problemFrom(response, error);
  return data as DiagnosisBatchDocument;
}

export const show = async (client: NetverdictClient, id: string, options: ShowOptions): Promise<number> =>
  answer(client, await batchOf(client, id), options);

export async function list(client: NetverdictClient, { json }: ShowOptions): Promise<void> {
  const { data, error, response } = await client.raw.GET('/api/v1/diagnosis-batches', {});
  if (data === undefined) throw problemFrom(response, error);
  const items = data.items as DiagnosisBatchDocument[];
  if (json === true) return print(JSON.stringify(items, null, 2));
  if (items.length === 0) return print('no batch yet: netverdict batch run FILE');
  printTable(
    ['BATCH', 'STATUS', 'CLUSTER', 'CREATED', 'ENDED', 'DESCRIPTION'],
    items.map((one) => [one.id, one.status, one.cluster, one.createdAt, countsText(one), one.description]),
  );
}

export async function cancel(client: NetverdictClient, id: string): Promise<void> {
  const answered = await client.raw.POST('/api/v1/diagnosis-batches/{id}/cancel', { params: { path: { id } } });
  if (answered.data === undefined) throw problemFrom(answered.response, answered.error);
  const { counts, status } = answered.data;
  print(`${id} is ${status}: ${counts.cancelled} flows were not begun, ${counts.running} come to their end`);
}
