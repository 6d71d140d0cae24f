/** Which existing objects are near one that does not exist. */
import { nearest } from '@netverdict/contracts';

const MOST = 5;

export interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** What is not there: the object, or its namespace with all that it would hold. */
export const missing = (kind: string, { namespace, name }: Named, namespaces: readonly string[]): string =>
  namespaces.includes(namespace)
    ? `The cluster has no ${kind} named ${name} in namespace ${namespace}.`
    : `The cluster has no namespace ${namespace}.`;

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
    : nearest(namespace, namespaces).map((found) => `namespace ${found}`);
  // Nothing resembles it: say what there is, so that the reader is not left empty-handed.
  const some =
    near.length + same.length + nearElsewhere.length > 0 ? [] : here.slice(0, MOST).map((object) => line(object));
  return [...near, ...same, ...nearElsewhere, ...some].slice(0, 8).concat(spaces);
}
