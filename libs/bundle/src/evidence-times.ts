/** Evidence says when its line was read. Compiled state is kept by content, so the time is the snapshot's to tell. */
import type { Snapshot } from '@netverdict/linux-net';
import type { Diagnosis, Evidence, Step } from '@netverdict/verdict';

export function withReadTimes(diagnosis: Diagnosis, snapshot: Snapshot): Diagnosis {
  const times = new Map<string, string>();
  for (const node of snapshot.nodes)
    for (const namespace of node.namespaces)
      for (const section of namespace.sections) {
        if ('missing' in section) continue;
        times.set(`${namespace.key} ${section.digest}`, section.at);
        if (!times.has(section.digest)) times.set(section.digest, section.at);
      }
  const dated = (place: string, evidence: readonly Evidence[]): readonly Evidence[] =>
    evidence.map((e) => {
      const at = e.section === null ? undefined : (times.get(`${place} ${e.section}`) ?? times.get(e.section));
      return at === undefined ? e : { ...e, at };
    });
  const step = (place: string, s: Step): Step => ({
    ...s,
    ...(s.evidence ? { evidence: dated(place, s.evidence) } : {}),
    ...(s.steps ? { steps: s.steps.map((inner) => step(place, inner)) } : {}),
  });
  return {
    ...diagnosis,
    findings: diagnosis.findings.map((f) => ({ ...f, evidence: dated(f.hop, f.evidence) })),
    trace: {
      branches: diagnosis.trace.branches.map((branch) => ({
        ...branch,
        hops: branch.hops.map((hop) => ({ ...hop, steps: hop.steps.map((s) => step(hop.place, s)) })),
      })),
    },
  };
}
