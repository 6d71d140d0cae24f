/** Conditions of a list, met by one item at a time. */

export type Checks<T, C> = {
  readonly [K in keyof Required<C>]: (item: T, wanted: NonNullable<C[K]>) => boolean;
};

export function meetsAll<T, C extends object>(conditions: C, checks: Checks<T, C>): (item: T) => boolean {
  const wanted = (Object.entries(conditions) as [keyof C, never][]).filter(([, value]) => value !== undefined);
  return (item) => wanted.every(([name, value]) => checks[name](item, value));
}
