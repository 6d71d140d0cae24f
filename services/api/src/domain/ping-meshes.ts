/** Ping meshes: a round asks the agent of each end to ping all others, side by side, and stores the matrix. */
import type { LocatedEnd, PingCell, PingMeshDocument, PingMeshRequested, ProbeAttempt } from '@netverdict/contracts';
import { type Bus, NoResponder } from '@netverdict/messaging';
import type { PingMeshQueries, PingMeshRow, PingRoundRow } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import { v7 as uuidv7 } from 'uuid';
import { invalidRequest, ProblemError } from '../http/problems.ts';
import { cellOf, unsent } from './ping-matrix.ts';
import { locate, reachable } from './places.ts';

export const PING_MESH_ID = /^pm_[0-9a-f-]{36}$/;

export interface PingMeshes {
  /** @throws ProblemError, before anything was sent */
  create(asked: PingMeshRequested, tokenId: string): Promise<PingMeshDocument>;
  get(id: string): Promise<PingMeshDocument>;
  /** Newest first, each with its last round. */
  list(page: { readonly before?: string; readonly limit: number }): Promise<PingMeshDocument[]>;
  /** No more rounds. */
  stop(id: string): Promise<PingMeshDocument>;
  remove(id: string): Promise<void>;
  /** One round of a mesh that is there; what fails is in the round. */
  round(id: string): Promise<void>;
}

const DEFAULTS = { protocol: 'icmp', attempts: 5 } as const;
const TIMEOUT_MS = 1000;
const PER_SECOND = 100;
const TOTAL_MS = 15_000;
/** A round that has not ended by then never will: its api is gone. */
const LOST_MS = 60_000;
const KEEP_MS = 7 * 24 * 3_600_000;
const ROUNDS_SHOWN = 20;

const unknownMesh = (id: string): ProblemError =>
  new ProblemError({
    type: 'unknown-ping-mesh',
    status: 404,
    title: 'No such ping mesh',
    detail: `There is none ${id}.`,
  });

const family = (address: string): string => (address.includes(':') ? 'ipv6' : 'ipv4');

