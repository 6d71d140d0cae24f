/**
 * Packet captures: begun and stopped by asking the node's agent, followed by reading what it writes beside the packets,
 * removed after a day. The row says what was asked for; the agent's status, as far as it was heard, says the rest.
 */
import type {
  CaptureAnswer,
  CaptureDocument,
  CaptureRequest,
  CaptureRequested,
  CaptureStatus,
} from '@netverdict/contracts';
import { type Bus, NoResponder } from '@netverdict/messaging';
import type { CaptureQueries, CaptureRow } from '@netverdict/store';
import { isUnavailable } from '@netverdict/store';
import type { Log } from '@netverdict/telemetry';
import { v7 as uuidv7 } from 'uuid';
import { invalidRequest, ProblemError } from '../http/problems.ts';
import { locate, reachable, unavailable } from './places.ts';

export const CAPTURE_ID = /^cap_[0-9a-f-]{36}$/;

export interface CaptureService {
  /** @throws ProblemError, before anything was begun */
  begin(asked: CaptureRequested, tokenId: string): Promise<CaptureRow>;
  /** As the agent tells it now. */
  get(id: string): Promise<CaptureRow>;
  stop(id: string): Promise<CaptureRow>;
  /** Stops it where it runs; its packets go with it. */
  remove(id: string): Promise<void>;
  /** The packets that can be had now. */
  packets(row: CaptureRow): { readonly bytes: number; readonly chunks: AsyncGenerator<Uint8Array, void, undefined> };
  close(): Promise<void>;
}

export interface CaptureSettings {
  readonly defaultCluster: string;
  readonly everyMs: number;
  /** Nothing new for so long while it should run: the agent is gone. */
  readonly silentMs: number;
  /** After the end. */
  readonly keepMs: number;
}

export const CAPTURE_SETTINGS = { everyMs: 1000, silentMs: 45_000, keepMs: 24 * 3_600_000 } as const;

const DEFAULTS = { durationMs: 30_000, snapLength: 262_144, maxBytes: 64 * 1024 * 1024, files: 1 } as const;
const MOST_RING_BYTES = 512 * 1024 * 1024;
const ASK_MS = 10_000;
const BATCH = 100;

export const unknownCapture = (id: string): ProblemError =>
  new ProblemError({
    type: 'unknown-capture',
    status: 404,
    title: 'No such capture',
    detail: `There is no capture ${id}. Captures are removed a day after their end.`,
  });

const storedBytes = (status: CaptureStatus | null): number =>
  (status?.files ?? []).reduce((sum, { bytes }) => sum + bytes, 0);

export function captureDocument(row: CaptureRow, keepMs: number = CAPTURE_SETTINGS.keepMs): CaptureDocument {
  const { status } = row;
  return {
    id: row.id,
    cluster: row.cluster,
    node: row.node,
    target: row.target,
    interface: row.interface,
    filter: row.filter,
    snapLength: row.snap_length,
    durationMs: row.duration_ms,
    maxBytes: row.most_bytes,
    files: row.files,
    state: row.state,
    reason: row.reason,
    interfaces: [...(status?.interfaces ?? [])],
    leftOut: [...(status?.leftOut ?? [])],
    packets: status?.packets ?? 0,
    dropped: status?.dropped ?? 0,
    bytes: storedBytes(status),
    createdAt: row.created_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    removedAt: row.ended_at === null ? null : new Date(row.ended_at.getTime() + keepMs).toISOString(),
  };
}

type Refusal = Extract<CaptureAnswer, { kind: 'refused' }>;

function problemOf({ why, message }: Refusal): ProblemError {
  switch (why) {
    case 'filter':
      return invalidRequest([
        { pointer: '/filter', detail: message, expected: 'a filter that libpcap compiles, such as "tcp port 80"' },
      ]);
    case 'interface':
      return invalidRequest([
        { pointer: '/interface', detail: message, expected: 'an interface there on which the filter makes sense' },
      ]);
    case 'target':
      return new ProblemError({ type: 'not-running', status: 409, title: 'It does not run there', detail: message });
    case 'busy':
      return new ProblemError({
        type: 'too-many-captures',
        status: 429,
        title: 'The node has enough to do',
        detail: message,
        headers: { 'retry-after': '10' },
      });
    case 'unavailable':
    case 'unknown':
      return unavailable('The node cannot capture', message);
  }
}

