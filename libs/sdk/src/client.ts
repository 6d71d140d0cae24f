/** The typed client: every route (`raw`), and what one usually wants: ask, follow, list. */
import type {
  AgentConfigurationChange,
  AgentConfigurationDocument,
  AgentDocument,
  BatchFlowDocument,
  DiagnosisBatchDocument,
  DiagnosisBatchRequested,
  DiagnosisDocument,
  DiagnosisRequest,
  DiagnosisSummary,
  EventDocument,
  IncidentDocument,
  NodeDocument,
  ProgressEvent,
} from '@netverdict/contracts';
import createFetchClient, { type Client } from 'openapi-fetch';
import type { paths } from './generated/schema.ts';
import { ConnectionError, problemFrom } from './problem-error.ts';
import { follow } from './stream/follow.ts';
import { followLive, type LiveItem, type LiveOptions } from './stream/live.ts';

export interface ClientOptions {
  /** `http://127.0.0.1:8080` */
  readonly baseUrl: string;
  readonly token: string;
  /** Instead of the global one, for tests. */
  readonly fetch?: typeof fetch;
}

export interface FollowOptions {
  readonly onProgress?: (progress: ProgressEvent) => void;
  readonly signal?: AbortSignal;
}

export interface DiagnoseOptions extends FollowOptions {
  /** The same key gives the same diagnosis. One is made when absent, so that a lost answer can be asked for again. */
  readonly idempotencyKey?: string;
}

export type DiagnosisFilter = NonNullable<paths['/api/v1/diagnoses']['get']['parameters']['query']>;
export type BatchFlowFilter = NonNullable<paths['/api/v1/diagnosis-batches/{id}/flows']['get']['parameters']['query']>;
export type EventFilter = NonNullable<paths['/api/v1/events']['get']['parameters']['query']>;
export type IncidentFilter = NonNullable<paths['/api/v1/incidents']['get']['parameters']['query']>;
export type EventStreamFilter = NonNullable<paths['/api/v1/events/stream']['get']['parameters']['query']>;
export type IncidentStreamFilter = NonNullable<paths['/api/v1/incidents/stream']['get']['parameters']['query']>;

export type NodeFilter = NonNullable<paths['/api/v1/nodes']['get']['parameters']['query']>;

export interface NetverdictClient {
  /** Every route, typed from the OpenAPI document. */
  readonly raw: Client<paths>;
  /** Asks and follows to the end. A diagnosis that failed is returned as such (`status`, `problem`). @throws ProblemError, ConnectionError */
  diagnose(request: DiagnosisRequest, options?: DiagnoseOptions): Promise<DiagnosisDocument>;
  /** Asks; does not wait. */
  submit(
    request: DiagnosisRequest,
    options?: Pick<DiagnoseOptions, 'idempotencyKey' | 'signal'>,
  ): Promise<DiagnosisDocument>;
  /** Follows the live stream to the end, over broken connections and restarts of the server. */
  waitFor(id: string, options?: FollowOptions): Promise<DiagnosisDocument>;
  getDiagnosis(id: string): Promise<DiagnosisDocument>;
  rerun(id: string): Promise<DiagnosisDocument>;
  /** All that match, newest first, page by page as they are asked for. */
  listDiagnoses(filter?: DiagnosisFilter): AsyncGenerator<DiagnosisSummary, void, undefined>;
  /** Up to 1,000 questions at once; does not wait. */
  submitBatch(
    batch: DiagnosisBatchRequested,
    options?: Pick<DiagnoseOptions, 'idempotencyKey' | 'signal'>,
  ): Promise<DiagnosisBatchDocument>;
  /** Follows a batch to its end, over restarts of the server. */
  waitForBatch(
    id: string,
    options?: { readonly onProgress?: (batch: DiagnosisBatchDocument) => void; readonly signal?: AbortSignal },
  ): Promise<DiagnosisBatchDocument>;
  /** In the order of the request. */
  listBatchFlows(id: string, filter?: BatchFlowFilter): AsyncGenerator<BatchFlowDocument, void, undefined>;
  /** The bundle's text: one JSON document. */
  bundle(id: string): Promise<string>;
  listEvents(filter?: EventFilter): AsyncGenerator<EventDocument, void, undefined>;
  listIncidents(filter?: IncidentFilter): AsyncGenerator<IncidentDocument, void, undefined>;
  getIncident(id: string): Promise<IncidentDocument>;
  /** As they come, each once, over broken connections; with `since` what is stored first. Ends with the signal. */
  followEvents(
    filter?: EventStreamFilter,
    options?: LiveOptions,
  ): AsyncGenerator<LiveItem<EventDocument>, void, undefined>;
  followIncidents(
    filter?: IncidentStreamFilter,
    options?: LiveOptions,
  ): AsyncGenerator<LiveItem<IncidentDocument>, void, undefined>;
  listAgents(filter?: { readonly cluster?: string }): Promise<readonly AgentDocument[]>;
  /** The nodes with an agent, their probes and budgets. */
  listNodes(filter?: NodeFilter): AsyncGenerator<NodeDocument, void, undefined>;
  agentConfiguration(of?: { readonly cluster?: string; readonly node?: string }): Promise<AgentConfigurationDocument>;
  /** @throws ProblemError, with status 409 where `ifVersion` is not in force any more */
  configureAgents(change: AgentConfigurationChange): Promise<AgentConfigurationDocument>;
}

