/** Brings the schema up to date. Any number of processes may call it at once: Kysely takes an advisory lock. */
import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { MIGRATIONS } from './migrations/index.ts';
import type { Database } from './schema.ts';

/** Names of the migrations that this call applied. Throws when one fails: nothing of it remains then. */
export async function migrate(db: Kysely<Database>): Promise<readonly string[]> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
    migrationTableName: 'netverdict_migration',
    migrationLockTableName: 'netverdict_migration_lock',
    // Their numbers are given out before they are written: a database may have a later one already. None needs one that it does not name.
    allowUnorderedMigrations: true,
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error) throw new Error('the database schema could not be brought up to date', { cause: error });
  return (results ?? []).filter((r) => r.status === 'Success').map((r) => r.migrationName);
}
