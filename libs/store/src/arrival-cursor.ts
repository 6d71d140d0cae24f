/**
 * A place in the order in which rows arrive: the transaction that wrote a row, then its number. Numbers alone are no order to
 * follow: a transaction may take a small one and commit after a greater one was read. All rows of transactions below the
 * oldest that still runs are there for good, so a reader that goes no further misses none.
 */
export interface Cursor {
  /** An xid8: 64 bits, counted from the database's making. */
  readonly xact: bigint;
  readonly position: number;
}

/** Before everything that is stored. */
export const BEGINNING: Cursor = { xact: 0n, position: 0 };

export const compareCursors = (a: Cursor, b: Cursor): number =>
  a.xact === b.xact ? a.position - b.position : a.xact < b.xact ? -1 : 1;

export const formatCursor = ({ xact, position }: Cursor): string => `${xact}-${position}`;

const LARGEST_XACT = 2n ** 64n - 1n;

/** null: is none. */
export function parseCursor(text: string): Cursor | null {
  const [, xact, position] = /^(\d{1,20})-(\d{1,16})$/.exec(text) ?? [];
  if (xact === undefined || position === undefined) return null;
  const cursor = { xact: BigInt(xact), position: Number(position) };
  return cursor.xact <= LARGEST_XACT && Number.isSafeInteger(cursor.position) ? cursor : null;
}