/** How long one request waits for the result where nobody wants to see the progress: below what proxies cut off. */
const WAIT_S = 25;

/** Lost answers and a server that restarts: tried again so often, with growing waits. Safe by the idempotency key. */
const TRIES = 6;

interface Answer {
  readonly data?: unknown;
  readonly error?: unknown;
  readonly response: Response;
}

export function createClient(options: ClientOptions): NetverdictClient {
  const base = options.baseUrl.replace(/\/+$/, '');
  const unreachable = (cause: unknown): Error =>
    cause instanceof Error && (cause.name === 'AbortError' || cause instanceof ConnectionError)
      ? cause
      : new ConnectionError(`${base} cannot be reached`, { cause });
  const send = options.fetch ?? fetch;
  // Also for who asks by `raw`: a refused connection has one name.
  const doFetch: typeof fetch = async (...asked) => {
    try {
      return await send(...asked);
    } catch (cause) {
      throw unreachable(cause);
    }
  };
  const headers = { authorization: `Bearer ${options.token}` };
  const raw = createFetchClient<paths>({ baseUrl: base, headers, fetch: doFetch });

  /** The documents' types are contracts': the generated ones describe the same JSON. */
  async function answered<T>(ask: () => Promise<Answer>): Promise<T> {
    let answer: Answer;
    try {
      answer = await ask();
    } catch (cause) {
      throw unreachable(cause);
    }
    if (answer.error !== undefined || !answer.response.ok) throw problemFrom(answer.response, answer.error);
    return answer.data as T;
  }

  async function persistently<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        const away =
          error instanceof ConnectionError || (error instanceof Error && 'status' in error && error.status === 503);
        if (!away || attempt >= TRIES || signal?.aborted) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.min(100 * 2 ** attempt, 2000)));
      }
    }
  }

  function post(
    request: DiagnosisRequest,
    { idempotencyKey = crypto.randomUUID(), signal }: Pick<DiagnoseOptions, 'idempotencyKey' | 'signal'>,
    prefer: { readonly prefer?: string },
  ): Promise<DiagnosisDocument> {
    return persistently(signal, () =>
      answered<DiagnosisDocument>(() =>
        raw.POST('/api/v1/diagnoses', {
          body: request as never,
          params: { header: { 'idempotency-key': idempotencyKey, ...prefer } },
          ...(signal ? { signal } : {}),
        }),
      ),
    );
  }

  const streamOf = (what: 'events' | 'incidents', filter: object) => {
    const given = Object.entries(filter)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]): [string, string] => [name, String(value)]);
    return { url: `${base}/api/v1/${what}/stream?${new URLSearchParams(given)}`, headers, fetch: doFetch };
  };

  const client: NetverdictClient = {
    raw,
    submit: (request, submitOptions = {}) => post(request, submitOptions, {}),
    async diagnose(request, diagnoseOptions = {}) {
      // Without a listener for progress one request does: the answer to it is the result.
      const prefer = diagnoseOptions.onProgress ? {} : { prefer: `wait=${WAIT_S}` };
      const document = await post(request, diagnoseOptions, prefer);
      return document.finishedAt === null ? client.waitFor(document.id, diagnoseOptions) : document;
    },
    waitFor: (id, followOptions = {}) =>
      follow({
        url: `${base}/api/v1/diagnoses/${encodeURIComponent(id)}/events`,
        headers,
        fetch: doFetch,
        ...followOptions,
      }),
    getDiagnosis: (id) => answered(() => raw.GET('/api/v1/diagnoses/{id}', { params: { path: { id } } })),
    rerun: (id) => answered(() => raw.POST('/api/v1/diagnoses/{id}/rerun', { params: { path: { id } } })),
    submitBatch: (batch, { idempotencyKey = crypto.randomUUID(), signal } = {}) =>
      persistently(signal, () =>
        answered<DiagnosisBatchDocument>(() =>
          raw.POST('/api/v1/diagnosis-batches', {
            body: batch as never,
            params: { header: { 'idempotency-key': idempotencyKey } },
            ...(signal ? { signal } : {}),
          }),
        ),
      ),
    async waitForBatch(id, { onProgress, signal } = {}) {
      for (let etag = ''; ; ) {
        const header = { prefer: `wait=${WAIT_S}`, 'if-none-match': etag };
        const ask = () =>
          raw.GET('/api/v1/diagnosis-batches/{id}', {
            params: { path: { id }, header },
            ...(signal ? { signal } : {}),
          });
        const { document, tag } = await persistently(signal, async () => {
          const answer = await ask();
          if (answer.response.status === 304) return { document: null, tag: etag };
          const known = await answered<DiagnosisBatchDocument>(async () => answer);
          return { document: known, tag: answer.response.headers.get('etag') ?? '' };
        });
        etag = tag;
        if (document === null) continue;
        onProgress?.(document);
        if (document.finishedAt !== null) return document;
      }
    },
    async *listBatchFlows(id, filter = {}) {
      for (let cursor: string | null | undefined = filter.cursor; cursor !== null; ) {
        const query: BatchFlowFilter = { limit: 200, ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const page: { items: BatchFlowDocument[]; nextCursor: string | null } = await answered(() =>
          raw.GET('/api/v1/diagnosis-batches/{id}/flows', { params: { path: { id }, query } }),
        );
        yield* page.items;
        cursor = page.nextCursor;
      }
    },
    async bundle(id) {
      const answer = await answered<string>(() =>
        raw.GET('/api/v1/diagnoses/{id}/bundle', { params: { path: { id } }, parseAs: 'text' }),
      );
      return answer;
    },
    async *listDiagnoses(filter = {}) {
      for (let cursor: string | null | undefined = filter.cursor; cursor !== null; ) {
        const query: DiagnosisFilter = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const page: { items: DiagnosisSummary[]; nextCursor: string | null } = await answered(() =>
          raw.GET('/api/v1/diagnoses', { params: { query } }),
        );
        yield* page.items;
        cursor = page.nextCursor;
      }
    },
    async *listEvents(filter = {}) {
      for (let cursor: string | null | undefined = filter.cursor; cursor !== null; ) {
        const query: EventFilter = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const page: { items: EventDocument[]; nextCursor: string | null } = await answered(() =>
          raw.GET('/api/v1/events', { params: { query } }),
        );
        yield* page.items;
        cursor = page.nextCursor;
      }
    },
    async *listIncidents(filter = {}) {
      for (let cursor: string | null | undefined = filter.cursor; cursor !== null; ) {
        const query: IncidentFilter = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const page: { items: IncidentDocument[]; nextCursor: string | null } = await answered(() =>
          raw.GET('/api/v1/incidents', { params: { query } }),
        );
        yield* page.items;
        cursor = page.nextCursor;
      }
    },
    getIncident: (id) => answered(() => raw.GET('/api/v1/incidents/{id}', { params: { path: { id } } })),
    followEvents: (filter = {}, liveOptions = {}) => followLive(streamOf('events', filter), liveOptions),
    followIncidents: (filter = {}, liveOptions = {}) => followLive(streamOf('incidents', filter), liveOptions),
    async listAgents(filter = {}) {
      const list = await answered<{ items: AgentDocument[] }>(() =>
        raw.GET('/api/v1/agents', { params: { query: { ...filter } } }),
      );
      return list.items;
    },
    async *listNodes(filter = {}) {
      for (let cursor: string | null | undefined = filter.cursor; cursor !== null; ) {
        const query: NodeFilter = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const page: { items: NodeDocument[]; nextCursor: string | null } = await answered(() =>
          raw.GET('/api/v1/nodes', { params: { query } }),
        );
        yield* page.items;
        cursor = page.nextCursor;
      }
    },
    agentConfiguration: (of = {}) =>
      answered(() => raw.GET('/api/v1/agent-configuration', { params: { query: { ...of } } })),
    configureAgents: (change) => answered(() => raw.PUT('/api/v1/agent-configuration', { body: change as never })),
  };
  return client;
}
