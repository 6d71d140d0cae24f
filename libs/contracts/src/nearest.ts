/** Names that somebody may have meant who wrote one that there is not: what REST, the findings of resolution and the command line propose. Pure. */

/** Letters to put in, leave out or change (Levenshtein). Names have at most a few hundred: stopping early is not worth it. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}

/**
 * The nearest first: typing mistakes (a third of the name may differ), then names that it begins or that begin it, then those that hold it.
 * Of `namespace/name` the name alone is looked for too, as it may lie in another namespace.
 */
export function nearest(wanted: string, names: Iterable<string>, most = 5): string[] {
  const limit = Math.max(2, Math.floor(wanted.length / 3));
  const own = wanted.split('/').at(-1) ?? wanted;
  const scoreOf = (name: string): number | null => {
    const far = distance(wanted, name);
    if (far <= limit) return far;
    if (name.startsWith(`${wanted}-`) || wanted.startsWith(`${name}-`)) return limit + 1;
    return own.length >= 3 && name.includes(own) ? limit + 2 : null;
  };
  return [...new Set(names)]
    .flatMap((name) => {
      const score = scoreOf(name);
      return score === null ? [] : [{ name, score }];
    })
    .sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1))
    .slice(0, most)
    .map(({ name }) => name);
}

/** ` Did you mean node-1, node-2?`, or nothing. */
export const didYouMean = (near: readonly string[]): string =>
  near.length === 0 ? '' : ` Did you mean ${near.join(', ')}?`;
