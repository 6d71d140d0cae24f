/** `netverdict ping-mesh`: begins a mesh, waits for its round, prints who reaches whom as a matrix. */
import { setTimeout as pause } from 'node:timers/promises';
import type { PingCell, PingMeshDocument, PingMeshRequested } from '@netverdict/contracts';
import { type NetverdictClient, problemFrom } from '@netverdict/sdk';
import { duration, whole } from '../duration.ts';
import { parseSource } from '../endpoint.ts';
import { EXIT, SystemError, UsageError } from '../exit-codes.ts';
import { print, printTable } from '../terminal/print.ts';

export interface PingMeshOptions {
  readonly protocol: string;
  readonly port?: string;
  readonly attempts?: string;
  readonly every?: string;
  readonly cluster?: string;
  readonly json?: boolean;
}

const POLL_MS = 300;
const PATIENCE_MS = 60_000;

export function pingMeshRequest(ends: readonly string[], options: PingMeshOptions): PingMeshRequested {
  const { protocol, cluster } = options;
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'icmp')
    throw new UsageError(`--protocol ${protocol}: write tcp, udp or icmp`);
  if (ends.length < 2)
    throw new UsageError(
      'name at least two ends, such as shop/cart-6f9 node/node-1 10.0.0.7; or list, show ID, stop ID, remove ID',
    );
  return {
    ends: ends.map((end) => {
      const source = parseSource(end);
      if (!source.ok) throw new UsageError(source.error.replace('--from ', ''));
      return source.value;
    }),
    protocol,
    ...(cluster === undefined ? {} : { cluster }),
    ...(options.port === undefined ? {} : { port: whole('--port', options.port) }),
    ...(options.attempts === undefined ? {} : { attempts: whole('--attempts', options.attempts) }),
    ...(options.every === undefined ? {} : { everyMs: duration('--every', options.every) }),
  };
}

/** `2.1/4.0 ms`, with the loss where there is any; or why there is nothing. */
export function cellText({ sent, loss, rttMs, problem }: PingCell): string {
  if (sent === 0) return problem ?? '-';
  const times = rttMs.p50 === null ? '' : `${rttMs.p50.toFixed(1)}/${(rttMs.p95 ?? rttMs.p50).toFixed(1)} ms`;
  if (loss === null || loss === 0) return times;
  return loss === 1 ? 'lost' : `${times} ${Math.round(loss * 100)} % lost`;
}

function printMatrix(cells: readonly PingCell[]): void {
  const of = (what: 'from' | 'to'): string[] => [...new Set(cells.map((cell) => cell[what]))];
  const columns = of('to');
  const problems: string[] = [];
  printTable(
    ['from \\ to', ...columns],
    of('from').map((from) => [
      from,
      ...columns.map((to) => {
        const cell = cells.find((one) => one.from === from && one.to === to);
        if (cell?.problem) problems.push(`${from} → ${to}: ${cell.problem}`);
        return cell === undefined ? '·' : cell.problem ? '!' : cellText(cell);
      }),
    ]),
  );
  print('median/95th percentile of the round trip');
  for (const problem of problems) print(`!  ${problem}`);
}

export async function pingMesh(
  client: NetverdictClient,
  ends: readonly string[],
  options: PingMeshOptions,
): Promise<number> {
  const begun = await client.raw.POST('/api/v1/ping-meshes', { body: pingMeshRequest(ends, options) });
  if (begun.data === undefined) throw problemFrom(begun.response, begun.error);
  let document = begun.data as PingMeshDocument;
  const { id } = document;
  for (const end = performance.now() + PATIENCE_MS; document.rounds[0]?.endedAt == null; await pause(POLL_MS)) {
    if (performance.now() > end || document.rounds[0]?.problem)
      throw new SystemError(document.rounds[0]?.problem ?? `${id} has not ended within ${PATIENCE_MS / 1000} s`);
    const answer = await client.raw.GET('/api/v1/ping-meshes/{id}', { params: { path: { id } } });
    if (answer.data === undefined) throw problemFrom(answer.response, answer.error);
    document = answer.data as PingMeshDocument;
  }
  const [round] = document.rounds;
  if (options.json) print(JSON.stringify(document, null, 2));
  else printMatrix(round?.cells ?? []);
  if (round?.problem) throw new SystemError(round.problem);
  if (options.every !== undefined)
    process.stderr.write(
      `${id} goes on every ${options.every}: netverdict ping-mesh show ${id}; end it: netverdict ping-mesh stop ${id}\n`,
    );
  return (round?.cells ?? []).every(({ loss }) => loss === 0) ? EXIT.reachable : EXIT.unreachable;
}
