/** The tables of ping meshes as Kysely sees them. */
import type { PingCell, PingMeshRequested } from '@netverdict/contracts';
import type { Generated } from 'kysely';
import type { Json, NullableJson } from './columns.ts';

export interface PingMeshesTable {
  id: string;
  cluster: string;
  request: Json<PingMeshRequested>;
  every_ms: number | null;
  token_id: string;
  created_at: Generated<Date>;
}

export interface PingRoundsTable {
  seq: Generated<number>;
  mesh_id: string;
  started_at: Generated<Date>;
  ended_at: Date | null;
  result: NullableJson<readonly PingCell[]>;
  problem: string | null;
}
