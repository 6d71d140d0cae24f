/** The captures of this node: begun once their filter compiles, written to the object store, told how far they are. */
import { setTimeout as pause } from 'node:timers/promises';
import { CAPTURE_LIMITS, type CaptureAnswer, type CaptureOrder, type CaptureStatus } from '@netverdict/contracts';
import type { Captures as CaptureStore } from '@netverdict/messaging';
import type { PodNamespace } from '../domain/pods.ts';
import { type CaptureFrame, type CaptureProcess, NotBuilt, startCaptureProcess } from './helper.ts';
import { uploadOf } from './upload.ts';

export interface CapturesOptions {
  readonly node: string;
  readonly hostNetns: string;
  readonly helperPath: string;
  readonly pods: { list(maxAgeMs: number): Promise<readonly Pick<PodNamespace, 'namespace' | 'name' | 'path'>[]> };
  readonly store: Pick<CaptureStore, 'putPart' | 'putStatus'>;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

export interface Captures {
  /** The same order twice is one capture. */
  begin(order: CaptureOrder): Promise<CaptureAnswer>;
  stop(captureId: string): Promise<CaptureAnswer>;
  /** Ends all, with what they have. */
  close(): Promise<void>;
}

type Refusal = Extract<CaptureAnswer, { kind: 'refused' }>;
type Began = Extract<CaptureAnswer, { kind: 'began' }>;

interface Running {
  readonly answer: Promise<CaptureAnswer>;
  process: CaptureProcess | null;
  over: Promise<void>;
}

/** Of a ring: it ends by its time. */
const NO_LIMIT = 2 ** 40;
/** The last word is worth some patience: without it the api waits for a silent agent. */
const LAST_WORD_TRIES = 6;

const refused = (why: Refusal['why'], message: string): Refusal => ({ kind: 'refused', why, message });

export function capturesOf(options: CapturesOptions): Captures {
  const { node, helperPath, store, log } = options;
  const running = new Map<string, Running>();
  let closing = false;

  async function placeOf(target: CaptureOrder['target']): Promise<{ path: string; name: string } | Refusal> {
    if (target.kind === 'host') return { path: options.hostNetns, name: `node ${node}` };
    const name = `pod ${target.namespace}/${target.name} on ${node}`;
    try {
      for (const maxAgeMs of [1000, 0]) {
        const known = (await options.pods.list(maxAgeMs)).find(
          (pod) => pod.namespace === target.namespace && pod.name === target.name,
        );
        if (known !== undefined) return { path: known.path ?? options.hostNetns, name };
      }
      return refused('target', `no running pod ${target.namespace}/${target.name} on node ${node}`);
    } catch (error) {
      return refused('target', `the container runtime did not answer: ${String(error)}`);
    }
  }

  /** Nothing is opened, nobody's packets are seen. */
  async function filterRefusal({ filter, snapLength }: CaptureOrder): Promise<Refusal | null> {
    const check = startCaptureProcess(helperPath, ['check', filter, `${snapLength}`]);
    const timer = setTimeout(check.kill, 5000);
    try {
      for await (const frame of check.frames) if (frame.type === 'problem') return refused('filter', frame.message);
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  async function launch(order: CaptureOrder, entry: Running): Promise<CaptureAnswer> {
    const refusal = await filterRefusal(order);
    if (refusal !== null) return refusal;
    const place = await placeOf(order.target);
    if ('kind' in place) return place;
    if (closing) return refused('unavailable', 'the agent is stopping');
    const { captureId, filter, files, mostBytes } = order;
    const limits = files === 1 ? [mostBytes, 0] : [NO_LIMIT, mostBytes];
    const process = startCaptureProcess(helperPath, [
      ...['run', place.path, order.interface ?? '', filter, `${order.snapLength}`, `${order.durationMs}`],
      ...limits.map(String),
      ...[place.name, `${place.name}${filter === '' ? '' : `, filter: ${filter}`}; ${captureId}`],
    ]);
    entry.process = process;
    const first = await process.frames.next();
    const opened = first.done ? null : first.value;
    if (opened?.type !== 'opened') {
      process.kill();
      return refused('interface', opened?.type === 'problem' ? opened.message : 'the capturing helper said nothing');
    }
    const { interfaces, leftOut } = opened;
    log.info({ captureId, target: order.target, filter, interfaces, pid: process.pid }, 'a capture begins');
    const answer: Began = { kind: 'began', interfaces: [...interfaces], leftOut: [...leftOut] };
    entry.over = follow(order, answer, process).finally(() => running.delete(captureId));
    return answer;
  }

  async function follow(order: CaptureOrder, began: Began, process: CaptureProcess): Promise<void> {
    const { captureId } = order;
    const upload = uploadOf(store, { node, captureId }, order.files);
    let status: CaptureStatus = {
      captureId,
      state: 'running',
      reason: null,
      interfaces: began.interfaces,
      leftOut: began.leftOut,
      packets: 0,
      bytes: 0,
      dropped: 0,
      startedAt: new Date().toISOString(),
      endedAt: null,
      files: [],
    };
    const take = async (frame: CaptureFrame): Promise<void> => {
      switch (frame.type) {
        case 'data':
          return await upload.add(frame.bytes);
        case 'file':
          return await upload.nextFile();
        case 'progress':
        case 'end': {
          const { packets, bytes, dropped } = frame;
          await upload.flush();
          const end = frame.type === 'end' ? ({ state: 'completed', reason: frame.reason } as const) : {};
          status = { ...status, ...end, packets, bytes, dropped, files: upload.files() };
          // Packets that cannot be stored end a capture; that it cannot be told for a moment does not.
          if (frame.type === 'progress')
            await store.putStatus(node, status).catch((err: unknown) => log.warn({ err, captureId }, 'not told'));
          return;
        }
        case 'problem':
          throw new Error(frame.message);
        case 'opened':
        case 'checked':
          return;
      }
    };
    try {
      await store.putStatus(node, status);
      for (let next = await process.frames.next(); !next.done; next = await process.frames.next())
        await take(next.value);
    } catch (error) {
      process.kill();
      const reason = error instanceof Error ? error.message : String(error);
      status = { ...status, state: 'failed', reason, files: upload.files() };
      log.warn({ err: error, captureId }, 'a capture failed');
    }
    status = { ...status, endedAt: new Date().toISOString() };
    for (let attempt = 1; attempt <= LAST_WORD_TRIES; attempt++)
      try {
        await store.putStatus(node, status);
        break;
      } catch (err) {
        log.warn({ err, captureId, attempt }, 'the end of a capture could not be told');
        if (closing) break;
        await pause(1000 * attempt);
      }
    const { state, reason, packets, dropped } = status;
    log.info({ captureId, state, reason, packets, dropped }, 'a capture ended');
  }

  return {
    async begin(order) {
      const known = running.get(order.captureId);
      if (known !== undefined) return await known.answer;
      if (running.size >= CAPTURE_LIMITS.atOnce)
        return refused('busy', `${running.size} captures run on node ${node}, no more are begun at the same time`);
      const { promise, resolve } = Promise.withResolvers<CaptureAnswer>();
      const entry: Running = { answer: promise, process: null, over: Promise.resolve() };
      running.set(order.captureId, entry);
      const answer = await launch(order, entry).catch((error: unknown) =>
        refused(
          'unavailable',
          error instanceof NotBuilt ? error.message : `the capture could not begin: ${String(error)}`,
        ),
      );
      if (answer.kind !== 'began') running.delete(order.captureId);
      resolve(answer);
      return answer;
    },
    async stop(captureId) {
      const entry = running.get(captureId);
      if (entry === undefined) return refused('unknown', `no capture ${captureId} runs on node ${node}`);
      entry.process?.stop();
      await entry.over;
      return { kind: 'stopped' };
    },
    async close() {
      closing = true;
      const all = [...running.values()];
      for (const { process } of all) process?.stop();
      await Promise.race([Promise.all(all.map(({ over }) => over)), pause(2000, undefined, { ref: false })]);
      for (const { process } of all) process?.kill();
    },
  };
}
