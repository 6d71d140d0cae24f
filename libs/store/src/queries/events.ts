/** Stored anomalies. Written by eventproc, read by api. */
import type { AnomalyKind, AnomalySample } from '@netverdict/contracts';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../schema.ts';
import type { EventsTable } from '../schema-monitoring.ts';

export interface StoredEvent {
  /** `<cluster>/<node>/<epoch>/<seq>/<index in the batch>`: the same event twice is one row. */
  readonly id: string;
  readonly cluster: string;
  readonly node: string;
  /** Inode of the namespace. */
  readonly netns: number;
  /** null: the node itself, or a namespace that is no pod's. */
  readonly pod: { readonly namespace: string; readonly name: string } | null;
  readonly kind: AnomalyKind;
  readonly count: number;
  /** RFC 3339, by the node's clock. */
  readonly windowStart: string;
  readonly windowEnd: string;
  /** Of so many events one was counted. */
  readonly oneIn?: number;
  /** Who it happened to: `deployment/shop/cart`, `pod/shop/cart-1`, `node/node-1`. */
  readonly workload?: string;
  /** Who is at the far end: the same, or `service/shop/cart`, or an address. */
  readonly peer?: string;
  readonly peerAddress?: string;
  readonly probe?: string;
  readonly reason?: string;
  readonly function?: string;
  readonly hook?: string;
  readonly direction?: 'in' | 'out';
  readonly protocol?: number;
  readonly source?: string;
  readonly sourcePort?: number;
  readonly destination?: string;
  readonly destinationPort?: number;
  readonly bytes?: number;
  readonly details?: Readonly<Record<string, string | number>>;
  readonly samples?: readonly AnomalySample[];
  readonly incidentId?: string;
}

export interface EventFilter {
  readonly cluster?: string;
  readonly node?: string;
  /** `namespace/name`. */
  readonly pod?: string;
  readonly kind?: AnomalyKind;
  readonly probe?: string;
  readonly reason?: string;
  readonly workload?: string;
  readonly peer?: string;
  /** Either end's. */
  readonly address?: string;
  readonly incident?: string;
  /** Events whose window ended at or after this, before that (RFC 3339). */
  readonly since?: string;
  readonly until?: string;
  /** Continue below this event, newest first. */
  readonly before?: { readonly windowEnd: string; readonly id: string };
  readonly limit: number;
}

export interface EventQueries {
  /** Stores what is not there yet, in one statement; resolves with the ids of the new rows. */
  add(events: readonly StoredEvent[]): Promise<ReadonlySet<string>>;
  /** As `add`; resolves with the number of new rows. */
  insert(events: readonly StoredEvent[]): Promise<number>;
  /** An incident's events go to another, or to the same by another name of its ends. */
  move(
    incident: string,
    to: { readonly id: string; readonly workload: string; readonly peer: string },
  ): Promise<number>;
  list(filter: EventFilter): Promise<readonly StoredEvent[]>;
}

const given = <K extends string, V>(name: K, value: V | null): { readonly [name in K]?: V } =>
  (value === null ? {} : { [name]: value }) as { readonly [name in K]?: V };

export const eventOfRow = (row: Selectable<EventsTable>): StoredEvent => ({
  id: row.id,
  cluster: row.cluster,
  node: row.node,
  netns: row.netns,
  pod:
    row.pod_namespace !== null && row.pod_name !== null ? { namespace: row.pod_namespace, name: row.pod_name } : null,
  kind: row.kind,
  count: row.count,
  windowStart: row.window_start.toISOString(),
  windowEnd: row.window_end.toISOString(),
  ...given('oneIn', row.one_in),
  ...given('workload', row.workload),
  ...given('peer', row.peer),
  ...given('peerAddress', row.peer_address),
  ...given('probe', row.probe),
  ...given('reason', row.reason),
  ...given('function', row.function),
  ...given('hook', row.hook),
  ...given('direction', row.direction as 'in' | 'out' | null),
  ...given('protocol', row.protocol),
  ...given('source', row.source),
  ...given('sourcePort', row.source_port),
  ...given('destination', row.destination),
  ...given('destinationPort', row.destination_port),
  ...given('bytes', row.bytes),
  ...given('details', row.details),
  ...given('samples', row.samples),
  ...given('incidentId', row.incident_id),
});

