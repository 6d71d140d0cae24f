import type { Fields } from '../json/fields.ts';
import { Malformed } from '../problem.ts';

/** What a table, chain or set has beyond what is known could change what it does. */
export function expectOnly(a: Fields, known: ReadonlySet<string>, what: string): void {
  for (const name in a) if (!known.has(name)) throw new Malformed(`${what} with "${name}", which is not known`);
}
