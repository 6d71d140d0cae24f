/** Places in lists that are ordered by a time and an id, newest first. */
import { decodeCursor } from '../domain/cursor.ts';
import { invalidRequest } from '../http/problems.ts';

export const notACursor = () =>
  invalidRequest([
    { pointer: 'cursor', detail: 'is not a cursor of this list', expected: 'nextCursor of the page before' },
  ]);

/** @throws for a text that is no cursor of such a list */
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
