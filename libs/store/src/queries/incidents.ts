/** Incidents: what belongs together of the events. Written by eventproc, read by api. */
import type { AnomalyKind, AnomalySample, IncidentVerdict, IncidentVerdictState } from '@netverdict/contracts';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../schema.ts';
import type { IncidentState, IncidentsTable, Severity } from '../schema-monitoring.ts';

/** The far end of an incident that all peers of a group share beyond those that have one of their own. */
export const MANY_PEERS = 'many peers';
/** An incident's key is its group's, this, and its peer. */
export const KEY_SEPARATOR = '\u001f';

export interface Incident {
  readonly id: string;
  readonly cluster: string;
  /** Of group (kind, workload, what the kernel tells of why) and peer. */
  readonly key: string;
  /** What comes now with this key is counted into this one. The others of the key had other causes. */
  readonly current: boolean;
  /** What a diagnosis found, and since when one no longer finds it. Cause and key name the incident. */
  readonly cause: string | null;
  readonly causeEndedAt: string | null;
  readonly kind: AnomalyKind;
  readonly workload: string;
  /** '' where there is no far end. */
  readonly peer: string;
  readonly direction: 'in' | 'out' | null;
  readonly reason: string | null;
  readonly function: string | null;
  readonly hook: string | null;
  readonly probe: string | null;
  readonly severity: Severity;
  readonly state: IncidentState;
  readonly stateSince: string;
  readonly openedAt: string;
  readonly resolvedAt: string | null;
  readonly reopened: number;
  /** Counted one by one, and besides them about so many that sampling left out. */
  readonly count: number;
  readonly estimated: number;
  readonly events: number;
  readonly bytes: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly nodes: readonly string[];
  readonly pods: readonly string[];
  readonly samples: readonly AnomalySample[];
  readonly peers: number;
  readonly peersSketch: Uint8Array | null;
}

/** What a diagnosis of it has found: written by whoever asks, read by api. */
export interface Explanation {
  readonly diagnosisId: string | null;
  readonly diagnosisState: IncidentVerdictState | null;
  readonly verdict: IncidentVerdict | null;
  readonly askedAt: string | null;
  /** When the last question was asked that found the cause. */
  readonly causeFoundAt: string | null;
  /** How often in a row the answer was the same. */
  readonly confirmed: number;
}

export interface IncidentFilter {
  readonly cluster?: string;
  readonly node?: string;
  /** `namespace/name`. */
  readonly pod?: string;
  readonly workload?: string;
  readonly peer?: string;
  readonly kind?: AnomalyKind;
  readonly reason?: string;
  readonly severity?: Severity;
  readonly state?: IncidentState;
  /** Last seen at or after this, first seen before that (RFC 3339). */
  readonly since?: string;
  readonly until?: string;
  /** Continue below this incident, newest first. */
  readonly before?: { readonly lastSeen: string; readonly id: string };
  readonly limit: number;
}

export interface IncidentQueries {
  /**
   * Within a transaction: locks the groups, in the order of their keys, and makes those that are not there. Who holds a group alone makes
   * incidents in it. Resolves with how many peers of each have an incident of their own.
   */
  lockGroups(cluster: string, keys: readonly string[]): Promise<Map<string, number>>;
  setGroups(cluster: string, peers: ReadonlyMap<string, number>): Promise<void>;
  /** Within a transaction: locks the current ones that are there, in the order of their keys. */
  lock(cluster: string, keys: readonly string[]): Promise<readonly Incident[]>;
  /** Seen at or after `since`, with such an address at the far end (or as one of `a → b`), or of such a workload. */
  unnamed(
    cluster: string,
    of: { readonly addresses: readonly string[]; readonly workloads: readonly string[]; readonly since: string },
  ): Promise<readonly Incident[]>;
  /** Within a transaction that holds their group: all of that key, whatever the cause. */
  ofKey(cluster: string, key: string): Promise<readonly (Incident & Explanation)[]>;
  /** Within the transaction that locked them. What a diagnosis has found is left as it is. */
  write(incidents: readonly Incident[]): Promise<void>;
  remove(ids: readonly string[]): Promise<void>;
  /** Those whose time has come go on: quiet when nothing was seen for `quietMs`, resolved after `resolvedMs`. Resolves with their number. */
  settle(times: { readonly quietMs: number; readonly resolvedMs: number }): Promise<number>;
  get(id: string): Promise<(Incident & Explanation) | null>;
  list(filter: IncidentFilter): Promise<readonly (Incident & Explanation)[]>;
  counts(): Promise<
    readonly {
      readonly kind: AnomalyKind;
      readonly severity: Severity;
      readonly state: IncidentState;
      readonly n: number;
    }[]
  >;
}