export function createPingMeshes(
  queries: PingMeshQueries,
  bus: () => Bus | null,
  defaultCluster: string,
  schedule: { set(id: string, everyMs: number): Promise<void>; unset(id: string): Promise<void> },
  log: Log,
): PingMeshes {
  function roundDocument(row: PingRoundRow): PingMeshDocument['rounds'][number] {
    const lost = row.ended_at === null && Date.now() - row.started_at.getTime() > LOST_MS;
    return {
      startedAt: row.started_at.toISOString(),
      endedAt: row.ended_at?.toISOString() ?? null,
      problem: lost ? 'the round was interrupted' : row.problem,
      cells: [...(row.result ?? [])],
    };
  }

  function document(row: PingMeshRow, rows: readonly PingRoundRow[]): PingMeshDocument {
    const rounds = rows.map(roundDocument);
    const [last] = rounds;
    const done = last === undefined || (last.endedAt === null && last.problem === null) ? 'running' : null;
    return {
      id: row.id,
      cluster: row.cluster,
      request: row.request,
      state: row.every_ms !== null ? 'scheduled' : (done ?? (last?.problem === null ? 'completed' : 'failed')),
      createdAt: row.created_at.toISOString(),
      rounds,
    };
  }

  /** Cells from one end to all others. */
  async function from(cluster: string, end: LocatedEnd, others: readonly LocatedEnd[], asked: PingMeshRequested) {
    const { protocol = DEFAULTS.protocol, attempts = DEFAULTS.attempts, port = null } = asked;
    const own = new Set(end.addresses.map(family));
    const addressed = others.map((to) => ({ to, address: to.addresses.find((one) => own.has(family(one))) }));
    const targets = addressed.flatMap(({ address }, i) =>
      address === undefined
        ? []
        : [{ id: `${i}`, protocol, address, port, sourcePort: null, attempts, sizeBytes: null, dontFragment: false }],
    );
    const found = new Map<string, ProbeAttempt[]>();
    let problem: string | null = null;
    if (end.node !== null && targets.length > 0)
      try {
        const request = {
          from: end.pod === null ? { kind: 'host' as const } : { kind: 'pod' as const, ...end.pod },
          ...{ targets, perSecond: PER_SECOND, timeoutMs: TIMEOUT_MS, totalMs: TOTAL_MS, purpose: 'ping mesh' },
        };
        const options = { timeoutMs: TOTAL_MS + 5000, id: `ping/${end.name}/${Date.now()}` };
        const to = { cluster, node: end.node };
        for await (const answer of reachable(bus()).requestStream('probe', to, request, options))
          if (answer.kind === 'error') problem = answer.message;
          else
            for (const attempt of answer.attempts)
              found.set(attempt.target, [...(found.get(attempt.target) ?? []), attempt]);
      } catch (error) {
        problem =
          error instanceof NoResponder
            ? `no agent answers for node ${end.node}`
            : `not asked: ${(error as Error).message}`;
      }
    return addressed.map(({ to, address }, i): PingCell => {
      const attempted = found.get(`${i}`);
      if (attempted !== undefined) return cellOf(end, to, attempted);
      return unsent(end, to, address === undefined ? 'no address of the same family' : (problem ?? 'nothing was sent'));
    });
  }

  async function run(
    row: Pick<PingMeshRow, 'id' | 'cluster' | 'request'>,
    known?: readonly LocatedEnd[],
  ): Promise<void> {
    const seq = await queries.begin(row.id);
    try {
      const ends = known ?? (await locate(reachable(bus()), row.cluster, row.request.ends));
      const sources = ends.filter(({ node }) => node !== null);
      const cells = await Promise.all(
        sources.map((end) =>
          from(
            row.cluster,
            end,
            ends.filter((other) => other !== end),
            row.request,
          ),
        ),
      );
      await queries.end(seq, cells.flat(), null);
    } catch (error) {
      await queries.end(seq, null, (error as Error).message);
      log.warn({ err: error, meshId: row.id }, 'a round of a ping mesh failed');
    }
    await queries.deleteRoundsBefore(new Date(Date.now() - KEEP_MS));
  }

  async function get(id: string): Promise<PingMeshDocument> {
    const row = PING_MESH_ID.test(id) ? await queries.get(id) : null;
    if (row === null) throw unknownMesh(id);
    return document(row, await queries.rounds(id, ROUNDS_SHOWN));
  }

  /** Without Redis the schedule stays: its next round finds the mesh ended or gone, and takes it away. */
  const unschedule = (id: string): Promise<unknown> =>
    schedule
      .unset(id)
      .catch((err: unknown) => log.warn({ err, meshId: id }, 'the schedule of a ping mesh stays until its next round'));

  return {
    async create(asked, tokenId) {
      const protocol = asked.protocol ?? DEFAULTS.protocol;
      if ((protocol === 'icmp') !== (asked.port === undefined))
        throw invalidRequest([
          {
            pointer: '/port',
            detail: protocol === 'icmp' ? 'has no meaning for icmp' : 'is missing',
            expected: protocol === 'icmp' ? 'no port' : `the port that is tried by ${protocol}`,
          },
        ]);
      const cluster = asked.cluster ?? defaultCluster;
      const ends = await locate(reachable(bus()), cluster, asked.ends);
      if (ends.every(({ node }) => node === null))
        throw invalidRequest([
          { pointer: '/ends', detail: 'are all outside of the cluster', expected: 'at least one pod or node' },
        ]);
      const id = `pm_${uuidv7()}`;
      await queries.add({ id, cluster, request: asked, tokenId });
      if (asked.everyMs !== undefined) await schedule.set(id, asked.everyMs);
      log.info({ meshId: id, cluster, ends: ends.length, everyMs: asked.everyMs, tokenId }, 'a ping mesh was begun');
      void run({ id, cluster, request: asked }, ends).catch((err: unknown) =>
        log.warn({ err, meshId: id }, 'a round of a ping mesh could not be stored'),
      );
      return await get(id);
    },
    get,
    async list(page) {
      const rows = await queries.list(page);
      return await Promise.all(rows.map(async (row) => document(row, await queries.rounds(row.id, 1))));
    },
    async stop(id) {
      if (!PING_MESH_ID.test(id) || !(await queries.stop(id))) throw unknownMesh(id);
      await unschedule(id);
      return await get(id);
    },
    async remove(id) {
      if (!PING_MESH_ID.test(id) || !(await queries.remove(id))) throw unknownMesh(id);
      await unschedule(id);
    },
    async round(id) {
      const row = await queries.get(id);
      // Removed or stopped meanwhile: its schedule goes too.
      if (row === null || row.every_ms === null) await schedule.unset(id);
      else await run(row);
    },
  };
}
