/** The bus as a service sees it: the catalog's messages, typed. Nothing of NATS's client shows through. */
import type { BusUser, MessageBody, MessageName } from '@netverdict/contracts';
import { type Captures, capturesOf } from './captures.ts';
import { type ConsumeOptions, type Consumption, consume, type Handler } from './consume.ts';
import { type DeadLetters, deadLettersOf } from './dead-letters.ts';
import { reasonOf } from './errors.ts';
import type { Handled } from './handled.ts';
import { type BusOptions, openLink } from './link.ts';
import { type Published, type PublishOptions, publish, publishCore } from './publish.ts';
import {
  type Answers,
  type Reply,
  type RequestName,
  type RequestOptions,
  requestStream,
  type Serving,
  serve,
} from './request.ts';
import { type Sections, SectionsMemory, sectionsOf } from './sections.ts';
import { ensureStreams } from './streams.ts';
import { type Heard, subscribeCore } from './subscribe.ts';

export type { BusOptions };

const CLOSE_GRACE_MS = 1000;

/** Node null: whoever answers for the cluster. */
type Place = { readonly cluster: string; readonly node: string | null };

export interface Bus {
  readonly user: BusUser;
  readonly connected: () => boolean;
  /** Stored messages: returns once the server has it. @throws BusUnavailable, NotPermitted, InvalidMessage */
  publish<N extends MessageName>(
    message: N,
    cluster: string,
    body: MessageBody<N>,
    options: PublishOptions,
  ): Promise<Published>;
  /** Stored messages, shared by all replicas of this user. */
  consume<N extends MessageName>(message: N, handler: Handler<N>, options?: ConsumeOptions<N>): Consumption;
  /** Messages that are not stored; dropped while there is no connection. */
  publishCore<N extends MessageName>(
    message: N,
    cluster: string,
    body: MessageBody<N>,
    options: { readonly id: string; readonly node?: string; readonly service?: string },
  ): Promise<void>;
  subscribeCore<N extends MessageName>(
    message: N,
    where: { readonly cluster: string | null; readonly node?: string },
    handler: (body: MessageBody<N>, heard: Heard) => Promise<void> | void,
  ): { stop(): void };
  requestStream<R extends RequestName>(
    request: R,
    to: Place,
    body: MessageBody<R>,
    options: RequestOptions,
  ): AsyncGenerator<MessageBody<Answers[R]>, void, undefined>;
  serve<R extends RequestName>(
    request: R,
    at: Place,
    handler: (body: MessageBody<R>, reply: Reply<R>) => Promise<void>,
  ): Serving;
  sections(cluster: string): Sections;
  captures(cluster: string): Captures;
  readonly deadLetters: DeadLetters;
  /** What became of the messages consumed so far. */
  handled(): readonly Handled[];
  /** Called after each reconnection. @returns unsubscribes */
  onReconnect(listener: () => void): () => void;
  /** Called when the connection breaks. @returns unsubscribes */
  onDisconnect(listener: () => void): () => void;
  /** Stops consumers and subscriptions, sends what is under way, closes. At most about 3 s. */
  close(): Promise<void>;
}

/**
 * Connects, however long it takes (an AbortSignal ends the waiting), and sees to it that the user's streams are there,
 * now and after each reconnection.
 */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const link = await openLink(options);
  const memory = new SectionsMemory(link);
  const prepare = async (): Promise<void> => {
    try {
      await ensureStreams(link);
    } catch (error) {
      // Publishers and consumers make the stream that they miss; this only makes it sooner.
      link.log.warn({ reason: reasonOf(error) }, 'streams are not ready yet');
    }
  };
  await prepare();
  const consumptions = new Set<Consumption>();
  link.onReconnect(() => void prepare());
  return {
    user: options.user,
    connected: link.connected,
    publish: (message, cluster, body, publishOptions) => publish(link, message, cluster, body, publishOptions),
    consume(message, handler, consumeOptions) {
      const consumption = consume(link, message, handler, consumeOptions);
      consumptions.add(consumption);
      return consumption;
    },
    publishCore: (message, cluster, body, where) => publishCore(link, message, cluster, body, where),
    subscribeCore: (message, where, handler) => subscribeCore(link, message, where, handler),
    requestStream: (request, to, body, requestOptions) => requestStream(link, request, to, body, requestOptions),
    serve: (request, at, handler) => serve(link, request, at, handler),
    sections: (cluster) => sectionsOf(link, memory, cluster),
    captures: (cluster) => capturesOf(link, cluster),
    deadLetters: deadLettersOf(link),
    handled: () => link.handled.list(),
    onReconnect: link.onReconnect,
    onDisconnect: link.onDisconnect,
    async close() {
      await Promise.all([...consumptions].map((consumption) => consumption.stop(CLOSE_GRACE_MS)));
      await link.close();
    },
  };
}
