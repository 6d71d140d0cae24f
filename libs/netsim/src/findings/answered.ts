/** Who answered, where the verdict is good: the wrong pod's answer looks like the right one's, and outside nothing is seen. */
import { formatIp, hostKey, parseIp, podKey } from '@netverdict/linux-net';
import { FINDING_CODES, type Finding, type Remarks } from '@netverdict/verdict';
import type { EvaluatedBranch, Evaluation } from '../evaluate.ts';
import type { World } from '../world/world.ts';
import { nameOf } from './finding.ts';

/** The namespace whose address it is, if it is a pod's. A node's or a Service's is meant to be passed on. */
function expectedAt(world: World, text: string): { readonly key: string; readonly name: string } | null {
  const address = parseIp(text);
  const pod = address.ok ? world.podByAddress.get(address.value) : undefined;
  if (!pod) return null;
  const key = pod.hostNetwork ? hostKey(pod.node) : podKey(pod.node, pod.namespace, pod.name);
  return { key, name: `${pod.namespace}/${pod.name}` };
}

const answered = (b: EvaluatedBranch): boolean => b.stop === null && b.answeredBy !== null;

export function answeredByOther(world: World, destination: string, evaluation: Evaluation): Finding[] {
  const expected = expectedAt(world, destination);
  if (expected === null) return [];
  const others = new Map<string, string[]>();
  for (const b of evaluation.branches)
    if (answered(b) && b.answeredBy && b.answeredBy !== expected.key)
      others.set(b.answeredBy, [...(others.get(b.answeredBy) ?? []), b.branch.id]);
  return [...others].map(([key, branches]) => {
    const ns = world.namespaces.get(key);
    return {
      code: 'NV-ANSWERED-BY-OTHER',
      severity: FINDING_CODES['NV-ANSWERED-BY-OTHER'].severity,
      hop: key,
      node: ns?.node ?? null,
      direction: 'forward',
      branches,
      params: { address: destination, where: nameOf(ns), expected: expected.name },
      evidence: [],
      remedy: null,
    };
  });
}

/** Where the packet was found to be of a connection that was there already: then that one was judged, and no new one. */
function existingAt(evaluation: Evaluation): string | null {
  const hops = evaluation.branches.flatMap((b) => b.branch.hops);
  const hop = hops.find((h) => h.steps.some((s) => s.kind === 'conntrack' && s.detail?.existing === 'yes'));
  return hop ? (hop.node ?? hop.place) : null;
}

/** What a good verdict has to say besides: who answers, and where the packets leave the cluster. */
export function remarksOn(evaluation: Evaluation, others: readonly Finding[]): Remarks {
  const left = evaluation.branches.find((b) => b.stop === null && b.left !== null)?.left;
  const always = evaluation.branches
    .filter(answered)
    .every((b) => others.some((f) => f.branches.includes(b.branch.id)));
  const names = always ? others.map((f) => String(f.params.where)) : [];
  return {
    answeredBy: names.length > 0 ? [...new Set(names)].join(', ') : null,
    existing: existingAt(evaluation),
    leaves: left ? { to: formatIp(left.destination), as: formatIp(left.source) } : null,
  };
}
