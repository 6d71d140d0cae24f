/** The tables of tokens and of what was done with them, as Kysely sees them. */
import type { Role } from '@netverdict/contracts';
import type { Generated } from 'kysely';
import type { Instant, NullableInstant } from './columns.ts';

export interface ApiTokensTable {
  id: string;
  name: string;
  /** SHA-256 of the token, hexadecimal. Tokens are 256 random bits: nothing slower is needed. */
  hash: string;
  role: Role;
  clusters: string[] | null;
  namespaces: string[] | null;
  created_at: Generated<Date>;
  created_by: string;
  expires_at: Instant;
  revoked_at: NullableInstant;
  last_used_at: NullableInstant;
}

/** Written before the work, so that nothing is done that is not here; the answer's status follows. */
export interface AuditLogTable {
  seq: Generated<number>;
  at: Generated<Date>;
  token_id: string;
  token_name: string | null;
  method: string;
  path: string;
  status: number | null;
  created: string | null;
  remote_address: string;
  request_id: string;
}
