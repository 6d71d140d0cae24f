/** What became of everything that was seen, per node, minute and probe. Written by eventproc, read by api. */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

/** By the names of the table's columns. */
export const ACCOUNTS = {
  seen: 'seen',
  filtered: 'filtered',
  sampledAway: 'sampled_away',
  aggregated: 'aggregated',
  lostKernel: 'lost_kernel',
  missed: 'missed',
  lostSidecar: 'lost_sidecar',
  elsewhere: 'elsewhere',
  reported: 'reported',
  lostSpool: 'lost_spool',
  lostBus: 'lost_bus',
  deadLetter: 'dead_letter',
  duplicate: 'duplicate',
  stored: 'stored',
  rows: 'rows',
  batches: 'batches',
} as const;
export type Account = keyof typeof ACCOUNTS;
export type Counts = Readonly<Record<Account, number>>;

export interface AccountEntry {
  /** RFC 3339; its minute counts. */
  readonly at: string;
  readonly cluster: string;
  readonly node: string;
  /** '' for what is counted of the whole node. */
  readonly probe: string;
  readonly counts: Partial<Counts>;
}

export interface AccountSums {
  readonly cluster: string;
  readonly node: string;
  readonly probe: string;
  /** Only where sums per minute were asked for. */
  readonly minute?: string;
  readonly counts: Counts;
}

export interface AccountFilter {
  readonly cluster?: string;
  readonly node?: string;
  readonly since: string;
  readonly until: string;
  readonly perMinute: boolean;
  /** Continue after this cluster and node; per minute: below this minute, in the second place. */
  readonly after?: readonly [string, string];
  /** Nodes, or minutes of nodes; each with all its probes. */
  readonly limit: number;
}

export interface AccountingQueries {
  /** Adds to what is there. Within a transaction that is done once. */
  add(entries: readonly AccountEntry[]): Promise<void>;
  /** By cluster, node and probe; per minute newest first. */
  sums(filter: AccountFilter): Promise<readonly AccountSums[]>;
}

const NAMES = Object.entries(ACCOUNTS) as [Account, string][];
const COLUMNS = sql.raw(NAMES.map(([, column]) => column).join(', '));
const ADDED = sql.raw(NAMES.map(([, column]) => `${column} = a.${column} + excluded.${column}`).join(', '));
/** Under the names that they have here. */
const SUMS = sql.raw(NAMES.map(([name, column]) => `sum(${column})::bigint as "${name}"`).join(', '));

const minuteOf = (at: string): string => new Date(Math.floor(Date.parse(at) / 60_000) * 60_000).toISOString();

type Row = Counts & { cluster: string; node: string; probe: string; minute?: Date };

export function accountingQueries(db: Kysely<Database>): AccountingQueries {
  return {
    async add(entries) {
      const sums = new Map<string, Record<string, unknown>>();
      for (const { at, cluster, node, probe, counts } of entries) {
        const minute = minuteOf(at);
        const key = [minute, cluster, node, probe].join('\0');
        const row = sums.get(key) ?? { minute, cluster, node, probe };
        for (const [name, column] of NAMES) row[column] = Number(row[column] ?? 0) + (counts[name] ?? 0);
        sums.set(key, row);
      }
      const rows = [...sums]
        .filter(([, row]) => NAMES.some(([, column]) => row[column] !== 0))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, row]) => row);
      if (rows.length === 0) return;
      await sql`insert into accounting as a (minute, cluster, node, probe, ${COLUMNS})
        select minute, cluster, node, probe, ${COLUMNS} from json_populate_recordset(null::accounting, ${JSON.stringify(rows)}::json)
        on conflict (minute, cluster, node, probe) do update set ${ADDED}`.execute(db);
    },

    async sums({ cluster, node, since, until, perMinute, after, limit }) {
      const conditions = [sql`minute >= ${since}::timestamptz and minute < ${until}::timestamptz`];
      if (cluster !== undefined) conditions.push(sql`cluster = ${cluster}`);
      if (node !== undefined) conditions.push(sql`node = ${node}`);
      if (after !== undefined)
        conditions.push(
          perMinute ? sql`minute < ${after[1]}::timestamptz` : sql`(cluster, node) > (${after[0]}, ${after[1]})`,
        );
      const place = sql.raw(perMinute ? 'minute, cluster, node' : 'cluster, node');
      const order = sql.raw(perMinute ? 'minute desc, cluster, node' : 'cluster, node');
      const { rows } =
        await sql<Row>`with asked as (select * from accounting where ${sql.join(conditions, sql` and `)}),
          places as (select distinct ${place} from asked order by ${order} limit ${limit})
        select ${place}, probe, ${SUMS} from asked join places using (${place})
        group by ${place}, probe order by ${order}, probe`.execute(db);
      return rows.map(({ cluster: of, node: on, probe, minute, ...counts }) => ({
        cluster: of,
        node: on,
        probe,
        ...(minute === undefined ? {} : { minute: minute.toISOString() }),
        counts,
      }));
    },
  };
}
