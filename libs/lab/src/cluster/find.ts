/** Finds a pod by the name that a user gave. */
import { LabError } from '../errors.ts';
import type { LabPod } from '../state.ts';

/** @throws LabError that names the pods there are. */
export function findPod(pods: readonly LabPod[], name: string): LabPod {
  const wanted = name.includes('/') ? name : `default/${name}`;
  const pod = pods.find((candidate) => `${candidate.namespace}/${candidate.name}` === wanted);
  if (pod === undefined) throw new LabError(`no pod ${name} (there are: ${pods.map((p) => p.name).join(', ')})`);
  return pod;
}
