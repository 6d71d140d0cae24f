/**
 * One resource mirrored: list, then watch from there, for ever.
 *
 *   list ─▶ watch ─┬─ event, bookmark ─▶ (resourceVersion moves on)
 *    ▲             ├─ stream ends ─▶ watch again from the last resourceVersion
 *    └── 410 ──────┴─ failure ─▶ back-off ─▶ watch again; after 410 Expired list anew
 */
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiFailure, type Connection, messageOf } from './connection.ts';

export interface Sink {
  /** A list begins. Pages are handed over as they come, so that raw objects of one page only are in memory. */
  replacement(): Replacement;
  upsert(object: object): void;
  remove(object: object): void;
}

export interface Replacement {
  add(objects: readonly object[]): void;
  /** These are all there are; what is missing is gone. Without it nothing has happened. */
  commit(): void;
}

export interface ReflectorState {
  readonly synced: boolean;
  /** May not be read by us (403) or is not served (404). */
  readonly refused: boolean;
  readonly resourceVersion: string;
  readonly lastContactMs: number | null;
  readonly connected: boolean;
  readonly error: string | null;
}

const PAGE = 500;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 15_000;
/** The server ends the watch after this, and bookmarks come about once a minute: silence for longer is a dead connection. */
const WATCH_SECONDS = 240;
const SILENCE_MS = 300_000;

export class Reflector {
  #state: ReflectorState = {
    synced: false,
    refused: false,
    resourceVersion: '',
    lastContactMs: null,
    connected: false,
    error: null,
  };
  readonly #connection: Connection;
  readonly #path: string;
  readonly #sink: Sink;
  readonly #changed: () => void;
  /** The cluster that was listed. */
  #clusterId = '';

  /** `path` with its query, if any: `/api/v1/pods`. `changed` is called when {@link state} is another. */
  constructor(connection: Connection, path: string, sink: Sink, changed: () => void) {
    this.#connection = connection;
    this.#path = path;
    this.#sink = sink;
    this.#changed = changed;
  }

  get state(): ReflectorState {
    return this.#state;
  }

  #set(part: Partial<ReflectorState>): void {
    this.#state = { ...this.#state, ...part };
    this.#changed();
  }

  /** Ends, without a throw, when the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const before = this.#state.lastContactMs;
      try {
        const clusterId = this.#connection.clusterId();
        if (this.#state.resourceVersion === '' || clusterId !== this.#clusterId) await this.#list(signal);
        this.#clusterId = clusterId;
        await this.#watch(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) break;
        const expired = error instanceof ApiFailure && error.code === 410;
        const refused = error instanceof ApiFailure && (error.code === 403 || error.code === 404);
        const message = expired ? 'the server has forgotten our resourceVersion; listing anew' : messageOf(error);
        this.#set({ connected: false, refused, error: message, ...(expired ? { resourceVersion: '' } : {}) });
        // A connection that worked for a while starts the back-off afresh.
        failures = before !== this.#state.lastContactMs ? 1 : failures + 1;
      }
      if (signal.aborted) break;
      const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.max(0, failures - 1));
      await sleep(delay * (0.8 + 0.4 * Math.random()), undefined, { signal }).catch(() => undefined);
    }
    this.#set({ connected: false });
  }

  #url(parameters: Readonly<Record<string, string>>): string {
    const query = new URLSearchParams(parameters).toString();
    return `${this.#path}${this.#path.includes('?') ? '&' : '?'}${query}`;
  }

  async #list(signal: AbortSignal): Promise<void> {
    const replacement = this.#sink.replacement();
    let next = '';
    let version = '';
    do {
      const page = await this.#connection.getJson(
        this.#url({ limit: String(PAGE), ...(next === '' ? {} : { continue: next }) }),
        signal,
      );
      const list = listOf(page);
      replacement.add(list.items);
      version = list.resourceVersion;
      next = list.next;
    } while (next !== '');
    replacement.commit();
    this.#set({
      synced: true,
      refused: false,
      resourceVersion: version,
      lastContactMs: Date.now(),
      connected: true,
      error: null,
    });
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const response = await this.#connection.open(
      this.#url({
        watch: 'true',
        allowWatchBookmarks: 'true',
        timeoutSeconds: String(WATCH_SECONDS),
        resourceVersion: this.#state.resourceVersion,
      }),
      signal,
    );
    this.#set({ connected: true, refused: false, error: null, lastContactMs: Date.now() });
    response.setTimeout(SILENCE_MS, () => response.destroy(new Error('no event and no bookmark for 5 min')));
    for await (const line of linesOf(response)) this.#take(JSON.parse(line));
  }

  #take(event: unknown): void {
    const { type, object } = eventOf(event);
    if (type === 'ERROR') throw new ApiFailure(numberAt(object, 'code'), messageAt(object));
    const version = versionOf(object);
    if (type === 'DELETED') this.#sink.remove(object);
    else if (type === 'ADDED' || type === 'MODIFIED') this.#sink.upsert(object);
    this.#set({ resourceVersion: version || this.#state.resourceVersion, lastContactMs: Date.now() });
  }
}

/** Lines of UTF-8, each event one. A last line without its end is a cut stream and is not given. */
async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  for await (const chunk of response) {
    let rest = chunk as Buffer;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      parts.push(rest.subarray(0, end));
      const line = Buffer.concat(parts).toString('utf8');
      parts = [];
      rest = rest.subarray(end + 1);
      if (line.trim() !== '') yield line;
    }
    if (rest.length > 0) parts.push(rest);
  }
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
const textField = (value: unknown, name: string): string => {
  const found = field(value, name);
  return typeof found === 'string' ? found : '';
};
const numberAt = (value: unknown, name: string): number => Number(field(value, name)) || 0;
const messageAt = (value: unknown): string => textField(value, 'message') || 'the server ended the watch with an error';
const versionOf = (object: object): string => textField(field(object, 'metadata'), 'resourceVersion');

function eventOf(event: unknown): { type: string; object: object } {
  const object = field(event, 'object');
  if (typeof object !== 'object' || object === null) throw new ApiFailure(0, 'a watch event without an object');
  return { type: textField(event, 'type'), object };
}

function listOf(page: unknown): { items: readonly object[]; resourceVersion: string; next: string } {
  const items = field(page, 'items');
  const metadata = field(page, 'metadata');
  // `null` is an empty list of some aggregated servers.
  if (items !== null && !Array.isArray(items)) throw new ApiFailure(0, 'the answer to a list has no items');
  const resourceVersion = textField(metadata, 'resourceVersion');
  return { items: items ?? [], resourceVersion, next: textField(metadata, 'continue') };
}
