/**
 * A live stream of a table (GET …/stream): server-sent events, resumable by Last-Event-ID, the same at every replica.
 *
 *   event: open       id: <place>   data: {at}          the first
 *   event: <name>     id: <place>   data: the document
 *   event: missed     id: <place>   data: {reason}      the place to go on from is not known here: it goes on from now
 *   event: cut-off                  data: {reason}      the reader is too slow; then the stream closes
 *   : heartbeat       id: <place>                       every 10 s in which nothing comes
 */
import { type Cursor, compareCursors, formatCursor, parseCursor } from '@netverdict/store';
import type { FastifyReply } from 'fastify';
import Type, { type TProperties } from 'typebox';
import { follow } from '../domain/live/follow.ts';
import type { LiveTable } from '../domain/live/live.ts';
import { abortOfClient } from '../http/abort.ts';
import { eventFrame, heartbeatFrame, sendEventStream } from '../http/event-stream.ts';
import { invalidRequest, ProblemError } from '../http/problems.ts';

export const LastEventId = Type.Object({
  'last-event-id': Type.Optional(Type.String({ maxLength: 64, description: 'go on behind the event of this id' })),
});

/** The list's conditions, and from when on. */
export const streamQuery = <C extends TProperties>(conditions: C, since: string) =>
  Type.Object(
    { ...conditions, since: Type.Optional(Type.String({ format: 'date-time', description: since })) },
    { additionalProperties: false },
  );

export const STREAM_DESCRIPTION =
  'Begins with an event `open`. `Last-Event-ID` resumes without a gap and without anything twice; without it the stream begins with what is stored since `since`, or with what comes from now on. A reader that is too slow gets `cut-off` with the reason, and can resume.';

const HEARTBEAT_MS = 10_000;
/** Documents are a kilobyte or two. */
const MOST_WAITING = 1000;
/** Of one table at one replica. */
const MOST_STREAMS = 500;

export interface StreamOf<T> {
  readonly table: LiveTable<T>;
  readonly name: string;
  readonly lastEventId: string | undefined;
  /** Begin with what is stored. */
  readonly withStored: boolean;
  readonly wants: (item: T) => boolean;
  readonly documentOf: (item: T) => unknown;
}

export async function sendLiveStream<T>(
  reply: FastifyReply,
  stopping: AbortSignal,
  { table, name, lastEventId, withStored, wants, documentOf }: StreamOf<T>,
): Promise<FastifyReply> {
  if (table.tail.followers() >= MOST_STREAMS)
    throw new ProblemError({
      type: 'too-many-streams',
      status: 503,
      title: 'Too many live streams',
      detail: `${MOST_STREAMS} readers follow here already. Ask another replica, or again later.`,
      headers: { 'retry-after': '10' },
    });
  const asked = placeOf(lastEventId);
  const horizon = await table.arrivals.horizon();
  // An id of another database, or of this one before it was restored: its transactions are not those counted here.
  const unknown = asked !== null && compareCursors(asked, horizon) > 0;
  // From now on is from what is stored now, however far behind this replica's look at it is.
  const from = asked !== null && !unknown ? asked : withStored && !unknown ? 'beginning' : horizon;
  let stuck: NodeJS.Timeout | undefined;
  const signal = abortOfClient(reply, stopping);
  signal.addEventListener('abort', () => clearTimeout(stuck));
  const items = follow(table.arrivals, table.tail, {
    from,
    wants,
    heartbeatMs: HEARTBEAT_MS,
    mostWaiting: MOST_WAITING,
    onTooSlow: () => {
      stuck = setTimeout(() => reply.raw.destroy(), table.stuckMs);
    },
    signal,
  });
  async function* frames(): AsyncGenerator<string> {
    for await (const item of items)
      switch (item.kind) {
        case 'open': {
          const id = formatCursor(item.cursor);
          yield eventFrame({ event: 'open', id, data: { at: new Date().toISOString() } });
          if (unknown) {
            const reason = `Last-Event-ID ${lastEventId} is not known here; what came since is in the list`;
            yield eventFrame({ event: 'missed', id, data: { reason } });
          }
          break;
        }
        case 'arrival':
          yield eventFrame({ event: name, id: formatCursor(item.cursor), data: documentOf(item.item) });
          break;
        case 'heartbeat':
          yield heartbeatFrame(formatCursor(item.cursor));
          break;
        case 'cut-off':
          yield eventFrame({ event: 'cut-off', data: { reason: item.reason } });
      }
  }
  return sendEventStream(reply, frames());
}

function placeOf(lastEventId: string | undefined): Cursor | null {
  if (lastEventId === undefined || lastEventId === '') return null;
  const cursor = parseCursor(lastEventId);
  if (cursor === null)
    throw invalidRequest([
      { pointer: 'last-event-id', detail: `is "${lastEventId}"`, expected: 'the id of an event of this stream' },
    ]);
  return cursor;
}
