/** Events and incidents for who may not see every namespace. Pure. */
import type { EventDocument, IncidentDocument, IncidentVerdict } from '@netverdict/contracts';
import { REDACTED } from '@netverdict/verdict';
import { redactRequest } from './document.ts';
import { type Sight, sightOf } from './sight.ts';
import { placeInSight, redactAll, redactBoth, redactText } from './text.ts';

type FoundThere = IncidentVerdict['findings'][number];

/** The finding's sentence tells its place: beyond sight only its code is left. */
function redactFound(finding: FoundThere, sight: Sight): FoundThere {
  if (!placeInSight(finding.hop, sight))
    return {
      ...finding,
      hop: REDACTED,
      node: null,
      text: { en: REDACTED, zh: REDACTED },
      evidence: null,
      remedy: null,
    };
  const { remedy } = finding;
  return {
    ...finding,
    text: redactBoth(finding.text, sight),
    evidence: finding.evidence === null ? null : redactText(finding.evidence, sight),
    remedy: remedy !== null && JSON.stringify(redactAll(remedy, sight)) === JSON.stringify(remedy) ? remedy : null,
  };
}

const redactVerdict = (verdict: IncidentVerdict, sight: Sight): IncidentVerdict => ({
  ...verdict,
  sentence: redactBoth(verdict.sentence, sight),
  question: verdict.question === null ? null : redactRequest(verdict.question, sight),
  findings: verdict.findings.map((finding) => redactFound(finding, sight)),
  cause: verdict.cause === null ? null : redactText(verdict.cause, sight),
});

/** `deployment/shop/cart` */
const within = (workload: string, namespaces: readonly string[]): boolean =>
  workload.split('/').length === 3 && namespaces.includes(workload.split('/')[1] ?? '');

interface Ends {
  readonly source?: string | null | undefined;
  readonly destination?: string | null | undefined;
}

/** Which addresses are whose is not known here, but for the workload's own: `out` is what it sends. */
const ownAddress = (direction: 'in' | 'out' | null | undefined, ends: Ends | null): string | null =>
  (direction === 'out' ? ends?.source : direction === 'in' ? ends?.destination : null) ?? null;

export function redactIncident(incident: IncidentDocument, namespaces: readonly string[]): IncidentDocument {
  const { cause, verdict, direction } = incident;
  const addresses = within(incident.workload, namespaces)
    ? incident.samples.map(({ tuple }) => ownAddress(direction, tuple))
    : [];
  const sight = sightOf(namespaces, { nodes: incident.nodes, addresses });
  return {
    ...incident,
    workload: redactText(incident.workload, sight),
    peer: redactText(incident.peer, sight),
    pods: incident.pods.filter((pod) => redactText(pod, sight) === pod),
    samples: incident.samples.map((sample) => ({ ...sample, tuple: redactAll(sample.tuple, sight) })),
    ...(typeof cause === 'string' ? { cause: redactText(cause, sight) } : {}),
    verdict: verdict === null ? null : redactVerdict(verdict, sight),
    visibleNamespaces: [...namespaces],
  };
}

/** The kernel's words (kind, reason, function) are nobody's. */
export function redactEvent(event: EventDocument, namespaces: readonly string[]): EventDocument {
  const { workload, peer, peerAddress, source, destination, details, samples, pod, direction } = event;
  const own = pod !== null && namespaces.includes(pod.namespace);
  const addresses = own
    ? [ownAddress(direction, event), ...(samples ?? []).map(({ tuple }) => ownAddress(direction, tuple))]
    : [];
  const sight = sightOf(namespaces, { nodes: [event.node], addresses });
  const text = (value: string): string => redactText(value, sight);
  return {
    ...event,
    pod: own ? pod : null,
    ...(workload === undefined ? {} : { workload: text(workload) }),
    ...(peer === undefined ? {} : { peer: text(peer) }),
    ...(peerAddress === undefined ? {} : { peerAddress: text(peerAddress) }),
    ...(source === undefined ? {} : { source: text(source) }),
    ...(destination === undefined ? {} : { destination: text(destination) }),
    ...(details === undefined ? {} : { details: redactAll(details, sight) }),
    ...(samples === undefined
      ? {}
      : { samples: samples.map((sample) => ({ ...sample, tuple: redactAll(sample.tuple, sight) })) }),
    visibleNamespaces: [...namespaces],
  };
}
