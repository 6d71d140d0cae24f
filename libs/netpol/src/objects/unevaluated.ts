/** Policies that are not evaluated, such as Calico's and Cilium's own: they decide as well, so that an answer without them may be wrong. */
import type { ObjectProblem } from './problem.ts';
import type { KubernetesObject } from './read.ts';

const EVALUATED: Readonly<Record<string, string>> = {
  NetworkPolicy: 'networking.k8s.io',
  AdminNetworkPolicy: 'policy.networking.k8s.io',
  BaselineAdminNetworkPolicy: 'policy.networking.k8s.io',
  ClusterNetworkPolicy: 'policy.networking.k8s.io',
};
const LISTED = Object.entries(EVALUATED)
  .map(([kind, group]) => `${kind} of ${group}`)
  .join(', ');

/** Kinds are told by their name, since every engine has its own groups. Calico's staged policies only preview: nothing is dropped by them. */
const isPolicy = (kind: string): boolean => kind.endsWith('NetworkPolicy') && !kind.startsWith('Staged');

/** @returns null for what is evaluated, and for what is no policy */
export function unevaluated({ kind = '', apiVersion = '', metadata = {} }: KubernetesObject): ObjectProblem | null {
  if (!isPolicy(kind) || (Object.hasOwn(EVALUATED, kind) && apiVersion.split('/')[0] === EVALUATED[kind])) return null;
  const place = metadata.namespace === undefined ? '' : `${metadata.namespace}/`;
  return {
    object: `${kind} ${place}${metadata.name ?? ''}`,
    pointer: '/apiVersion',
    detail: `${apiVersion === '' ? 'is missing' : `${apiVersion} is not evaluated for this kind`}: only ${LISTED}`,
  };
}
