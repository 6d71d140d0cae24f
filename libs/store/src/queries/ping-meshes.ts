/** Ping meshes and their rounds. Written and read by api. */
import type { PingCell, PingMeshRequested } from '@netverdict/contracts';
import type { Kysely, Selectable } from 'kysely';
import type { Database } from '../schema.ts';
import type { PingMeshesTable, PingRoundsTable } from '../schema-ping-meshes.ts';

export type PingMeshRow = Selectable<PingMeshesTable>;
export type PingRoundRow = Selectable<PingRoundsTable>;

export interface NewPingMesh {
  readonly id: string;
  readonly cluster: string;
  readonly request: PingMeshRequested;
  readonly tokenId: string;
}

export interface PingMeshQueries {
  add(mesh: NewPingMesh): Promise<void>;
  get(id: string): Promise<PingMeshRow | null>;
  /** Newest first. */
  list(page: { readonly before?: string; readonly limit: number }): Promise<readonly PingMeshRow[]>;
  scheduled(): Promise<readonly PingMeshRow[]>;
  /** No more rounds; the ones that were stay. @returns false when there is no such mesh */
  stop(id: string): Promise<boolean>;
  remove(id: string): Promise<boolean>;
  /** @returns the round's number */
  begin(meshId: string): Promise<number>;
  end(seq: number, result: readonly PingCell[] | null, problem: string | null): Promise<void>;
  /** Newest first. */
  rounds(meshId: string, limit: number): Promise<readonly PingRoundRow[]>;
  deleteRoundsBefore(instant: Date): Promise<void>;
}

export function pingMeshQueries(db: Kysely<Database>): PingMeshQueries {
  return {
    async add({ id, cluster, request, tokenId }) {
      const every = request.everyMs ?? null;
      const row = { id, cluster, request: JSON.stringify(request), every_ms: every, token_id: tokenId };
      await db.insertInto('ping_meshes').values(row).execute();
    },
    async get(id) {
      return (await db.selectFrom('ping_meshes').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
    },
    async list({ before, limit }) {
      const all = db.selectFrom('ping_meshes').selectAll().orderBy('id', 'desc').limit(limit);
      return await (before === undefined ? all : all.where('id', '<', before)).execute();
    },
    async scheduled() {
      return await db.selectFrom('ping_meshes').selectAll().where('every_ms', 'is not', null).execute();
    },
    async stop(id) {
      const done = await db.updateTable('ping_meshes').set({ every_ms: null }).where('id', '=', id).executeTakeFirst();
      return done.numUpdatedRows > 0n;
    },
    async remove(id) {
      const { numDeletedRows } = await db.deleteFrom('ping_meshes').where('id', '=', id).executeTakeFirst();
      return numDeletedRows > 0n;
    },
    async begin(meshId) {
      const row = { mesh_id: meshId, ended_at: null, problem: null };
      return (await db.insertInto('ping_rounds').values(row).returning('seq').executeTakeFirstOrThrow()).seq;
    },
    async end(seq, result, problem) {
      const text = result === null ? null : JSON.stringify(result);
      await db
        .updateTable('ping_rounds')
        .set({ ended_at: new Date(), result: text, problem })
        .where('seq', '=', seq)
        .where('ended_at', 'is', null)
        .execute();
    },
    async rounds(meshId, limit) {
      const all = db.selectFrom('ping_rounds').selectAll().where('mesh_id', '=', meshId);
      return await all.orderBy('seq', 'desc').limit(limit).execute();
    },
    async deleteRoundsBefore(instant) {
      await db.deleteFrom('ping_rounds').where('started_at', '<', instant).execute();
    },
  };
}
