/** The connection: made however long it takes, made again whenever it breaks, closed with what is under way finished. */
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node';
import { type BusUser, busUserName, inboxPrefix } from '@netverdict/contracts';
import { ConnectionLost, reasonOf } from './errors.ts';
import { HandledTally } from './handled.ts';

/** The part of pino's logger that is used. */
export interface BusLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface BusOptions {
  /** One or several `nats://host:port`, separated by commas. */
  readonly url: string;
  /** File with the nkey seed; absent only for a server without authentication. */
  readonly nkeySeedFile?: string;
  readonly user: BusUser;
  readonly log?: BusLog;
  /** On how many servers of the NATS cluster a stream is kept that this user makes; 1 when absent. */
  readonly streamReplicas?: number;
  /** Gives up connecting for the first time. Without it `connectBus` tries for ever. */
  readonly signal?: AbortSignal;
}

export interface Link {
  readonly nc: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly user: BusUser;
  readonly log: BusLog;
  readonly streamReplicas: number;
  readonly handled: HandledTally;
  /** Aborted when the bus is closed. */
  readonly closing: AbortSignal;
  readonly connected: () => boolean;
  /** Called after each reconnection; the server may have lost its data. @returns unsubscribes */
  onReconnect(listener: () => void): () => void;
  /** Called when the connection breaks. @returns unsubscribes */
  onDisconnect(listener: () => void): () => void;
  /** The same promise, that fails at once with ConnectionLost when the connection breaks: its answer will not come. */
  unlessLost<T>(work: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const silent: BusLog = { debug() {}, info() {}, warn() {}, error() {} };
const RECONNECT_WAIT_MS = 250;
const MAX_BACKOFF_MS = 5000;

async function connectForEver(options: BusOptions, log: BusLog): Promise<NatsConnection> {
  const { signal } = options;
  for (let attempt = 0; ; attempt++) {
    try {
      const seed = options.nkeySeedFile === undefined ? null : (await readFile(options.nkeySeedFile, 'utf8')).trim();
      return await connect({
        servers: options.url.split(','),
        name: `netverdict ${busUserName(options.user)}`,
        inboxPrefix: inboxPrefix(options.user),
        ...(seed === null ? {} : { authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)) }),
        reconnect: true,
        maxReconnectAttempts: -1,
        reconnectTimeWait: RECONNECT_WAIT_MS,
        // A server that is being reconfigured may refuse a good key for a moment.
        ignoreAuthErrorAbort: true,
        pingInterval: 5000,
        maxPingOut: 2,
        timeout: 5000,
        noAsyncTraces: true,
        resolve: false,
      });
    } catch (error) {
      const waitMs = Math.min(RECONNECT_WAIT_MS * 2 ** Math.min(attempt, 10), MAX_BACKOFF_MS);
      log.warn({ reason: reasonOf(error), attempt: attempt + 1, waitMs }, 'NATS cannot be reached, trying again');
      await pause(waitMs, undefined, signal ? { signal } : {});
    }
  }
}

export async function openLink(options: BusOptions): Promise<Link> {
  const log = options.log ?? silent;
  const nc = await connectForEver(options, log);
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: 3000 });
  const closing = new AbortController();
  const listeners = new Set<() => void>();
  const lossListeners = new Set<() => void>();
  const onDisconnect = (listener: () => void): (() => void) => {
    lossListeners.add(listener);
    return () => lossListeners.delete(listener);
  };
  let connected = true;

  const watch = async (): Promise<void> => {
    for await (const status of nc.status()) {
      if (status.type === 'disconnect') {
        connected = false;
        log.warn({ server: status.server }, 'NATS disconnected');
        for (const listener of lossListeners) listener();
      } else if (status.type === 'reconnect') {
        connected = true;
        log.info({ server: status.server }, 'NATS connected again');
        for (const listener of listeners) listener();
      } else if (status.type === 'error') log.warn({ reason: status.error.message }, 'NATS reports an error');
      else if (status.type === 'slowConsumer') log.warn({}, 'NATS: messages arrive faster than they are handled');
    }
  };
  void watch();
  log.info({ server: nc.getServer(), user: busUserName(options.user) }, 'NATS connected');

  return {
    nc,
    jsm,
    user: options.user,
    log,
    streamReplicas: options.streamReplicas ?? 1,
    handled: new HandledTally(),
    closing: closing.signal,
    connected: () => connected && !nc.isClosed(),
    onReconnect(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onDisconnect,
    unlessLost(work) {
      return new Promise((resolve, reject) => {
        const off = onDisconnect(() => reject(new ConnectionLost('the connection to NATS broke')));
        work.then(resolve, reject).finally(off);
      });
    },
    async close() {
      closing.abort();
      if (nc.isClosed()) return;
      // Draining waits for the server; without one there is nothing to wait for.
      if (connected) await Promise.race([nc.drain().catch(() => {}), pause(1500, undefined, { ref: false })]);
      if (!nc.isClosed()) await nc.close();
    },
  };
}
