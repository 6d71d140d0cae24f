/** Types of columns. */
import type { ColumnType } from 'kysely';

/** `timestamptz`: read as Date, written as Date or RFC 3339. */
export type Instant = ColumnType<Date, Date | string, Date | string>;
export type NullableInstant = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
/**
 * `json`, not `jsonb`: nothing is looked up inside, it is cheaper to write, and it keeps a NUL that some kernel text
 * holds. Written as text, so that arrays are not mistaken for PostgreSQL arrays.
 */
export type Json<T> = ColumnType<T, string, string>;
export type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;
