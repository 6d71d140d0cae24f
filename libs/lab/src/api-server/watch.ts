/** One watch: the events since a resourceVersion, then those to come, as lines of JSON, with bookmarks. */
import type { ServerResponse } from 'node:http';
import type { KubeObject } from './object.ts';
import { groupVersionOf, type ResourceDefinition } from './resources.ts';
import type { Selector } from './selectors.ts';
import { ApiError } from './status.ts';
import type { Store, StoreEvent } from './store.ts';
import { tableOf } from './table.ts';

export interface WatchRequest {
  readonly resource: ResourceDefinition;
  /** null: all namespaces. */
  readonly namespace: string | null;
  readonly selector: Selector;
  readonly params: URLSearchParams;
  readonly asTable: boolean;
  readonly bookmarkIntervalMs: number;
}

export function serveWatch(store: Store, request: WatchRequest, response: ServerResponse): void {
  const { resource, namespace, selector, params } = request;
  const initial = params.get('sendInitialEvents') === 'true';
  const asked = params.get('resourceVersion') ?? '';
  const fromNow = initial || asked === '' || asked === '0';
  const timeoutMs = 1000 * (Number(params.get('timeoutSeconds')) || 1800 + Math.floor(Math.random() * 1800));

  response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
  response.flushHeaders();
  const send = (type: string, object: object): void => {
    response.write(`${JSON.stringify({ type, object })}\n`);
  };
  const sendObject = (type: string, object: KubeObject): void =>
    send(
      type,
      request.asTable
        ? tableOf(resource, [object], {
            includeObject: params.get('includeObject'),
            metadata: { resourceVersion: object.metadata.resourceVersion },
          })
        : object,
    );
  const bookmark = (annotations?: object): void =>
    send('BOOKMARK', {
      kind: resource.kind,
      apiVersion: groupVersionOf(resource),
      metadata: {
        resourceVersion: String(store.version),
        creationTimestamp: null,
        ...(annotations === undefined ? {} : { annotations }),
      },
    });
  const concerns = (object: KubeObject): boolean =>
    (namespace === null || object.metadata.namespace === namespace) && selector(object);
  const onEvent = (event: StoreEvent): void => {
    if (event.resource !== resource) return;
    const is = event.type !== 'DELETED' && concerns(event.object);
    const was = event.previous !== null && concerns(event.previous);
    // To a watch with a selector, an object comes and goes with its labels.
    if (is) sendObject(was ? 'MODIFIED' : 'ADDED', event.object);
    else if (was) sendObject('DELETED', event.object);
  };

  try {
    if (fromNow) for (const object of store.list(resource, namespace).filter(selector)) sendObject('ADDED', object);
    else for (const event of store.eventsSince(versionOf(asked))) onEvent(event);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // As etcd's watch does: the answer is 200, and its only event the error.
    send('ERROR', error.body);
    response.end();
    return;
  }
  if (initial) bookmark({ 'k8s.io/initial-events-end': 'true' });

  const bookmarks = params.get('allowWatchBookmarks') === 'true';
  const unsubscribe = store.onEvent(onEvent);
  const interval = bookmarks ? setInterval(() => bookmark(), request.bookmarkIntervalMs) : undefined;
  // Before the answer ends, not when it has: nothing may be written in between.
  const stop = (): void => {
    unsubscribe();
    clearInterval(interval);
    clearTimeout(timeout);
  };
  const timeout = setTimeout(() => {
    stop();
    if (bookmarks) bookmark();
    response.end();
  }, timeoutMs);
  response.on('close', stop);
  response.on('error', stop);
}

export function versionOf(text: string): number {
  if (!/^\d+$/.test(text))
    throw new ApiError(
      400,
      'BadRequest',
      `resourceVersion: Invalid value: "${text}": strconv.ParseUint: invalid syntax`,
    );
  return Number(text);
}
