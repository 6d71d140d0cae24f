/** Hops and findings for who may not see every namespace: kinds, actions and shares stand. Pure. */
import {
  type Evidence,
  type Finding,
  type Hop,
  type PacketView,
  REDACTED,
  type Remedy,
  type Step,
  type Trace,
} from '@netverdict/verdict';
import type { Sight } from './sight.ts';
import { placeInSight, redactAll, redactChinese, redactComment, redactText } from './text.ts';

function redactEvidence(evidence: Evidence, sight: Sight): Evidence {
  const text = redactText(evidence.text, sight);
  // A digest tells whether one has guessed the text.
  return text === evidence.text ? evidence : { ...evidence, section: null, text };
}

/** A port is an address' too. */
function redactPacket(packet: PacketView, sight: Sight): PacketView {
  const [source, destination] = [redactText(packet.source, sight), redactText(packet.destination, sight)];
  const port = (address: string, given: number | null): number | null =>
    address === REDACTED && given !== sight.port ? null : given;
  return {
    ...packet,
    source,
    sport: port(source, packet.sport),
    destination,
    dport: port(destination, packet.dport),
    ...(packet.outer === undefined ? {} : { outer: redactAll(packet.outer, sight) }),
  };
}

function redactStep(step: Step, sight: Sight): Step {
  const { comment, ...detail } = step.detail;
  return {
    kind: step.kind,
    text: redactText(step.text, sight),
    action: step.action,
    detail: {
      ...redactAll(detail, sight),
      ...(comment === undefined
        ? {}
        : { comment: typeof comment === 'string' ? redactComment(comment, sight) : comment }),
    },
    ...(step.evidence === undefined ? {} : { evidence: step.evidence.map((one) => redactEvidence(one, sight)) }),
    ...(step.packet === undefined ? {} : { packet: redactPacket(step.packet, sight) }),
    ...(step.steps === undefined ? {} : { steps: step.steps.map((one) => redactStep(one, sight)) }),
  };
}

/** Where it ended or what decided, and nothing else. */
const bareStep = ({ kind, action }: Step): Step => ({ kind, text: REDACTED, action, detail: {} });

function redactHop(hop: Hop, sight: Sight): Hop {
  if (!placeInSight(hop.place, sight))
    return {
      place: REDACTED,
      node: null,
      kind: hop.kind,
      direction: hop.direction,
      steps: hop.steps.filter(({ action }) => action === 'stop' || action === 'unknown').map(bareStep),
      redacted: 'other-namespace',
    };
  const steps = hop.steps.map((step) => redactStep(step, sight));
  const shown = { ...hop, steps };
  return JSON.stringify(steps).includes(REDACTED) ? { ...shown, redacted: 'parts' } : shown;
}

export const redactTrace = (trace: Trace, sight: Sight): Trace => ({
  branches: trace.branches.map(({ id, share, disposition, ended, choices, hops }) => ({
    id,
    share,
    disposition,
    ended,
    choices: choices.map((choice) => ({ ...choice, label: redactText(choice.label, sight) })),
    hops: hops.map((hop) => redactHop(hop, sight)),
  })),
});

/** Half a command is none. */
const wholeInSight = (remedy: Remedy, sight: Sight): boolean =>
  [remedy.command ?? '', remedy.on ?? '', remedy.en].every((text) => redactText(text, sight) === text) &&
  redactChinese(remedy.zh, sight) === remedy.zh;

export function redactFinding(finding: Finding, sight: Sight): Finding {
  const here = placeInSight(finding.hop, sight);
  const param = (name: string, value: string | number): string | number => {
    if (typeof value === 'number') return here || value === sight.port ? value : REDACTED;
    return name.endsWith('Zh') ? redactChinese(value, sight) : redactText(value, sight);
  };
  const { code, severity, direction, branches } = finding;
  const params = Object.fromEntries(Object.entries(finding.params).map(([name, value]) => [name, param(name, value)]));
  const remedy = finding.remedy !== null && here && wholeInSight(finding.remedy, sight) ? finding.remedy : null;
  const shown: Finding = {
    code,
    severity,
    hop: here ? finding.hop : REDACTED,
    node: here ? finding.node : null,
    direction,
    branches,
    params,
    evidence: here ? finding.evidence.map((one) => redactEvidence(one, sight)) : [],
    remedy,
  };
  if (!here) return { ...shown, redacted: 'other-namespace' };
  return remedy !== finding.remedy || JSON.stringify(shown).includes(REDACTED)
    ? { ...shown, redacted: 'parts' }
    : shown;
}
