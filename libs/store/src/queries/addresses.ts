/** Who had an address when: pods, nodes and Services of a cluster, from topology's address map. Written and read by eventproc. */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

export interface AddressHolder {
  readonly address: string;
  readonly kind: string;
  /** '' for nodes. */
  readonly namespace: string;
  readonly name: string;
  /** `deployment/shop/cart`; null: nothing owns it. */
  readonly workload: string | null;
  readonly node: string | null;
  /** RFC 3339. */
  readonly since: string;
  /** null: it has it still. */
  readonly until: string | null;
}

export interface AddressQueries {
  /** The same entry again changes nothing, but that its end and its owner are written down. Resolves with those that were new. */
  upsert(cluster: string, holders: readonly AddressHolder[]): Promise<readonly AddressHolder[]>;
  /** Of these addresses and of these pods (`namespace/name`), whoever held them at or after `since`. */
  find(
    cluster: string,
    of: { readonly addresses: readonly string[]; readonly pods: readonly string[]; readonly since: string },
  ): Promise<readonly AddressHolder[]>;
  /** Those whose time ended before; resolves with their number. */
  forget(before: string): Promise<number>;
}

interface Row {
  readonly address: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly workload: string | null;
  readonly node: string | null;
  readonly since: Date;
  readonly until: Date | null;
}
const holderOf = (row: Row): AddressHolder => ({
  ...row,
  namespace: row.namespace ?? '',
  since: row.since.toISOString(),
  until: row.until?.toISOString() ?? null,
});

const placeOf = (holder: AddressHolder): string =>
  [holder.address, holder.since, holder.kind, holder.namespace, holder.name].join(' ');

export function addressQueries(db: Kysely<Database>): AddressQueries {
  return {
    async upsert(cluster, holders) {
      // A row may be written once a statement; sorted, so that two writers never wait for each other.
      const unique = new Map(holders.map((holder) => [placeOf(holder), { ...holder, cluster }]));
      const rows = [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
      if (rows.length === 0) return [];
      const { rows: fresh } = await sql<Row & { readonly made: boolean }>`
        insert into addresses as a (cluster, address, since, until, kind, namespace, name, workload, node)
        select cluster, address, since, until, kind, namespace, name, workload, node
        from json_populate_recordset(null::addresses, ${JSON.stringify(rows)}::json)
        on conflict (cluster, address, since, kind, name) do update
          set until = coalesce(excluded.until, a.until), workload = coalesce(excluded.workload, a.workload),
              node = coalesce(excluded.node, a.node)
          where (a.until is null and excluded.until is not null) or a.workload is distinct from coalesce(excluded.workload, a.workload)
        returning address, kind, namespace, name, workload, node, since, until, xmax = 0 as made`.execute(db);
      // Whoever told of its beginning may have started anew since, and names another moment: its end is that of all.
      await sql`update addresses a set until = e.until from json_populate_recordset(null::addresses, ${JSON.stringify(rows)}::json) e
        where e.until is not null and a.cluster = e.cluster and a.address = e.address and a.kind = e.kind
          and a.namespace = e.namespace and a.name = e.name and a.until is null and a.since <= e.until`.execute(db);
      return fresh.filter(({ made }) => made).map(({ made: _, ...row }) => holderOf(row));
    },

    async find(cluster, { addresses, pods, since }) {
      const columns = sql.raw('address, kind, namespace, name, workload, node, since, until');
      const { rows } = await sql<Row>`
        select ${columns} from addresses
          where cluster = ${cluster} and address = any(${[...addresses]}::text[]) and (until is null or until >= ${since}::timestamptz)
        union
        select ${columns} from addresses
          where cluster = ${cluster} and (namespace, name) in (select * from unnest(
            ${pods.map((pod) => pod.split('/')[0] ?? '')}::text[], ${pods.map((pod) => pod.split('/')[1] ?? '')}::text[]))
            and kind = 'pod' and (until is null or until >= ${since}::timestamptz)`.execute(db);
      return rows.map(holderOf);
    },

    async forget(before) {
      const result = await db.deleteFrom('addresses').where('until', '<', new Date(before)).executeTakeFirst();
      return Number(result.numDeletedRows);
    },
  };
}
