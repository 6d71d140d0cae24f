/** Cursors of paged lists: opaque for clients, so that what they hold may change. */

export const encodeCursor = (parts: readonly string[]): string =>
  Buffer.from(JSON.stringify(parts)).toString('base64url');

/** null: not a cursor of ours with `length` parts. */
export function decodeCursor(cursor: string, length: number): readonly string[] | null {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(parts) && parts.length === length && parts.every((part) => typeof part === 'string')
      ? parts
      : null;
  } catch {
    return null;
  }
}
