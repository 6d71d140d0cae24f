/** Which clusters, nodes and pods there are or were: so that a name that nothing has is told from one of which nothing was seen. Read by api. */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

export interface KnownNameQueries {
  /** Of agents that were heard of, of the clusters' objects, and of what was seen. Empty: nothing is known. */
  clusters(): Promise<readonly string[]>;
  /** Of agents that were heard of, and of the cluster's nodes. Empty: nothing is known. */
  nodes(cluster?: string): Promise<readonly string[]>;
  /** Whether such a pod (`namespace/name`) has or had an address, or something was seen of it. */
  hasPod(pod: string, cluster?: string): Promise<boolean>;
  /** `namespace/name`, at the most so many. Empty: nothing is known. */
  pods(most: number, cluster?: string): Promise<readonly string[]>;
}

export function knownNameQueries(db: Kysely<Database>): KnownNameQueries {
  const ofCluster = (cluster: string | undefined) => (cluster === undefined ? sql`true` : sql`cluster = ${cluster}`);
  return {
    async clusters() {
      const { rows } = await sql<{ name: string }>`select cluster as name from agents
        union select cluster from addresses union select cluster from incidents order by name`.execute(db);
      return rows.map(({ name }) => name);
    },
    async nodes(cluster) {
      const { rows } = await sql<{ name: string }>`select node as name from agents where ${ofCluster(cluster)}
        union select name from addresses where kind = 'node' and ${ofCluster(cluster)} order by name`.execute(db);
      return rows.map(({ name }) => name);
    },
    async hasPod(pod, cluster) {
      const [namespace = '', name = ''] = pod.split('/');
      const { rows } = await sql<{ known: boolean }>`select (
          exists (select from addresses where kind = 'pod' and namespace = ${namespace} and name = ${name} and ${ofCluster(cluster)})
          or exists (select from events where pod_namespace = ${namespace} and pod_name = ${name} and ${ofCluster(cluster)})) as known`.execute(
        db,
      );
      return rows[0]?.known ?? false;
    },
    async pods(most, cluster) {
      const { rows } = await sql<{ name: string }>`select distinct namespace || '/' || name as name from addresses
        where kind = 'pod' and ${ofCluster(cluster)} order by name limit ${most}`.execute(db);
      return rows.map(({ name }) => name);
    },
  };
}
