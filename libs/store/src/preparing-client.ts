/**
 * A connection that prepares what it is asked again and again: PostgreSQL then parses and plans each statement once
 * per connection, which for our larger ones is most of the work. The texts are constants with parameters, so few.
 */
import { createHash } from 'node:crypto';
import { Client } from 'pg';

const MAX_STATEMENTS = 200;
const names = new Map<string, string | null>();

/** null: is not prepared. */
function nameOf(text: string): string | null {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (names.size >= MAX_STATEMENTS) return null;
  // A prepared `select *` fails for as long as the connection lives once a migration adds a column.
  const name = /^\s*select \*/i.test(text)
    ? null
    : `nv_${createHash('sha256').update(text).digest('base64url').slice(0, 20)}`;
  names.set(text, name);
  return name;
}

export class PreparingClient extends Client {
  override query(...args: unknown[]): never {
    const [text, values] = args;
    const name = typeof text === 'string' && Array.isArray(values) && values.length > 0 ? nameOf(text) : null;
    const ask = super.query as (...asked: unknown[]) => never;
    return name === null ? ask.apply(this, args) : ask.apply(this, [{ name, text, values }, ...args.slice(2)]);
  }
}
