/** The table of captures as Kysely sees it. */
import type { CaptureStatus } from '@netverdict/contracts';
import type { ColumnType, Generated } from 'kysely';

export type CaptureState = 'starting' | 'running' | 'completed' | 'failed';

export interface CapturesTable {
  id: string;
  cluster: string;
  node: string;
  /** `pod shop/web-1`, `node node-1`. */
  target: string;
  pod_namespace: string | null;
  pod_name: string | null;
  interface: string | null;
  filter: string;
  snap_length: number;
  duration_ms: number;
  most_bytes: number;
  files: number;
  token_id: string;
  state: CaptureState;
  reason: string | null;
  /** The agent's last word. */
  status: ColumnType<CaptureStatus | null, string | null | undefined, string | null>;
  created_at: Generated<Date>;
  /** When the agent was last heard to have come further. */
  updated_at: Generated<Date>;
  ended_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
}
