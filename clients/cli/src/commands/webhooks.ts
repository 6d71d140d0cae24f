/** `netverdict webhooks …`: who is told, what became of it, once more. */
import type { DeliveryDocument, WebhookDocument, WebhookRequested } from '@netverdict/contracts';
import { type NetverdictClient, problemFrom } from '@netverdict/sdk';
import { duration, whole } from '../duration.ts';
import { EXIT, UsageError } from '../exit-codes.ts';
import { print, printTable } from '../terminal/print.ts';

export interface ListOptions {
  readonly json?: boolean;
}
export interface AddOptions extends ListOptions {
  readonly event: readonly string[];
  readonly cluster?: readonly string[];
  readonly namespace?: readonly string[];
  readonly outcome?: readonly string[];
  readonly severity?: readonly string[];
  readonly kind?: readonly string[];
  readonly description?: string;
  readonly concurrency?: string;
}
export interface DeliveriesOptions extends ListOptions {
  readonly state?: string;
  readonly limit: string;
}
export interface RotateOptions extends ListOptions {
  readonly overlap: string;
}

interface Answer<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}
function answered<T>({ data, error, response }: Answer<T>): T {
  if (data === undefined) throw problemFrom(response, error);
  return data;
}

const tell = (options: ListOptions, document: unknown, lines: () => void): void =>
  options.json ? print(JSON.stringify(document, null, 2)) : lines();

/** `on`, `off: …`, `paused until …`. */
export function stateOf({ enabled, disabledReason, pausedUntil, failures }: WebhookDocument): string {
  if (!enabled) return disabledReason === null ? 'off' : `off: ${disabledReason}`;
  if (pausedUntil !== null) return `paused until ${pausedUntil} (${failures} failures in a row)`;
  return failures === 0 ? 'on' : `on (${failures} failures in a row)`;
}

const filterText = ({ filter }: WebhookDocument): string =>
  Object.entries(filter)
    .map(([name, values]) => `${name}=${values.join('|')}`)
    .join(' ') || 'all';

function secretLines({ id, secret }: WebhookDocument): void {
  print(id);
  print(`secret: ${secret ?? ''}`);
  process.stderr.write('Keep the secret: it is not shown again (`netverdict webhooks rotate` makes a new one).\n');
}