const instant = (date: Date | null): string | null => date?.toISOString() ?? null;

export const incidentOfRow = (row: Selectable<IncidentsTable>): Incident & Explanation => ({
  id: row.id,
  cluster: row.cluster,
  key: row.key,
  current: row.current,
  cause: row.cause,
  causeEndedAt: instant(row.cause_ended_at),
  kind: row.kind,
  workload: row.workload,
  peer: row.peer,
  direction: row.direction as 'in' | 'out' | null,
  reason: row.reason,
  function: row.function,
  hook: row.hook,
  probe: row.probe,
  severity: row.severity,
  state: row.state,
  stateSince: row.state_since.toISOString(),
  openedAt: row.opened_at.toISOString(),
  resolvedAt: instant(row.resolved_at),
  reopened: row.reopened,
  count: row.count,
  estimated: row.estimated,
  events: row.events,
  bytes: row.bytes,
  firstSeen: row.first_seen.toISOString(),
  lastSeen: row.last_seen.toISOString(),
  nodes: row.nodes,
  pods: row.pods,
  samples: row.samples,
  peers: row.peers,
  peersSketch: row.peers_sketch,
  diagnosisId: row.diagnosis_id,
  diagnosisState: row.diagnosis_state,
  verdict: row.verdict,
  askedAt: instant(row.asked_at),
  causeFoundAt: instant(row.cause_found_at),
  confirmed: row.confirmed,
});

type AsJson<T> = { [K in keyof T]: T[K] extends Date ? string : T[K] extends Date | null ? string | null : T[K] };
/** A row as a trigger wrote it down (row_to_json): there, instants are text. */
export type IncidentJson = AsJson<Selectable<IncidentsTable>>;

const dated = (text: string | null): Date | null => (text === null ? null : new Date(text));

export const incidentOfJson = (row: IncidentJson): Incident & Explanation =>
  incidentOfRow({
    ...row,
    state_since: new Date(row.state_since),
    opened_at: new Date(row.opened_at),
    resolved_at: dated(row.resolved_at),
    first_seen: new Date(row.first_seen),
    last_seen: new Date(row.last_seen),
    asked_at: dated(row.asked_at),
    // What was written down before there were causes has none.
    cause: row.cause ?? null,
    cause_found_at: dated(row.cause_found_at ?? null),
    cause_ended_at: dated(row.cause_ended_at ?? null),
  });

const rowOf = (incident: Incident): Partial<Record<keyof IncidentsTable, unknown>> => ({
  id: incident.id,
  cluster: incident.cluster,
  key: incident.key,
  current: incident.current,
  cause: incident.cause,
  cause_ended_at: incident.causeEndedAt,
  kind: incident.kind,
  workload: incident.workload,
  peer: incident.peer,
  direction: incident.direction,
  reason: incident.reason,
  function: incident.function,
  hook: incident.hook,
  probe: incident.probe,
  severity: incident.severity,
  state: incident.state,
  state_since: incident.stateSince,
  opened_at: incident.openedAt,
  resolved_at: incident.resolvedAt,
  reopened: incident.reopened,
  count: incident.count,
  estimated: incident.estimated,
  events: incident.events,
  bytes: incident.bytes,
  first_seen: incident.firstSeen,
  last_seen: incident.lastSeen,
  nodes: incident.nodes,
  pods: incident.pods,
  samples: incident.samples,
  peers: incident.peers,
  peers_sketch: incident.peersSketch === null ? null : `\\x${Buffer.from(incident.peersSketch).toString('hex')}`,
});
const NAMES = [
  'id, cluster, key, current, cause, cause_ended_at, kind, workload, peer, direction, reason, function, hook, probe, severity, state, state_since, opened_at',
  'resolved_at, reopened, count, estimated, events, bytes, first_seen, last_seen, nodes, pods, samples, peers, peers_sketch',
].join(', ');
const COLUMNS = sql.raw(NAMES);
const UPDATES = sql.raw(
  NAMES.split(', ')
    .filter((name) => name !== 'id')
    .map((name) => `${name} = excluded.${name}`)
    .join(', '),
);

