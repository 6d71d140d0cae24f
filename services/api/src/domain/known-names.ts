/** A node or a pod that nothing has by that name is a mistake of the asker's, and said: an empty list would tell that all is well there. */
import type { KnownNameQueries } from '@netverdict/store';
import { ProblemError } from '../http/problems.ts';
import { nearest } from './nearest.ts';

export interface Named {
  readonly cluster?: string | undefined;
  readonly node?: string | undefined;
  readonly pod?: string | undefined;
}

/** Of so many the nearest are looked for. */
const MOST_PODS = 5000;

const unknown = (what: 'node' | 'pod', name: string, near: readonly string[]): ProblemError =>
  new ProblemError({
    type: `unknown-${what}`,
    status: 404,
    title: `No such ${what}`,
    detail: `Nothing is known of a ${what} ${name}.` + (near.length === 0 ? '' : ` Did you mean ${near.join(', ')}?`),
  });

/** @throws ProblemError 404; where no name is known at all (no agent, no topology yet), any may be right */
export async function checkNames(names: KnownNameQueries, { cluster, node, pod }: Named): Promise<void> {
  if (node !== undefined) {
    const known = await names.nodes(cluster);
    if (known.length > 0 && !known.includes(node)) throw unknown('node', node, nearest(node, known));
  }
  if (pod !== undefined && !(await names.hasPod(pod, cluster))) {
    const known = await names.pods(MOST_PODS, cluster);
    if (known.length > 0) throw unknown('pod', pod, nearest(pod, known));
  }
}
