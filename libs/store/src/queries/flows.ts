/** Who talked to whom, and how much. Written by eventproc, read by api. */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';
import type { FlowsTable } from '../schema-monitoring.ts';

export interface FlowCounts {
  /** From source to destination, and back. */
  readonly bytes: number;
  readonly packets: number;
  readonly bytesBack: number;
  readonly packetsBack: number;
  readonly retransmitted: number;
  readonly connections: number;
}

export interface StoredFlow extends FlowCounts {
  /** Start of the five minutes that it was in (RFC 3339). */
  readonly bucket: string;
  readonly cluster: string;
  readonly node: string;
  readonly reporter: 'source' | 'destination';
  /** `pod/shop/cart-1`, `node/node-1`, `service/shop/cart`, or an address. */
  readonly source: string;
  readonly sourceWorkload: string | null;
  readonly destination: string;
  readonly destinationWorkload: string | null;
  readonly protocol: number;
  /** The destination's; 0: unknown, or several. */
  readonly port: number;
}

/** An edge of the graph: both ends' reports of it are one. */
export interface FlowEdge extends FlowCounts {
  readonly cluster: string;
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly port: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
}

export interface FlowFilter {
  readonly cluster?: string;
  readonly node?: string;
  /** Either end: a pod, node, Service, workload or address as flows name them. */
  readonly end?: string;
  readonly namespace?: string;
  readonly protocol?: number;
  readonly port?: number;
  readonly by: 'pod' | 'workload';
  readonly since: string;
  readonly until: string;
  /** Most bytes first: continue after so many. */
  readonly offset: number;
  readonly limit: number;
}

export interface FlowQueries {
  /** Adds to what is there. Within a transaction that is done once. */
  add(flows: readonly StoredFlow[]): Promise<void>;
  edges(filter: FlowFilter): Promise<readonly FlowEdge[]>;
}

const keyOf = (flow: StoredFlow): string =>
  [flow.bucket, flow.cluster, flow.node, flow.reporter, flow.source, flow.destination, flow.protocol, flow.port].join(
    ' ',
  );
const COUNTS = ['bytes', 'packets', 'bytesBack', 'packetsBack', 'retransmitted', 'connections'] as const;

function sum(a: StoredFlow, b: StoredFlow): StoredFlow {
  return { ...a, ...Object.fromEntries(COUNTS.map((name) => [name, a[name] + b[name]])) };
}

const rowOf = (flow: StoredFlow): Record<keyof FlowsTable, unknown> => ({
  bucket: flow.bucket,
  cluster: flow.cluster,
  node: flow.node,
  reporter: flow.reporter,
  source: flow.source,
  source_workload: flow.sourceWorkload,
  destination: flow.destination,
  destination_workload: flow.destinationWorkload,
  protocol: flow.protocol,
  port: flow.port,
  bytes: flow.bytes,
  packets: flow.packets,
  bytes_back: flow.bytesBack,
  packets_back: flow.packetsBack,
  retransmitted: flow.retransmitted,
  connections: flow.connections,
});
const COLUMNS = sql.raw(
  `bucket, cluster, node, reporter, source, source_workload, destination, destination_workload, protocol, port,
   bytes, packets, bytes_back, packets_back, retransmitted, connections`,
);
const ADDED = sql.raw(
  ['bytes', 'packets', 'bytes_back', 'packets_back', 'retransmitted', 'connections']
    .map((name) => `${name} = f.${name} + excluded.${name}`)
    .join(', '),
);

interface EdgeRow {
  readonly cluster: string;
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly port: number;
  readonly first_seen: Date;
  readonly last_seen: Date;
  readonly bytes: string;
  readonly packets: string;
  readonly bytes_back: string;
  readonly packets_back: string;
  readonly retransmitted: string;
  readonly connections: string;
}

export function flowQueries(db: Kysely<Database>): FlowQueries {
  return {
    async add(flows) {
      const sums = new Map<string, StoredFlow>();
      for (const flow of flows) {
        const key = keyOf(flow);
        const known = sums.get(key);
        sums.set(key, known ? sum(known, flow) : flow);
      }
      const rows = [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, flow]) => rowOf(flow));
      if (rows.length === 0) return;
      await sql`insert into flows as f (${COLUMNS})
        select ${COLUMNS} from json_populate_recordset(null::flows, ${JSON.stringify(rows)}::json)
        on conflict (bucket, cluster, node, reporter, source, destination, protocol, port) do update set ${ADDED},
          source_workload = coalesce(excluded.source_workload, f.source_workload),
          destination_workload = coalesce(excluded.destination_workload, f.destination_workload)`.execute(db);
    },

    async edges({ by, cluster, node, end, namespace, protocol, port, since, until, offset, limit }) {
      const source = by === 'workload' ? sql`coalesce(source_workload, source)` : sql`source`;
      const destination = by === 'workload' ? sql`coalesce(destination_workload, destination)` : sql`destination`;
      const conditions = [sql`bucket >= ${since}::timestamptz and bucket < ${until}::timestamptz`];
      if (cluster !== undefined) conditions.push(sql`cluster = ${cluster}`);
      if (node !== undefined) conditions.push(sql`node = ${node}`);
      if (protocol !== undefined) conditions.push(sql`protocol = ${protocol}`);
      if (port !== undefined) conditions.push(sql`port = ${port}`);
      if (end !== undefined)
        conditions.push(sql`${end} in (source, destination, source_workload, destination_workload)`);
      if (namespace !== undefined)
        conditions.push(sql`${namespace} in (split_part(source, '/', 2), split_part(destination, '/', 2))`);
      // Each end may have told of the edge: the greater sum is nearer to the truth, both together would be twice.
      const { rows } = await sql<EdgeRow>`with told as (
          select cluster, reporter, ${source} as source, ${destination} as destination, protocol, port,
            min(bucket) as first_seen, max(bucket) as last_seen, sum(bytes) as bytes, sum(packets) as packets,
            sum(bytes_back) as bytes_back, sum(packets_back) as packets_back, sum(retransmitted) as retransmitted,
            sum(connections) as connections
          from flows where ${sql.join(conditions, sql` and `)} group by 1, 2, 3, 4, 5, 6
        ) select cluster, source, destination, protocol, port, min(first_seen) as first_seen, max(last_seen) as last_seen,
            max(bytes) as bytes, max(packets) as packets, max(bytes_back) as bytes_back, max(packets_back) as packets_back,
            max(retransmitted) as retransmitted, max(connections) as connections
          from told group by 1, 2, 3, 4, 5
          order by max(bytes) + max(bytes_back) desc, 1, 2, 3, 4, 5 limit ${limit} offset ${offset}`.execute(db);
      return rows.map((row) => ({
        cluster: row.cluster,
        source: row.source,
        destination: row.destination,
        protocol: row.protocol,
        port: row.port,
        firstSeen: row.first_seen.toISOString(),
        lastSeen: row.last_seen.toISOString(),
        bytes: Number(row.bytes),
        packets: Number(row.packets),
        bytesBack: Number(row.bytes_back),
        packetsBack: Number(row.packets_back),
        retransmitted: Number(row.retransmitted),
        connections: Number(row.connections),
      }));
    },
  };
}
