/** `netverdict capture`: begins a capture, says how far it is, stops it at Ctrl-C, and writes the packets to a file. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { CaptureDocument, CaptureRequested } from '@netverdict/contracts';
import { type NetverdictClient, problemFrom } from '@netverdict/sdk';
import { duration, size, whole } from '../duration.ts';
import { EXIT, SystemError, UsageError } from '../exit-codes.ts';
import { print } from '../terminal/print.ts';
import { fileToWrite } from './writable.ts';

export interface CaptureOptions {
  readonly pod?: string;
  readonly node?: string;
  readonly cluster?: string;
  readonly interface?: string;
  readonly filter?: string;
  readonly duration: string;
  readonly snapLength?: string;
  readonly size?: string;
  readonly files?: string;
  readonly out: string;
  readonly remove?: boolean;
  readonly json?: boolean;
}

export function captureRequest(options: CaptureOptions): CaptureRequested {
  const { pod, node, cluster, filter } = options;
  if ((pod === undefined) === (node === undefined))
    throw new UsageError('name a pod (--pod namespace/name) or a node (--node name)');
  if (pod !== undefined && !/^[^/]+\/[^/]+$/.test(pod)) throw new UsageError(`--pod ${pod}: write namespace/name`);
  return {
    ...(pod === undefined ? { node: node ?? '' } : { pod }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(options.interface === undefined ? {} : { interface: options.interface }),
    ...(filter === undefined ? {} : { filter }),
    durationMs: duration('--duration', options.duration),
    ...(options.snapLength === undefined ? {} : { snapLength: whole('--snap-length', options.snapLength) }),
    ...(options.size === undefined ? {} : { maxBytes: size('--size', options.size) }),
    ...(options.files === undefined ? {} : { files: whole('--files', options.files) }),
  };
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const POLL_MS = 500;

interface Answer<T> {
  readonly data?: T | undefined;
  readonly error?: unknown;
  readonly response: Response;
}

function told<T>({ data, error, response }: Answer<T>): T {
  if (data === undefined) throw problemFrom(response, error);
  return data;
}

/** Whole, or not there: a file that a download broke off in is no capture. */
async function download(client: NetverdictClient, id: string, out: string): Promise<void> {
  const answer = await client.raw.GET('/api/v1/captures/{id}/packets', { params: { path: { id } }, parseAs: 'stream' });
  if (answer.data === undefined || answer.data === null) throw problemFrom(answer.response, answer.error);
  const packets = Readable.fromWeb(answer.data as never);
  if (out === '-') {
    for await (const chunk of packets) if (!process.stdout.write(chunk as Buffer)) await once(process.stdout, 'drain');
    return;
  }
  const part = `${out}.part`;
  try {
    await pipeline(packets, createWriteStream(part));
    await rename(part, out);
  } catch (error) {
    await rm(part, { force: true });
    throw new SystemError(
      `${out} could not be written: ${(error as Error).message}. The packets are kept: GET /api/v1/captures/${id}/packets`,
    );
  }
}

const ENDS: Readonly<Record<string, string>> = {
  duration: 'the time is over',
  size: 'its size is reached',
  stopped: 'it was stopped',
  'interfaces-gone': 'its interfaces are gone',
};

export async function capture(client: NetverdictClient, options: CaptureOptions): Promise<number> {
  const body = captureRequest(options);
  // Before the packets are caught: they may not come again.
  if (options.out !== '-') fileToWrite('--out', options.out);
  let document: CaptureDocument = told(await client.raw.POST('/api/v1/captures', { body }));
  const { id } = document;
  say(`${id}: ${document.target} on ${document.node}, ${document.interfaces.join(', ') || 'beginning'}`);
  for (const { name, reason } of document.leftOut) say(`without ${name}: ${reason}`);
  let stops = 0;
  const onInterrupt = (): void => {
    stops++;
    if (stops > 1) process.exit(EXIT.interrupted);
    say('stopping; Ctrl-C again leaves it to itself');
    client.raw
      .POST('/api/v1/captures/{id}/stop', { params: { path: { id } } })
      .then(told)
      .catch((error: unknown) =>
        say(`it could not be stopped: ${error instanceof Error ? error.message : String(error)}`),
      );
  };
  process.on('SIGINT', onInterrupt);
  try {
    let shown = -1;
    while (document.state === 'starting' || document.state === 'running') {
      await pause(POLL_MS);
      document = told(await client.raw.GET('/api/v1/captures/{id}', { params: { path: { id } } }));
      if (document.packets !== shown) say(`${document.packets} packets`);
      shown = document.packets;
    }
    const dropped = document.dropped === 0 ? '' : `, ${document.dropped} more had no room`;
    if (document.state === 'failed') say(`the capture failed: ${document.reason ?? 'without a reason'}`);
    else say(`${document.packets} packets${dropped}: ${ENDS[document.reason ?? ''] ?? document.reason ?? 'done'}`);
    if (document.bytes > 0) {
      await download(client, id, options.out);
      if (options.out !== '-') say(`written to ${options.out}`);
      if (options.remove) await client.raw.DELETE('/api/v1/captures/{id}', { params: { path: { id } } });
    }
    if (options.json && options.out !== '-') print(JSON.stringify(document, null, 2));
    return document.state === 'failed' ? EXIT.system : 0;
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}
