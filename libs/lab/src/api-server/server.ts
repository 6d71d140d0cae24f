/** HTTP: authentication, paths, bodies; every error becomes a Status. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { discovery, openapiV2 } from './discovery.ts';
import {
  type Answer,
  type Body,
  create,
  get,
  list,
  patch,
  remove,
  removeAll,
  type Target,
  update,
} from './handlers.ts';
import { resourceByPlural } from './resources.ts';
import { parseSelector } from './selectors.ts';
import { ApiError, badRequest, methodNotAllowed, unauthorized, unknownPath } from './status.ts';
import type { Store } from './store.ts';
import { serveWatch, versionOf } from './watch.ts';

const MAX_BODY_BYTES = 3 * 1024 * 1024;

export interface ServerContext {
  readonly store: Store;
  readonly token: string;
  readonly bookmarkIntervalMs: number;
}

export function requestListener(context: ServerContext): RequestListener {
  return (request, response) => {
    serve(context, request, response).catch((error: unknown) => {
      const status =
        error instanceof ApiError
          ? error
          : new ApiError(
              500,
              'InternalError',
              `Internal error occurred: ${error instanceof Error ? error.message : error}`,
            );
      if (response.headersSent) response.destroy();
      else sendJson(response, { code: status.body.code, body: status.body });
    });
  };
}

async function serve(context: ServerContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'https://127.0.0.1');
  const path = url.pathname.replace(/(?<=.)\/$/, '');
  if (path === '/healthz' || path === '/livez' || path === '/readyz') {
    response.writeHead(200, { 'content-type': 'text/plain' }).end('ok');
    return;
  }
  if (!authorized(request, context.token)) throw unauthorized();
  if (path === '/openapi/v2') {
    const { type, body } = openapiV2(request.headers.accept ?? '');
    response.writeHead(200, { 'content-type': type }).end(body);
    return;
  }
  const found = discovery(path);
  if (found !== null) {
    if (request.method !== 'GET') throw methodNotAllowed();
    sendJson(response, { code: 200, body: found });
    return;
  }
  const target = targetOf(path);
  if (target === null) throw unknownPath();

  const asTable = /;as=Table;/.test(`${request.headers.accept ?? ''};`);
  const params = url.searchParams;
  if (request.method === 'GET' && isTrue(params.get('watch'))) {
    if (target.name !== null) params.append('fieldSelector', `metadata.name=${target.name}`);
    const version = params.get('resourceVersion') ?? '';
    if (version !== '') versionOf(version);
    const { store, bookmarkIntervalMs } = context;
    const selector = parseSelector(params.get('labelSelector'), params.getAll('fieldSelector').join(','));
    serveWatch(store, { ...target, selector, params, asTable, bookmarkIntervalMs }, response);
    return;
  }
  const body = await readBody(request);
  sendJson(response, answer(context.store, { method: request.method ?? '', target, params, asTable, body }));
}

interface Call {
  readonly method: string;
  readonly target: Target;
  readonly params: URLSearchParams;
  readonly asTable: boolean;
  readonly body: Body | null;
}

function answer(store: Store, { method, target, params, asTable, body }: Call): Answer {
  const named = target.name !== null;
  const given = (): Body => {
    if (body === null) throw badRequest('the request has no body');
    return body;
  };
  if (method === 'GET') return named ? get(store, target, params, asTable) : list(store, target, params, asTable);
  if (method === 'POST' && !named) return create(store, target, given(), params);
  if (method === 'PUT' && named) return update(store, target, given(), params);
  if (method === 'PATCH' && named) return patch(store, target, given(), params);
  if (method === 'DELETE' && target.subresource === null)
    return named ? remove(store, target, body, params) : removeAll(store, target, params);
  throw methodNotAllowed();
}

/** `/api/v1/namespaces/NS/pods/NAME/status`, `/apis/GROUP/VERSION/PLURAL` and what lies between. */
function targetOf(path: string): Target | null {
  const parts = path.split('/').slice(1).map(decode);
  const [root, ...afterRoot] = parts;
  const [group, version, ...rest] = root === 'api' ? ['', ...afterRoot] : root === 'apis' ? afterRoot : [];
  if (group === undefined || version === undefined) return null;
  // Namespaces are a resource themselves: /namespaces/NS and /namespaces/NS/status name one.
  const scoped = rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status';
  const [plural, name, subresource, ...more] = scoped ? rest.slice(2) : rest;
  const resource = resourceByPlural(group, version, plural ?? '');
  if (resource === undefined || more.length > 0 || scoped !== (resource.namespaced && (scoped || name !== undefined)))
    return null;
  if (subresource !== undefined && subresource !== 'status') return null;
  const namespace = scoped ? (rest[1] ?? null) : null;
  return { resource, namespace, name: name ?? null, subresource: subresource ?? null };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest(`the path is not well encoded: ${part}`);
  }
}

const isTrue = (value: string | null): boolean => value === 'true' || value === '1';

function authorized(request: IncomingMessage, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(request.headers.authorization ?? ''), digest(`Bearer ${token}`));
}

async function readBody(request: IncomingMessage): Promise<Body | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size > MAX_BODY_BYTES) throw new ApiError(413, 'RequestEntityTooLarge', 'the request body is over 3 MiB');
    chunks.push(bytes);
  }
  if (size === 0) return null;
  const type = (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim() ?? '';
  if (!type.endsWith('json') && type !== 'application/apply-patch+yaml')
    throw new ApiError(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format: ${type}; send application/json`,
    );
  try {
    return { type, json: JSON.parse(Buffer.concat(chunks).toString('utf8')) };
  } catch (error) {
    throw badRequest(`the body is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

function sendJson(response: ServerResponse, { code, body }: Answer): void {
  const text = JSON.stringify(body);
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
}