export function createCaptures(
  captures: CaptureQueries,
  bus: () => Bus | null,
  settings: CaptureSettings,
  log: Log,
): CaptureService {
  /** @throws ProblemError when the agent does not answer */
  async function ask(cluster: string, node: string, request: CaptureRequest): Promise<CaptureAnswer> {
    const id = `capture/${request.operation}/${Date.now()}`;
    try {
      const options = { timeoutMs: ASK_MS, id };
      for await (const answer of reachable(bus()).requestStream('capture', { cluster, node }, request, options))
        return answer;
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      throw unavailable(
        `The agent of node ${node} cannot be asked`,
        error instanceof NoResponder
          ? `No agent answers for node ${node}. Does one run there, and is it connected to NATS?`
          : `The agent of node ${node} did not answer in time.`,
      );
    }
    return { kind: 'error', message: 'the agent gave no answer' };
  }

  async function rowOf(id: string): Promise<CaptureRow> {
    const row = CAPTURE_ID.test(id) ? await captures.get(id) : null;
    if (row === null) throw unknownCapture(id);
    return row;
  }

  const isOpen = (row: CaptureRow): boolean => row.state === 'starting' || row.state === 'running';

  /** The agent's word into the row. Without the bus the row is what is known. */
  async function refresh(row: CaptureRow): Promise<void> {
    const connected = bus();
    if (!isOpen(row) || !connected?.connected()) return;
    const status = await connected.captures(row.cluster).status({ node: row.node, captureId: row.id });
    if (status !== null) await captures.report(status);
  }

  async function get(id: string): Promise<CaptureRow> {
    const row = await rowOf(id);
    if (!isOpen(row)) return row;
    await refresh(row).catch((err: unknown) => log.debug({ err, captureId: id }, 'the agent’s status cannot be read'));
    return await rowOf(id);
  }

  async function stop(id: string): Promise<CaptureRow> {
    const row = await rowOf(id);
    if (!isOpen(row)) return row;
    const answer = await ask(row.cluster, row.node, { operation: 'stop', captureId: id });
    if (answer.kind === 'error') throw unavailable('The capture cannot be stopped just now', answer.message);
    const after = await get(id);
    // The agent knows it no more and has told no end: it was restarted.
    if (answer.kind === 'refused' && isOpen(after))
      await captures.fail(id, 'the agent was restarted; what was stored until then is here');
    return await rowOf(id);
  }

  async function discard(row: CaptureRow): Promise<void> {
    await reachable(bus()).captures(row.cluster).remove({ node: row.node, captureId: row.id });
    await captures.remove(row.id);
  }

  async function sweep(): Promise<void> {
    // It is there only after the tables are.
    if (bus() === null) return;
    for (const row of await captures.open(BATCH)) {
      await refresh(row);
      if (row.silent_ms < settings.silentMs || !bus()?.connected()) continue;
      const now = await captures.get(row.id);
      if (now === null || !isOpen(now) || now.updated_at > row.updated_at) continue;
      await captures.fail(row.id, `the agent of node ${row.node} is silent; what was stored until then is here`);
      log.warn({ captureId: row.id, node: row.node }, 'a capture is given up: its agent is silent');
    }
    if (!bus()?.connected()) return;
    for (const row of await captures.endedBefore(new Date(Date.now() - settings.keepMs), BATCH)) await discard(row);
  }

  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;
  const round = (): void => {
    running = sweep()
      .catch((err: unknown) => log[isUnavailable(err) ? 'debug' : 'warn']({ err }, 'captures could not be followed'))
      .finally(() => {
        if (!stopped) timer = setTimeout(round, settings.everyMs);
      });
  };
  timer = setTimeout(round, settings.everyMs);

  async function* chunksOf(row: CaptureRow): AsyncGenerator<Uint8Array, void, undefined> {
    const store = reachable(bus()).captures(row.cluster);
    for (const { file, slot, parts, bytes } of row.status?.files ?? []) {
      let left = bytes;
      for (let part = 0; part < parts && left > 0; part++) {
        const found = await store.part({ node: row.node, captureId: row.id, slot, part, file });
        if (found === null) throw new Error(`part ${part} of file ${file} of ${row.id} is gone`);
        // The last part of a capture that runs may have grown since.
        const piece = found.subarray(0, left);
        left -= piece.length;
        yield piece;
      }
    }
  }

  return {
    async begin(asked, tokenId) {
      const { pod, node } = asked;
      if ((pod === undefined) === (node === undefined))
        throw invalidRequest([
          { pointer: '', detail: 'names both or none of pod and node', expected: 'exactly one of them' },
        ]);
      const order = {
        filter: asked.filter ?? '',
        interface: asked.interface ?? null,
        durationMs: asked.durationMs ?? DEFAULTS.durationMs,
        snapLength: asked.snapLength ?? DEFAULTS.snapLength,
        mostBytes: asked.maxBytes ?? DEFAULTS.maxBytes,
        files: asked.files ?? DEFAULTS.files,
      };
      if (order.files * order.mostBytes > MOST_RING_BYTES)
        throw invalidRequest([
          {
            pointer: '/files',
            detail: `${order.files} files of ${order.mostBytes} bytes are more than a capture may take`,
            expected: `files × maxBytes of at most ${MOST_RING_BYTES}`,
          },
        ]);
      const cluster = asked.cluster ?? settings.defaultCluster;
      const [end] = await locate(reachable(bus()), cluster, [pod === undefined ? { node: node ?? '' } : { pod }]);
      if (end === undefined || end.node === null)
        throw unavailable('The place is not known', 'Topology named no node.');
      const id = `cap_${uuidv7()}`;
      const target = end.pod === null ? { kind: 'host' as const } : { kind: 'pod' as const, ...end.pod };
      await captures.add({
        id,
        cluster,
        node: end.node,
        target: `${end.kind} ${end.name}`,
        pod_namespace: end.pod?.namespace ?? null,
        pod_name: end.pod?.name ?? null,
        interface: order.interface,
        filter: order.filter,
        snap_length: order.snapLength,
        duration_ms: order.durationMs,
        most_bytes: order.mostBytes,
        files: order.files,
        token_id: tokenId,
      });
      try {
        const answer = await ask(cluster, end.node, { operation: 'begin', order: { captureId: id, target, ...order } });
        if (answer.kind === 'refused') throw problemOf(answer);
        if (answer.kind === 'error') throw unavailable('The node cannot capture', answer.message);
      } catch (error) {
        await captures.remove(id);
        throw error;
      }
      log.info(
        { captureId: id, cluster, node: end.node, target, filter: order.filter, tokenId },
        'a capture was begun',
      );
      return await get(id);
    },
    get,
    stop,
    async remove(id) {
      const row = await rowOf(id);
      if (isOpen(row)) await stop(id);
      await discard(row);
      log.info({ captureId: id }, 'a capture was removed');
    },
    packets: (row) => ({ bytes: storedBytes(row.status), chunks: chunksOf(row) }),
    async close() {
      stopped = true;
      if (timer) clearTimeout(timer);
      await running;
    },
  };
}
