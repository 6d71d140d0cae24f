/** `netverdict ping-mesh list|show|stop|remove`: meshes of before, and those that go on. */
import type { PingCell, PingMeshDocument, Source } from '@netverdict/contracts';
import { type NetverdictClient, problemFrom } from '@netverdict/sdk';
import { print, printTable } from '../terminal/print.ts';
import { cellText } from './ping-mesh.ts';

interface Options {
  readonly json?: boolean;
}

interface Answer {
  readonly data?: unknown;
  readonly error?: unknown;
  readonly response: Response;
}

/** @throws the problem that the API told */
function meshOf(answer: Answer): PingMeshDocument {
  if (answer.data === undefined) throw problemFrom(answer.response, answer.error);
  return answer.data as PingMeshDocument;
}

const time = (at: string): string => at.slice(0, 19).replace('T', ' ');

/** `30s`, `5m`, `1h`: as `--every` takes it. */
export function everyText(everyMs: number | undefined): string {
  if (everyMs === undefined) return 'once';
  const [unit, name] = (
    [
      [3_600_000, 'h'],
      [60_000, 'm'],
      [1000, 's'],
      [1, 'ms'],
    ] as const
  ).find(([one]) => everyMs % one === 0) ?? [1, 'ms'];
  return `every ${everyMs / unit}${name}`;
}

const endText = (end: Source): string =>
  Object.entries(end)
    .map(([kind, name]) => (kind === 'ip' ? name : `${kind} ${name}`))
    .join(' ');

/** `no loss`, `12 % lost`, or why it is not known. */
export function roundText(round: PingMeshDocument['rounds'][number] | undefined): string {
  if (round === undefined) return 'no round yet';
  if (round.problem !== null) return round.problem;
  if (round.endedAt === null) return 'under way';
  const sent = round.cells.reduce((sum, cell) => sum + cell.sent, 0);
  const answered = round.cells.reduce((sum, cell) => sum + cell.answered, 0);
  const unsent = round.cells.filter((cell) => cell.sent === 0).length;
  const tail = unsent === 0 ? '' : `, ${unsent} pairs not tried`;
  if (sent === 0) return `nothing was sent${tail}`;
  return `${answered === sent ? 'no loss' : `${(100 * (1 - answered / sent)).toFixed(1)} % lost`}${tail}`;
}

const STATES: Readonly<Record<PingMeshDocument['state'], string>> = {
  scheduled: 'goes on',
  running: 'under way',
  completed: 'ended',
  failed: 'failed',
};

export async function listMeshes(client: NetverdictClient, { json }: Options): Promise<void> {
  const { data, error, response } = await client.raw.GET('/api/v1/ping-meshes', { params: { query: { limit: 200 } } });
  if (data === undefined) throw problemFrom(response, error);
  const items = data.items as PingMeshDocument[];
  if (json === true) return print(JSON.stringify(items, null, 2));
  if (items.length === 0) return print('no ping mesh yet: netverdict ping-mesh END END … [--every 5m]');
  printTable(
    ['MESH', 'STATE', 'HOW OFTEN', 'PROTOCOL', 'LAST ROUND', 'FOUND', 'ENDS'],
    items.map(({ id, state, request, rounds: [last] }) => [
      id,
      STATES[state],
      everyText(request.everyMs),
      `${request.protocol ?? 'icmp'}${request.port === undefined ? '' : ` ${request.port}`}`,
      last === undefined ? '-' : time(last.startedAt),
      roundText(last),
      request.ends.map(endText).join(', '),
    ]),
  );
  if (items.some(({ state }) => state === 'scheduled')) print('\nend one: netverdict ping-mesh stop MESH');
}

/** A table a pair would fill pages: a line a pair, with what each round found, oldest first. */
export async function showMesh(client: NetverdictClient, id: string, { json }: Options): Promise<void> {
  const document = meshOf(await client.raw.GET('/api/v1/ping-meshes/{id}', { params: { path: { id } } }));
  if (json === true) return print(JSON.stringify(document, null, 2));
  const { state, request, createdAt } = document;
  const rounds = [...document.rounds].reverse();
  print(`${id}: ${STATES[state]}, ${everyText(request.everyMs)}, begun ${time(createdAt)} UTC`);
  for (const round of rounds) {
    print('');
    print(`${time(round.startedAt)}  ${roundText(round)}`);
    if (round.cells.length > 0)
      printTable(['  from', 'to', 'sent', 'lost', 'median', '95th', '99th'], round.cells.map(rowOf));
  }
  if (rounds.length === 0) print('no round yet');
}

function rowOf(cell: PingCell): string[] {
  const { from, to, sent, answered, rttMs } = cell;
  if (sent === 0) return [`  ${from}`, to, '0', '-', cellText(cell)];
  const ms = (value: number | null): string => (value === null ? '-' : `${value.toFixed(2)} ms`);
  return [`  ${from}`, to, `${sent}`, `${sent - answered}`, ms(rttMs.p50), ms(rttMs.p95), ms(rttMs.p99)];
}

export async function stopMesh(client: NetverdictClient, id: string): Promise<void> {
  meshOf(await client.raw.POST('/api/v1/ping-meshes/{id}/stop', { params: { path: { id } } }));
  print(`${id} is stopped; what it found stays: netverdict ping-mesh show ${id}`);
}

export async function removeMesh(client: NetverdictClient, id: string): Promise<void> {
  const { error, response } = await client.raw.DELETE('/api/v1/ping-meshes/{id}', { params: { path: { id } } });
  if (!response.ok) throw problemFrom(response, error);
  print(`${id} is removed`);
}
