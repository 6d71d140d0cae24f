/** Pods by name and by workload: running ones are taken, ended and unplaced ones are told as such. */
import { nearest } from '@netverdict/contracts';
import type { ClusterObjects, Pod } from '@netverdict/kube';
import { ok } from '@netverdict/linux-net';
import { missing, nearbyObjects } from './nearby.ts';
import { fail, type Outcome } from './outcome.ts';
import type { PlacedPod } from './resolution.ts';

export function splitName(text: string): { namespace: string; name: string } {
  const slash = text.indexOf('/');
  return { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

export const nameOf = (object: { readonly meta: { readonly namespace: string; readonly name: string } }): string =>
  `${object.meta.namespace}/${object.meta.name}`;

const named = (object: { readonly meta: { readonly namespace: string; readonly name: string } }) => ({
  namespace: object.meta.namespace,
  name: object.meta.name,
});

export function resolvePod(objects: ClusterObjects, text: string): Outcome<PlacedPod> {
  const { namespace, name } = splitName(text);
  const pod = objects.pod(namespace, name);
  if (pod) return placed(pod);
  const ended = objects.terminatedPods.find((t) => t.pod.meta.namespace === namespace && t.pod.meta.name === name);
  if (ended)
    return fail(
      'pod-terminated',
      `Pod ${text} no longer exists`,
      `Pod ${text} ${ended.how === 'deleted' ? 'was deleted' : `has ${ended.how}`} at ${new Date(ended.seenAtMs).toISOString()}; a packet cannot start or end there.`,
      siblings(objects, ended.pod),
    );
  const namespaces = [...objects.namespaces.keys()];
  const suggestions = nearbyObjects('pod', { namespace, name }, [...objects.pods.values()].map(named), namespaces);
  const workload = [...objects.pods.values()].find(
    (p) => p.meta.namespace === namespace && p.owner !== null && p.owner.name === name,
  )?.owner;
  if (workload) suggestions.unshift(`workload ${workload.kind.toLowerCase()}/${namespace}/${name}`);
  if (objects.service(namespace, name)) suggestions.unshift(`service ${text}`);
  return fail('unknown-pod', `There is no pod ${text}`, missing('pod', { namespace, name }, namespaces), suggestions);
}

/** A pod object as an end of the flow: it must run somewhere and have an address. */
export function placed(pod: Pod): Outcome<PlacedPod> {
  const name = nameOf(pod);
  if (pod.phase === 'Succeeded' || pod.phase === 'Failed')
    return fail(
      'pod-terminated',
      `Pod ${name} has terminated`,
      `Pod ${name} is in phase ${pod.phase}${pod.reason === null ? '' : ` (${pod.reason})`}: its network namespace is gone.`,
    );
  if (pod.nodeName === null)
    return fail(
      'pod-not-running',
      `Pod ${name} runs on no node`,
      `Pod ${name} is ${pod.phase}${pod.reason === null ? '' : ` (${pod.reason})`} and has not been scheduled, so it has no network.`,
    );
  if (pod.ips.length === 0 && !pod.hostNetwork)
    return fail(
      'pod-not-running',
      `Pod ${name} has no address yet`,
      `Pod ${name} is ${pod.phase}${pod.reason === null ? '' : ` (${pod.reason})`} on ${pod.nodeName} and has no address: its network has not been set up.`,
    );
  return ok({ ...pod, nodeName: pod.nodeName });
}

const siblings = (objects: ClusterObjects, pod: Pod): string[] =>
  pod.owner === null
    ? []
    : objects
        .podsOfWorkload(`${pod.owner.kind.toLowerCase()}/${pod.meta.namespace}/${pod.owner.name}`)
        .filter((p) => p.phase === 'Running')
        .slice(0, 5)
        .map((p) => `pod ${nameOf(p)}`);

/** One pod of a workload, ready ones first, by name; and a sentence saying which of how many. */
export function resolveWorkload(
  objects: ClusterObjects,
  text: string,
): Outcome<{ readonly pod: PlacedPod; readonly oneOf: string; readonly note: string }> {
  const pods = [...objects.podsOfWorkload(text)].sort(
    (a, b) => Number(b.ready) - Number(a.ready) || (a.meta.name < b.meta.name ? -1 : 1),
  );
  const usable = pods.map(placed).filter((p) => p.ok);
  const first = usable[0]?.value;
  if (first) {
    const rest = first.ready ? '' : ', none of them ready';
    // In the answer too: what holds for one pod need not hold for its siblings.
    const oneOf = pods.length > 1 ? ` (one of ${pods.length} pods of ${text})` : '';
    return ok({ pod: first, oneOf, note: `${text} has ${pods.length} pod(s)${rest}: asked for ${nameOf(first)}` });
  }
  if (pods.length > 0)
    return fail(
      'pod-not-running',
      `No pod of ${text} runs`,
      `${text} has ${pods.length} pod(s), and none has a network.`,
      pods.slice(0, 5).map((p) => `pod ${nameOf(p)} is ${p.phase}${p.reason === null ? '' : ` (${p.reason})`}`),
    );
  const workloads = new Set<string>();
  for (const pod of objects.pods.values())
    if (pod.owner) workloads.add(`${pod.owner.kind.toLowerCase()}/${pod.meta.namespace}/${pod.owner.name}`);
  const [, namespace = '', name = ''] = text.split('/');
  const sameName = [...workloads].filter((w) => w.endsWith(`/${name}`));
  const asService = objects.service(namespace, name) ? [`service ${namespace}/${name}`] : [];
  return fail('unknown-workload', `There is no ${text}`, `No pod of the cluster belongs to ${text}.`, [
    ...new Set([...nearest(text, workloads), ...sameName.slice(0, 5), ...asService]),
  ]);
}
