/** What the model says of a flow, in the terms of an observation. */
import type { Flow, IpAddress, Range } from '@netverdict/linux-net';
import { formatIp } from '@netverdict/linux-net';
import { type Arrived, type EvaluatedBranch, evaluate, type Heard, type Lens, type Seen } from '@netverdict/netsim';
import { inComparableOrder } from '../kernel/flow.ts';
import type { HeardForReal, Received, RuleSeen } from '../world/observation.ts';
import type { FlowSpec } from '../world/spec.ts';
import type { Modelled } from './world.ts';

/** What the model says of a reception. Where NAT draws a port, any of a range is as good. */
export interface PredictedReception extends Received {
  readonly sportAmong?: Range;
}

export interface PredictedBranch {
  /** null: depends on something that is not known. */
  readonly share: number | null;
  readonly disposition: string;
  readonly heard: HeardForReal;
  /** An ICMP error of this type was sent about the packet, to this address, whether or not it is heard; `times`: counted as so many (ip_error). */
  readonly told: { readonly type: number; readonly code: number; readonly to: string; readonly times: number } | null;
  /** One about its answer, and the namespace that had sent that. */
  readonly toldOfAnswer: {
    readonly namespace: string;
    readonly type: number;
    readonly code: number;
    readonly times: number;
  } | null;
  readonly received: PredictedReception | null;
  readonly rules: readonly RuleSeen[];
  /** The rules met where an unknown that decides nothing else is taken another way. */
  readonly otherRules?: readonly (readonly RuleSeen[])[];
}

export interface Prediction {
  readonly branches: readonly PredictedBranch[];
  /** What decides and is not known; empty: the verdict is a definite one. */
  readonly unknowns: readonly string[];
}

/** The smallest packets that the probe sends: headers and a short line. */
const SMALLEST = { ipv4: { tcp: 60, udp: 40, icmp: 36 }, ipv6: { tcp: 80, udp: 60, icmp: 56 } } as const;

/** Data over the connection that the prelude left open. */
const overOpen = ({ protocol, continues, tcpFlags }: FlowSpec): boolean =>
  protocol === 'tcp' && continues !== null && tcpFlags === null;
/** `more\n`, and 12 bytes of options (the time), where a connection's first packet has 20. */
const OF_DATA = 5 + 12 - 20;

/** A lone TCP packet has no options. */
const smallest = (spec: FlowSpec): number =>
  SMALLEST[spec.family][spec.protocol] + (spec.tcpFlags !== null ? -20 : overOpen(spec) ? OF_DATA : 0);

export function flowOf(spec: FlowSpec, attempt: number, keyOf: (name: string) => string): Flow {
  const icmp = spec.protocol === 'icmp';
  return {
    family: spec.family,
    protocol: spec.protocol,
    source: { kind: 'namespace', namespace: keyOf(spec.from), address: spec.source },
    destination: { address: spec.destination, port: icmp ? null : spec.dport },
    sourcePort: spec.sport + attempt,
    sizeBytes: (spec.tcpFlags === null ? spec.sizeBytes : null) ?? smallest(spec),
    dontFragment: spec.dontFragment,
    // The prober's receivers answer a line of 12 bytes.
    ...(spec.protocol === 'udp' ? { answerBytes: spec.family === 'ipv4' ? 40 : 60 } : {}),
    tos: spec.tos,
    mark: spec.mark,
    ttl: spec.ttl,
    uid: spec.uid,
    gid: 0,
    ...(icmp ? { icmpId: spec.sport + attempt } : {}),
    ...(spec.tcpFlags === null ? {} : { tcpFlags: spec.tcpFlags }),
    ...(overOpen(spec) ? { established: true as const } : {}),
    ...(spec.device === null ? {} : { device: spec.device }),
  };
}

