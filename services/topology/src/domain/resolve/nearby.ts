/** Which existing names are near a name that does not exist. */

const MOST = 5;

/** Damerau-free edit distance (Levenshtein), stopping early is not worth it for names of at most 253 characters. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + cost));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** Nearest first: typing mistakes (a third of the name may differ), then names that begin with it or contain it. */
export function nearest(name: string, candidates: Iterable<string>): string[] {
  const limit = Math.max(2, Math.floor(name.length / 3));
  const scored: { name: string; score: number }[] = [];
  for (const candidate of new Set(candidates)) {
    const distance = editDistance(name, candidate);
    if (distance <= limit) scored.push({ name: candidate, score: distance });
    else if (candidate.startsWith(`${name}-`) || name.startsWith(`${candidate}-`))
      scored.push({ name: candidate, score: limit + 1 });
    else if (name.length >= 3 && candidate.includes(name)) scored.push({ name: candidate, score: limit + 2 });
  }
  scored.sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1));
  return scored.slice(0, MOST).map((entry) => entry.name);
}

export interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** `kind namespace/name` lines: near names in the namespace, the same or a near name in others, near namespaces. */
export function nearbyObjects(
  kind: string,
  wanted: Named,
  objects: readonly Named[],
  namespaces: readonly string[],
): string[] {
  const { namespace, name } = wanted;
  const line = (object: Named): string => `${kind} ${object.namespace}/${object.name}`;
  const here = objects.filter((object) => object.namespace === namespace);
  const near = nearest(
    name,
    here.map((object) => object.name),
  ).map((found) => line({ namespace, name: found }));
  const elsewhere = objects.filter((object) => object.namespace !== namespace);
  const same = elsewhere.filter((object) => object.name === name).map(line);
  const nearElsewhere =
    near.length + same.length > 0
      ? []
      : nearest(
          name,
          elsewhere.map((object) => object.name),
        ).flatMap((found) => elsewhere.filter((object) => object.name === found).map(line));
  const spaces = namespaces.includes(namespace)
    ? []
    : [`namespace ${namespace} does not exist`, ...nearest(namespace, namespaces).map((found) => `namespace ${found}`)];
  // Nothing resembles it: say what there is, so that the reader is not left empty-handed.
  const some =
    near.length + same.length + nearElsewhere.length > 0 ? [] : here.slice(0, MOST).map((object) => line(object));
  return [...near, ...same, ...nearElsewhere, ...some].slice(0, 8).concat(spaces);
}
