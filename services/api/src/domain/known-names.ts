/** A cluster, a node or a pod that nothing has by that name is a mistake of the asker's, and said: an empty list would tell that all is well there. */
import { didYouMean, nearest } from '@netverdict/contracts';
import type { KnownNameQueries } from '@netverdict/store';
import type { Scope } from '../http/authority.ts';
import { ProblemError } from '../http/problems.ts';

export interface Named {
  readonly cluster?: string | undefined;
  readonly node?: string | undefined;
  readonly pod?: string | undefined;
}

/** Of so many the nearest are looked for. */
const MOST_PODS = 5000;
const MOST = 3;

const unknown = (what: 'cluster' | 'node' | 'pod', name: string, known: readonly string[]): ProblemError =>
  new ProblemError({
    type: `unknown-${what}`,
    status: 404,
    title: `No such ${what}`,
    detail: `Nothing is known of a ${what} ${name}.${didYouMean(nearest(name, known, MOST))}`,
  });

/**
 * @throws ProblemError 404; where no name is known at all (no agent, no topology yet), any may be right.
 * @param scope what the asker may know of; null: all
 */
export async function checkNames(
  names: KnownNameQueries,
  { cluster, node, pod }: Named,
  { clusters, namespaces }: Scope,
): Promise<void> {
  if (cluster !== undefined) {
    const known = await names.clusters();
    if (known.length > 0 && !known.includes(cluster))
      throw unknown(
        'cluster',
        cluster,
        known.filter((one) => clusters === null || clusters.includes(one)),
      );
  }
  if (node !== undefined) {
    const known = await names.nodes(cluster);
    if (known.length > 0 && !known.includes(node)) throw unknown('node', node, known);
  }
  if (pod !== undefined && !(await names.hasPod(pod, cluster))) {
    const known = await names.pods(MOST_PODS, cluster);
    const inSight = (name: string): boolean => namespaces === null || namespaces.includes(name.split('/')[0] ?? '');
    if (known.length > 0) throw unknown('pod', pod, known.filter(inSight));
  }
}