export async function list(client: NetverdictClient, options: ListOptions): Promise<void> {
  const items: WebhookDocument[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const query = { limit: 200, ...(cursor === undefined ? {} : { cursor }) };
    const page: { items: WebhookDocument[]; nextCursor: string | null } = answered(
      await client.raw.GET('/api/v1/webhooks', { params: { query } }),
    );
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  tell(options, items, () => {
    if (items.length === 0) print('no webhooks: `netverdict webhooks add https://… --event diagnosis.completed`');
    else
      printTable(
        ['ID', 'URL', 'EVENTS', 'FILTER', 'STATE'],
        items.map((one) => [one.id, one.url, one.eventTypes.join(','), filterText(one), stateOf(one)]),
      );
  });
}

export async function add(client: NetverdictClient, url: string, options: AddOptions): Promise<void> {
  const given = {
    clusters: options.cluster,
    namespaces: options.namespace,
    outcomes: options.outcome,
    severities: options.severity,
    kinds: options.kind,
  };
  const filter = Object.fromEntries(Object.entries(given).filter(([, values]) => values !== undefined));
  const { description, concurrency } = options;
  // What is not among the choices is the server's to say, with the list of them.
  const body = {
    url,
    eventTypes: options.event,
    filter,
    ...(description === undefined ? {} : { description }),
    ...(concurrency === undefined ? {} : { concurrency: whole('--concurrency', concurrency) }),
  } as WebhookRequested;
  const webhook = answered(await client.raw.POST('/api/v1/webhooks', { body }));
  tell(options, webhook, () => secretLines(webhook));
}

export async function remove(client: NetverdictClient, id: string): Promise<void> {
  const { response, error } = await client.raw.DELETE('/api/v1/webhooks/{id}', { params: { path: { id } } });
  if (!response.ok) throw problemFrom(response, error);
  print(`${id} is removed`);
}

export async function enable(client: NetverdictClient, id: string, enabled: boolean): Promise<void> {
  const webhook = answered(
    await client.raw.PATCH('/api/v1/webhooks/{id}', { params: { path: { id } }, body: { enabled } }),
  );
  print(`${id}: ${stateOf(webhook)}`);
}

export async function rotate(client: NetverdictClient, id: string, options: RotateOptions): Promise<void> {
  const overlapSeconds = Math.round(duration('--overlap', options.overlap) / 1000);
  const webhook = answered(
    await client.raw.POST('/api/v1/webhooks/{id}/rotate', { params: { path: { id } }, body: { overlapSeconds } }),
  );
  tell(options, webhook, () => secretLines(webhook));
}

/** `delivered: 204 in 12 ms`, `failed: 500 in 3 ms: the receiver answered 500`. */
export function outcomeOf({ state, lastStatus, lastError, log }: DeliveryDocument): string {
  const [last] = log ?? [];
  const took = last === undefined ? '' : ` in ${last.durationMs} ms`;
  return `${state}: ${lastStatus ?? 'no answer'}${took}${lastError === null ? '' : `: ${lastError}`}`;
}

export async function ping(client: NetverdictClient, id: string, options: ListOptions): Promise<number> {
  const delivery: DeliveryDocument = answered(
    await client.raw.POST('/api/v1/webhooks/{id}/ping', { params: { path: { id } } }),
  );
  tell(options, delivery, () => print(outcomeOf(delivery)));
  return delivery.state === 'delivered' ? EXIT.reachable : EXIT.unreachable;
}

/** The API's page. */
const MOST_DELIVERIES = 200;
const STATES = ['pending', 'delivered', 'failed'] as const;

export async function deliveries(
  client: NetverdictClient,
  id: string | undefined,
  options: DeliveriesOptions,
): Promise<void> {
  if (id?.startsWith('msg_')) {
    const one: DeliveryDocument = answered(
      await client.raw.GET('/api/v1/webhook-deliveries/{id}', { params: { path: { id } } }),
    );
    return tell(options, one, () => {
      print(`${one.id}  ${one.eventType}  ${one.url}  ${one.state}`);
      printTable(
        ['AT', 'MS', 'STATUS', 'ERROR'],
        (one.log ?? []).map(({ at, durationMs, status, error }) => [
          at,
          `${durationMs}`,
          `${status ?? '-'}`,
          error ?? '',
        ]),
      );
    });
  }
  const state = STATES.find((one) => one === options.state);
  if (state !== options.state) throw new UsageError(`--state ${options.state}: write pending, delivered or failed`);
  const query = {
    limit: whole('--limit', options.limit, MOST_DELIVERIES),
    ...(id === undefined ? {} : { webhook: id }),
    ...(state === undefined ? {} : { state }),
  };
  // One that there is not has no deliveries either: that would look as if nothing had been told.
  if (id !== undefined) answered(await client.raw.GET('/api/v1/webhooks/{id}', { params: { path: { id } } }));
  const { items } = answered(await client.raw.GET('/api/v1/webhook-deliveries', { params: { query } }));
  tell(options, items, () =>
    printTable(
      ['ID', 'EVENT', 'OF', 'STATE', 'TRIES', 'LAST', 'AT'],
      items.map((one) => [
        one.id,
        one.eventType,
        one.diagnosisId ?? one.incidentId ?? '-',
        one.state,
        `${one.attempts}`,
        one.lastError ?? `${one.lastStatus ?? '-'}`,
        one.createdAt,
      ]),
    ),
  );
}

export async function redeliver(client: NetverdictClient, id: string): Promise<void> {
  if (id.startsWith('wh_')) {
    const { redelivered } = answered(
      await client.raw.POST('/api/v1/webhooks/{id}/redeliver', { params: { path: { id } }, body: {} }),
    );
    return print(`${redelivered} dead letters go out again`);
  }
  const one = answered(
    await client.raw.POST('/api/v1/webhook-deliveries/{id}/redeliver', { params: { path: { id } } }),
  );
  print(`${one.id} goes out again`);
}
