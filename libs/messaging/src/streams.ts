/** The streams and consumers, created by whoever needs them first and again whenever the server has lost them. */
import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import {
  CAPTURES_STREAM,
  CATALOG,
  DEADLETTER_STREAM,
  durableName,
  MANAGED,
  type MessageName,
  SECTIONS_STREAM,
  subjectOf,
} from '@netverdict/contracts';
import type { Link } from './link.ts';

const HOUR_MS = 3_600_000;
const MIB = 1024 * 1024;

export const SECTIONS_MAX_AGE_MS = 24 * HOUR_MS;
/** Longer than the api keeps a capture: what it lists can be had whole. */
const CAPTURES_MAX_AGE_MS = 26 * HOUR_MS;

type StreamSpec = Partial<StreamConfig> & Pick<StreamConfig, 'name' | 'subjects'>;

const stored = (stream: 'DIAGNOSIS' | 'EVENTS'): string[] =>
  (Object.keys(CATALOG) as MessageName[]).filter((m) => CATALOG[m].stream === stream).map((m) => subjectOf(m, null));

/** Ages and sizes are ceilings against a consumer that never comes; PostgreSQL is the truth. */
const STREAMS: Readonly<Record<string, StreamSpec>> = {
  DIAGNOSIS: { name: 'DIAGNOSIS', subjects: stored('DIAGNOSIS'), max_age: nanos(HOUR_MS), max_bytes: 512 * MIB },
  EVENTS: { name: 'EVENTS', subjects: stored('EVENTS'), max_age: nanos(24 * HOUR_MS), max_bytes: 512 * MIB },
  [DEADLETTER_STREAM]: {
    name: DEADLETTER_STREAM,
    subjects: ['deadletter.*'],
    max_age: nanos(7 * 24 * HOUR_MS),
    max_bytes: 64 * MIB,
  },
  [SECTIONS_STREAM]: {
    name: SECTIONS_STREAM,
    subjects: ['sections.*.*.*'],
    max_age: nanos(SECTIONS_MAX_AGE_MS),
    max_bytes: 1024 * MIB,
    max_msgs_per_subject: 1,
    allow_direct: true,
  },
  [CAPTURES_STREAM]: {
    name: CAPTURES_STREAM,
    subjects: ['captures.>'],
    max_age: nanos(CAPTURES_MAX_AGE_MS),
    max_bytes: 2048 * MIB,
    // Full: the next capture fails and says so, rather than that one of before loses its parts.
    discard: DiscardPolicy.New,
    max_msgs_per_subject: 1,
    allow_direct: true,
  },
};

/** JetStream: "stream name already in use with a different configuration". */
const STREAM_NAME_IN_USE = 10058;

/** Creates the stream, or brings an existing one to this configuration. Does nothing for a role that may not. */
export async function ensureStream(link: Link, stream: string): Promise<void> {
  const spec = STREAMS[stream];
  if (!spec) throw new Error(`no stream ${stream}`);
  if (!MANAGED[link.user.role].includes(stream)) return;
  const config: StreamSpec = {
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    num_replicas: link.streamReplicas,
    duplicate_window: nanos(120_000),
    ...spec,
  };
  try {
    await link.jsm.streams.add(config);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== STREAM_NAME_IN_USE) throw error;
    await link.jsm.streams.update(stream, config);
  }
}

export async function ensureStreams(link: Link): Promise<void> {
  for (const stream of MANAGED[link.user.role]) await ensureStream(link, stream);
}

export interface DurableConsumer {
  readonly stream: string;
  readonly durable: string;
}

export async function ensureConsumer(link: Link, message: MessageName, ackWaitMs: number): Promise<DurableConsumer> {
  const { stream } = CATALOG[message];
  if (stream === null) throw new Error(`${message} is not stored: subscribe to it`);
  const durable = durableName(link.user, message);
  await ensureStream(link, stream);
  await ensureStream(link, DEADLETTER_STREAM);
  await link.jsm.consumers.add(stream, {
    durable_name: durable,
    // One consumer per message: nats-server 2.9 takes a single filter.
    filter_subject: subjectOf(message, link.user.role === 'topology' ? link.user.cluster : null),
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(ackWaitMs),
    // Counted by the consumer (consume.ts): the server's own limit drops the message without a word.
    max_deliver: -1,
  });
  return { stream, durable };
}
