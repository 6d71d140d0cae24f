/** `netverdict schedules …`: questions asked again and again, their answers, and when those changed. */
import type { Deciding, ScheduleAnswer, ScheduleDocument, ScheduleRequested, ScheduleRun } from '@netverdict/contracts';
import { type NetverdictClient, problemFrom } from '@netverdict/sdk';
import { duration, whole } from '../duration.ts';
import { UsageError } from '../exit-codes.ts';
import { endText } from '../terminal/flow-words.ts';
import { print, printTable } from '../terminal/print.ts';
import { type QuestionOptions, toRequest } from './diagnose.ts';
import { everyText } from './ping-mesh-kept.ts';

export interface AddOptions extends QuestionOptions {
  readonly name?: string;
  readonly every?: string;
  readonly cron?: string;
  readonly timeZone?: string;
  readonly callback?: string;
}
export interface ShowOptions {
  readonly json?: boolean;
  readonly changed?: boolean;
  readonly limit: string;
}

interface Answer<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}
/** @throws the problem that the API told */
function told<T>({ data, error, response }: Answer<unknown>): T {
  if (!response.ok) throw problemFrom(response, error);
  return data as T;
}

const decides = (deciding: readonly Deciding[]): string =>
  deciding.map(({ code, hop }) => (hop === null ? code : `${code} at ${hop}`)).join(', ');
export const answerText = (answer: Pick<ScheduleAnswer, 'outcome' | 'deciding'> | null): string =>
  answer === null ? 'none yet' : [answer.outcome, decides(answer.deciding)].filter((part) => part !== '').join(': ');
export const whenText = ({
  everyMs,
  cron,
  timeZone,
}: Pick<ScheduleDocument, 'everyMs' | 'cron' | 'timeZone'>): string =>
  everyMs === null ? `${cron} (${timeZone})` : everyText(everyMs);

export async function add(client: NetverdictClient, options: AddOptions): Promise<void> {
  const { name, every, cron, timeZone, callback } = options;
  if ((every === undefined) === (cron === undefined)) throw new UsageError('say when: either --every 5m or --cron "…"');
  const { cluster, ...request } = toRequest(options);
  const body: ScheduleRequested = {
    name: name ?? `${options.from} to ${options.to}`,
    ...(cluster === undefined ? {} : { cluster }),
    request,
    ...(every === undefined ? {} : { everyMs: duration('--every', every) }),
    ...(cron === undefined ? {} : { cron }),
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(callback === undefined ? {} : { callbackUrl: callback }),
  };
  const made = told<ScheduleDocument>(await client.raw.POST('/api/v1/schedules', { body: body as never }));
  print(made.id);
  process.stderr.write(`${made.name}: ${whenText(made)}, next ${made.nextRunAt}\n`);
}

export async function list(client: NetverdictClient, { json }: { readonly json?: boolean }): Promise<void> {
  const items: ScheduleDocument[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const query = { limit: 200, ...(cursor === undefined ? {} : { cursor }) };
    const page = told<{ items: ScheduleDocument[]; nextCursor: string | null }>(
      await client.raw.GET('/api/v1/schedules', { params: { query } }),
    );
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  if (json === true) return print(JSON.stringify(items, null, 2));
  if (items.length === 0) return print('no schedule yet: netverdict schedules add --from A --to B --every 5m');
  printTable(
    ['SCHEDULE', 'STATE', 'WHEN', 'NEXT', 'RUNS', 'CHANGES', 'NAME', 'ANSWER'],
    items.map((one) => [
      one.id,
      one.state,
      whenText(one),
      one.nextRunAt ?? '-',
      `${one.runs}${one.missed === 0 ? '' : ` (${one.missed} missed)`}`,
      `${one.changes}`,
      one.name,
      answerText(one.answer),
    ]),
  );
}

export function runText(run: ScheduleRun): string {
  if (run.state === 'missed') return `${run.missed} missed: ${run.reason}`;
  if (run.state === 'running') return 'under way';
  if (run.outcome === null) return `no verdict: ${run.problem?.title ?? 'failed'}`;
  return answerText({ outcome: run.outcome, deciding: [...run.deciding] });
}

export async function show(client: NetverdictClient, id: string, options: ShowOptions): Promise<void> {
  const path = { id };
  const limit = whole('--limit', options.limit, 200);
  const schedule = told<ScheduleDocument>(await client.raw.GET('/api/v1/schedules/{id}', { params: { path } }));
  const query = { limit, ...(options.changed === true ? { changed: true } : {}) };
  const { items } = told<{ items: ScheduleRun[] }>(
    await client.raw.GET('/api/v1/schedules/{id}/runs', { params: { path, query } }),
  );
  if (options.json === true) return print(JSON.stringify({ ...schedule, items }, null, 2));
  const { request, answer } = schedule;
  print(`${schedule.name}: ${endText(request.source)} → ${endText(request.destination)}, ${whenText(schedule)}`);
  print(
    `${schedule.state}${schedule.pausedReason === null ? '' : ` (${schedule.pausedReason})`}, next ${schedule.nextRunAt ?? '-'}`,
  );
  print(`answer: ${answerText(answer)}${answer === null ? '' : `, since ${answer.since}`}\n`);
  printTable(
    ['AT', 'CHANGED', 'DIAGNOSIS', 'ANSWER'],
    items.map((run) => [
      run.startedAt ?? run.dueAt ?? '-',
      run.changed ? 'yes' : '',
      run.diagnosisId ?? '-',
      runText(run),
    ]),
  );
}

export async function pause(client: NetverdictClient, id: string): Promise<void> {
  told(await client.raw.POST('/api/v1/schedules/{id}/pause', { params: { path: { id } } }));
  print(`${id} is paused`);
}

export async function resume(client: NetverdictClient, id: string): Promise<void> {
  const at = told<ScheduleDocument>(
    await client.raw.POST('/api/v1/schedules/{id}/resume', { params: { path: { id } } }),
  );
  print(`${id} goes on, next ${at.nextRunAt}`);
}

export async function runNow(client: NetverdictClient, id: string): Promise<void> {
  const begun = told<{ id: string }>(await client.raw.POST('/api/v1/schedules/{id}/run', { params: { path: { id } } }));
  print(begun.id);
}

export async function remove(client: NetverdictClient, id: string): Promise<void> {
  told(await client.raw.DELETE('/api/v1/schedules/{id}', { params: { path: { id } } }));
  print(`${id} is removed`);
}
