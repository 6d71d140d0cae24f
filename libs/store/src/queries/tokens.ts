/** API tokens. Written and read by api. */
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../schema.ts';
import type { ApiTokensTable } from '../schema-tokens.ts';

export type TokenRow = Selectable<ApiTokensTable>;

export interface NewToken extends Pick<TokenRow, 'id' | 'name' | 'hash' | 'role' | 'clusters' | 'namespaces'> {
  readonly createdBy: string;
  readonly expiresInMs: number;
}

export interface TokenQueries {
  add(token: NewToken): Promise<TokenRow>;
  /** One that is valid now. */
  find(hash: string): Promise<TokenRow | null>;
  /** Newest first, also those that are not valid any more. */
  list(page: { readonly before?: string; readonly limit: number }): Promise<readonly TokenRow[]>;
  /** null: there is none. Revoking again changes nothing. */
  revoke(id: string): Promise<TokenRow | null>;
  /** Written down once a minute. */
  used(id: string): Promise<void>;
}

export function tokenQueries(db: Kysely<Database>): TokenQueries {
  return {
    async add({ createdBy, expiresInMs, ...token }) {
      const expires = sql<Date>`now() + make_interval(secs => ${expiresInMs / 1000}::double precision)`;
      const row = { ...token, created_by: createdBy, expires_at: expires };
      return await db.insertInto('api_tokens').values(row).returningAll().executeTakeFirstOrThrow();
    },
    async find(hash) {
      const valid = db.selectFrom('api_tokens').selectAll().where('hash', '=', hash).where('revoked_at', 'is', null);
      return (await valid.where('expires_at', '>', sql<Date>`now()`).executeTakeFirst()) ?? null;
    },
    async list({ before, limit }) {
      const all = db.selectFrom('api_tokens').selectAll().orderBy('id', 'desc').limit(limit);
      return await (before === undefined ? all : all.where('id', '<', before)).execute();
    },
    async revoke(id) {
      const { rows } = await sql<TokenRow>`update api_tokens set revoked_at = coalesce(revoked_at, now())
        where id = ${id} returning *`.execute(db);
      return rows[0] ?? null;
    },
    async used(id) {
      await sql`update api_tokens set last_used_at = now()
        where id = ${id} and (last_used_at is null or last_used_at < now() - interval '1 minute')`.execute(db);
    },
  };
}
