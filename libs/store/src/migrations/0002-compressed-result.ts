/**
 * The result of a diagnosis as bytes: JSON that the writer has compressed (queries/result.ts), and that the server
 * neither parses nor compresses once more. What was stored before stays readable as the JSON text that it is.
 */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const compressedResult: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table diagnoses alter column result type bytea using convert_to(result::text, 'UTF8')`.execute(db);
    await sql`alter table diagnoses alter column result set storage external`.execute(db);
  },
  async down(db: Kysely<unknown>): Promise<void> {
    // Compressed ones cannot be read here; the diagnoses stay, without their results.
    await sql`alter table diagnoses alter column result type json using null::json`.execute(db);
  },
};
