/** Places in lists, and their pages. */
import { decodeCursor, encodeCursor } from '../domain/cursor.ts';
import { invalidRequest } from '../http/problems.ts';

export const notACursor = () =>
  invalidRequest([
    { pointer: 'cursor', detail: 'is not a cursor of this list', expected: 'nextCursor of the page before' },
  ]);

/** In a list by time and id. @throws for a text that is no cursor of such a list */
export function placeOf(cursor: string | undefined): { readonly at: string; readonly id: string } | null {
  if (cursor === undefined) return null;
  const [at = '', id = ''] = decodeCursor(cursor, 2) ?? [];
  if (Number.isNaN(Date.parse(at)) || id === '' || id.includes('\0')) throw notACursor();
  return { at, id };
}

/** The two texts of a cursor. @throws as above */
export function pairOf(cursor: string | undefined): readonly [string, string] | null {
  if (cursor === undefined) return null;
  const parts = decodeCursor(cursor, 2);
  if (parts === null || parts.some((part) => part.includes('\0'))) throw notACursor();
  return [parts[0] ?? '', parts[1] ?? ''];
}

/** How many were shown before. @throws as above */
export function offsetOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const offset = Number(decodeCursor(cursor, 1)?.[0]);
  if (!Number.isSafeInteger(offset) || offset < 0 || offset > 1_000_000) throw notACursor();
  return offset;
}

/** In a list by id, spread into its query. @throws as above */
export function beforeId(cursor: string | undefined, pattern: RegExp): { readonly before?: string } {
  if (cursor === undefined) return {};
  const before = decodeCursor(cursor, 1)?.[0] ?? '';
  if (!pattern.test(before)) throw notACursor();
  return { before };
}

/** In a list by number. @throws as above */
export function numberOf(cursor: string | undefined): number | null {
  if (cursor === undefined) return null;
  const text = decodeCursor(cursor, 1)?.[0] ?? '';
  if (!/^\d{1,15}$/.test(text)) throw notACursor();
  return Number(text);
}

/** The same, spread into its query. @throws as above */
export function beforeNumber(cursor: string | undefined): { readonly before?: number } {
  const before = numberOf(cursor);
  return before === null ? {} : { before };
}

/** @param rows one more than the page holds, where there are more */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  place: (row: Row) => string | number,
  item: (row: Row) => Item,
): { items: Item[]; nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(item),
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor([String(place(last))]) : null,
  };
}