export function predict(model: Modelled, spec: FlowSpec, attempt = 0, lens?: Lens): Prediction {
  const flow = flowOf(spec, attempt, model.keyOf);
  const evaluation = evaluate(model.world, flow, { observed: true, traced: true, ...(lens ? { lens } : {}) });
  const unknowns = evaluation.unknowns.map((u) => u.text);
  const open = evaluation.branches.filter((b) => b.branch.disposition === 'insufficient-info');
  for (const branch of open)
    if (branch.stop?.cause.kind === 'unknown') unknowns.push(branch.stop.cause.missing.text);
    else unknowns.push(branch.stop?.cause.kind ?? 'unknown');
  // The packet's fate is known, and not what its sender hears of it.
  for (const { heard } of evaluation.branches)
    if (heard.kind === 'unknown') unknowns.push(heard.missing?.text ?? 'an error was not followed to its end');
  if (evaluation.branches.some((branch) => branch.leftInCircle)) unknowns.push('what lots do at each turn of a circle');
  if (evaluation.unexamined > 0) unknowns.push('not all branches were examined');
  // An outcome that is the same either way may still be heard, or received, in two ways: that is not determined either.
  for (const branch of evaluation.branches)
    if (branch.otherwise.some((other) => lookOf(model, spec, other) !== lookOf(model, spec, branch)))
      unknowns.push('what is heard and received depends on something that is not known');
  return { branches: evaluation.branches.map((b) => branchOf(model, spec, b)), unknowns: [...new Set(unknowns)] };
}

const lookOf = (model: Modelled, spec: FlowSpec, seen: Seen): string =>
  JSON.stringify([heardOf(seen.heard, spec), receptionOf(model, seen)]);

/** An echo has no socket; a tunnel's packet around one may come to one. */
const receptionOf = (model: Modelled, { arrived }: Seen): PredictedReception | null =>
  arrived && !arrived.packet.icmp ? receivedOf(model, arrived) : null;

const rulesOf = (model: Modelled, { rulesMet }: Seen): readonly RuleSeen[] =>
  inComparableOrder(rulesMet.map((met) => ({ ...met, namespace: model.nameOf(met.namespace) })));

function branchOf(model: Modelled, spec: FlowSpec, b: EvaluatedBranch): PredictedBranch {
  return {
    share: b.branch.share,
    disposition: b.branch.disposition,
    heard: heardOf(b.heard, spec),
    told: b.told?.icmp
      ? { type: b.told.icmp.type, code: b.told.icmp.code, to: formatIp(b.told.destination), times: b.refusals }
      : null,
    toldOfAnswer: b.toldOfAnswer && { ...b.toldOfAnswer, namespace: model.nameOf(b.toldOfAnswer.namespace) },
    received: receptionOf(model, b),
    rules: rulesOf(model, b),
    ...(b.otherwise.length === 0 ? {} : { otherRules: b.otherwise.map((other) => rulesOf(model, other)) }),
  };
}

const TCP_RST = 4;

function heardOf(heard: Heard, spec: FlowSpec): HeardForReal {
  if (heard.kind === 'unknown') return { kind: 'silence' };
  if (heard.kind !== 'packet') return heard;
  const { packet } = heard;
  if (packet.icmp && ![0, 129].includes(packet.icmp.type))
    return {
      kind: 'icmp',
      type: packet.icmp.type,
      code: packet.icmp.code,
      from: formatIp(packet.source),
      mtu: packet.icmp.mtuBytes ?? null,
    };
  if (spec.protocol === 'tcp' && (packet.tcpFlags & TCP_RST) !== 0) return { kind: 'reset' };
  return { kind: 'answer' };
}

const text = (address: IpAddress): string => formatIp(address);

function receivedOf(model: Modelled, { namespace, iif, packet }: Arrived): PredictedReception {
  return {
    namespace: model.nameOf(namespace),
    source: text(packet.source),
    sport: packet.sport ?? 0,
    destination: text(packet.destination),
    dport: packet.dport ?? 0,
    iif,
    mark: packet.mark,
    tos: packet.tos,
    ttl: packet.ttl,
    sizeBytes: packet.sizeBytes,
    ...(packet.sportAmong ? { sportAmong: packet.sportAmong } : {}),
  };
}