/** What a writer says, by the table's names: PostgreSQL reads it as JSON, one parameter for any number of rows. */
const rowOf = (event: StoredEvent): Partial<Record<keyof EventsTable, unknown>> => ({
  id: event.id,
  cluster: event.cluster,
  node: event.node,
  netns: event.netns,
  pod_namespace: event.pod?.namespace,
  pod_name: event.pod?.name,
  workload: event.workload,
  kind: event.kind,
  count: event.count,
  one_in: event.oneIn,
  window_start: event.windowStart,
  window_end: event.windowEnd,
  probe: event.probe,
  reason: event.reason,
  function: event.function,
  hook: event.hook,
  direction: event.direction,
  protocol: event.protocol,
  source: event.source,
  source_port: event.sourcePort,
  destination: event.destination,
  destination_port: event.destinationPort,
  peer: event.peer,
  peer_address: event.peerAddress,
  bytes: event.bytes,
  details: event.details,
  samples: event.samples,
  incident_id: event.incidentId,
});
const COLUMNS = sql.raw(
  `id, cluster, node, netns, pod_namespace, pod_name, workload, kind, count, one_in, window_start, window_end, probe, reason,
   function, hook, direction, protocol, source, source_port, destination, destination_port, peer, peer_address, bytes, details,
   samples, incident_id`,
);
const ROWS_A_STATEMENT = 5000;

export function eventQueries(db: Kysely<Database>): EventQueries {
  async function add(events: readonly StoredEvent[]): Promise<ReadonlySet<string>> {
    const fresh = new Set<string>();
    for (let from = 0; from < events.length; from += ROWS_A_STATEMENT) {
      const rows = JSON.stringify(events.slice(from, from + ROWS_A_STATEMENT).map(rowOf));
      const result = await sql<{ id: string }>`insert into events (${COLUMNS})
        select ${COLUMNS} from json_populate_recordset(null::events, ${rows}::json)
        on conflict (window_end, id) do nothing returning id`.execute(db);
      for (const { id } of result.rows) fresh.add(id);
    }
    return fresh;
  }

  return {
    add,
    insert: async (events) => (await add(events)).size,

    async move(incident, { id, workload, peer }) {
      const result = await db
        .updateTable('events')
        .set({ incident_id: id, workload, peer: peer === '' ? null : peer })
        .where('incident_id', '=', incident)
        .executeTakeFirst();
      return Number(result.numUpdatedRows);
    },

    async list(filter) {
      let query = db.selectFrom('events').selectAll();
      if (filter.cluster !== undefined) query = query.where('cluster', '=', filter.cluster);
      if (filter.node !== undefined) query = query.where('node', '=', filter.node);
      if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
      if (filter.probe !== undefined) query = query.where('probe', '=', filter.probe);
      if (filter.reason !== undefined) query = query.where('reason', '=', filter.reason);
      if (filter.workload !== undefined) query = query.where('workload', '=', filter.workload);
      if (filter.peer !== undefined) query = query.where('peer', '=', filter.peer);
      if (filter.incident !== undefined) query = query.where('incident_id', '=', filter.incident);
      if (filter.pod !== undefined) {
        const [namespace = '', name = ''] = filter.pod.split('/');
        query = query.where('pod_namespace', '=', namespace).where('pod_name', '=', name);
      }
      if (filter.address !== undefined) {
        const { address } = filter;
        query = query.where((eb) => eb.or([eb('source', '=', address), eb('destination', '=', address)]));
      }
      if (filter.since !== undefined) query = query.where('window_end', '>=', new Date(filter.since));
      if (filter.until !== undefined) query = query.where('window_end', '<', new Date(filter.until));
      if (filter.before !== undefined) {
        const { windowEnd, id } = filter.before;
        query = query.where(({ eb, refTuple, tuple }) =>
          eb(refTuple('window_end', 'id'), '<', tuple(new Date(windowEnd), id)),
        );
      }
      const rows = await query.orderBy('window_end', 'desc').orderBy('id', 'desc').limit(filter.limit).execute();
      return rows.map(eventOfRow);
    },
  };
}
