/** Every write over REST: who, what, with which answer. */
import type { Kysely, Selectable } from 'kysely';
import type { Database } from '../schema.ts';
import type { AuditLogTable } from '../schema-tokens.ts';

export type AuditRow = Selectable<AuditLogTable>;

export interface NewAuditEntry {
  readonly tokenId: string;
  readonly tokenName: string | null;
  readonly method: string;
  readonly path: string;
  readonly remoteAddress: string;
  readonly requestId: string;
}

export interface AuditQueries {
  /** @returns the entry's number */
  begin(entry: NewAuditEntry): Promise<number>;
  end(seq: number, status: number, created: string | null): Promise<void>;
  /** Newest first. */
  list(filter: {
    readonly tokenId?: string;
    readonly since?: Date;
    readonly before?: number;
    readonly limit: number;
  }): Promise<readonly AuditRow[]>;
  deleteBefore(instant: Date): Promise<void>;
}

export function auditQueries(db: Kysely<Database>): AuditQueries {
  return {
    async begin({ tokenId, tokenName, method, path, remoteAddress, requestId }) {
      const row = {
        token_id: tokenId,
        token_name: tokenName,
        method,
        path,
        remote_address: remoteAddress,
        request_id: requestId,
      };
      return (await db.insertInto('audit_log').values(row).returning('seq').executeTakeFirstOrThrow()).seq;
    },
    async end(seq, status, created) {
      await db.updateTable('audit_log').set({ status, created }).where('seq', '=', seq).execute();
    },
    async list({ tokenId, since, before, limit }) {
      let query = db.selectFrom('audit_log').selectAll();
      if (tokenId !== undefined) query = query.where('token_id', '=', tokenId);
      if (since !== undefined) query = query.where('at', '>=', since);
      if (before !== undefined) query = query.where('seq', '<', before);
      return await query.orderBy('seq', 'desc').limit(limit).execute();
    },
    async deleteBefore(instant) {
      await db.deleteFrom('audit_log').where('at', '<', instant).execute();
    },
  };
}
