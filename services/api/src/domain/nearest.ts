/** Names that somebody may have meant. Pure. */

/** Letters to put in, leave out or change (Levenshtein). */
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

const MOST = 3;

/** Those that are nearly it, or begin or end with it; the nearest first. */
export function nearest(wanted: string, names: readonly string[]): readonly string[] {
  const own = wanted.split('/').at(-1) ?? wanted;
  return names
    .map((name) => ({ name, far: distance(wanted, name), part: own !== '' && name.includes(own) }))
    .filter(({ far, part }) => part || far <= Math.max(2, wanted.length / 4))
    .sort((a, b) => a.far - b.far || a.name.localeCompare(b.name))
    .slice(0, MOST)
    .map(({ name }) => name);
}