export function incidentQueries(db: Kysely<Database>): IncidentQueries {
  return {
    async lockGroups(cluster, keys) {
      const sorted = [...new Set(keys)].sort();
      // Retention may take an empty group away between the two statements.
      for (let attempt = 0; attempt < 5; attempt++) {
        const { rows } = await sql<{ key: string; peers: number }>`select key, peers from incident_groups
          where cluster = ${cluster} and key = any(${sorted}::text[]) order by key collate "C" for update`.execute(db);
        if (rows.length === sorted.length) return new Map(rows.map(({ key, peers }) => [key, peers]));
        await sql`insert into incident_groups (cluster, key, peers)
          select ${cluster}, key, 0 from unnest(${sorted}::text[]) with ordinality as k (key, n) order by n
          on conflict do nothing`.execute(db);
      }
      throw new Error('groups of incidents go away as fast as they are made');
    },

    async setGroups(cluster, peers) {
      if (peers.size === 0) return;
      await sql`update incident_groups g set peers = k.peers
        from unnest(${[...peers.keys()]}::text[], ${[...peers.values()]}::int[]) as k (key, peers)
        where g.cluster = ${cluster} and g.key = k.key`.execute(db);
    },

    async lock(cluster, keys) {
      const { rows } = await sql<Selectable<IncidentsTable>>`select i.* from incidents i
        where cluster = ${cluster} and key = any(${[...keys]}::text[]) and current order by key collate "C" for update`.execute(
        db,
      );
      return rows.map(incidentOfRow);
    },

    async ofKey(cluster, key) {
      const { rows } = await sql<Selectable<IncidentsTable>>`select i.* from incidents i
        where cluster = ${cluster} and key = ${key} order by id for update`.execute(db);
      return rows.map(incidentOfRow);
    },

    async unnamed(cluster, { addresses, workloads, since }) {
      const { rows } = await sql<Selectable<IncidentsTable>>`select i.* from incidents i
        where cluster = ${cluster} and last_seen >= ${since}::timestamptz and peer <> ${MANY_PEERS}
          and (string_to_array(peer, ' → ') && ${[...addresses]}::text[] or workload = any(${[...workloads]}::text[]))
        order by key collate "C" limit 1000`.execute(db);
      return rows.map(incidentOfRow);
    },

    async write(incidents) {
      if (incidents.length === 0) return;
      await sql`insert into incidents (${COLUMNS})
        select ${COLUMNS} from json_populate_recordset(null::incidents, ${JSON.stringify(incidents.map(rowOf))}::json)
        on conflict (id) do update set ${UPDATES}, position = excluded.position, xact = excluded.xact`.execute(db);
    },

    async remove(ids) {
      if (ids.length > 0)
        await db
          .deleteFrom('incidents')
          .where('id', 'in', [...ids])
          .execute();
    },

    async settle({ quietMs, resolvedMs }) {
      const before = (ms: number) => sql`now() - make_interval(secs => ${ms / 1000}::double precision)`;
      // Locked ones are being written to, so they are not quiet.
      const { rows } = await sql`with due as (
          select id, last_seen < ${before(resolvedMs)} as over from incidents
          where state <> 'resolved' and last_seen < ${before(quietMs)} and (state = 'open' or last_seen < ${before(resolvedMs)})
          order by last_seen limit 1000 for update skip locked
        ) update incidents i set state = case when over then 'resolved' else 'quiet' end, state_since = now(),
            resolved_at = case when over then now() end,
            position = nextval('incident_positions'), xact = pg_current_xact_id()
          from due where due.id = i.id returning 1`.execute(db);
      return rows.length;
    },

    async get(id) {
      const row = await db.selectFrom('incidents').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? incidentOfRow(row) : null;
    },

    async list(filter) {
      let query = db.selectFrom('incidents').selectAll();
      for (const name of ['cluster', 'workload', 'peer', 'kind', 'reason', 'severity', 'state'] as const) {
        const value = filter[name];
        if (value !== undefined) query = query.where(name, '=', value);
      }
      // Few incidents are there beside the events, and none has many nodes or pods: the lists are looked through.
      const holds = (column: 'nodes' | 'pods', value: string) =>
        sql<boolean>`exists (select from json_array_elements_text(${sql.ref(column)}) e where e = ${value})`;
      if (filter.node !== undefined) query = query.where(holds('nodes', filter.node));
      if (filter.pod !== undefined) query = query.where(holds('pods', filter.pod));
      if (filter.since !== undefined) query = query.where('last_seen', '>=', new Date(filter.since));
      if (filter.until !== undefined) query = query.where('first_seen', '<', new Date(filter.until));
      if (filter.before !== undefined) {
        const { lastSeen, id } = filter.before;
        query = query.where(({ eb, refTuple, tuple }) =>
          eb(refTuple('last_seen', 'id'), '<', tuple(new Date(lastSeen), id)),
        );
      }
      const rows = await query.orderBy('last_seen', 'desc').orderBy('id', 'desc').limit(filter.limit).execute();
      return rows.map(incidentOfRow);
    },

    async counts() {
      const rows = await db
        .selectFrom('incidents')
        .select(['kind', 'severity', 'state', sql<number>`count(*)`.as('n')])
        .groupBy(['kind', 'severity', 'state'])
        .execute();
      return rows;
    },
  };
}
