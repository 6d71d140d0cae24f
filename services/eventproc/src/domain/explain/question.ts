/**
 * Which question an incident asks: does the very connection that its packets belong to work? A packet that was dropped may be
 * an answer: the question is always that of who began. Pure.
 */
import type { AnomalyTuple, DiagnosisRequest, Source } from '@netverdict/contracts';

/** What is known of one event of the incident, the newest first. */
export interface Witness {
  readonly node: string;
  /** null: the node itself. */
  readonly pod: string | null;
  /** A port that the kernel chose is null: which end began. */
  readonly tuple: AnomalyTuple;
  /** One packet in full, where there is one. */
  readonly sample: AnomalyTuple | null;
}

export interface AskedIncident {
  readonly cluster: string;
  readonly kind: string;
  readonly reason: string | null;
  readonly witnesses: readonly Witness[];
}

export interface Question {
  readonly request: DiagnosisRequest;
  /** Whether the packet went from who began, or back to them. */
  readonly packet: 'request' | 'reply';
}

/** State that is older may be from before the packets were dropped. */
const MAX_AGE_MS = 1000;
const PROTOCOLS: Readonly<Record<number, 'tcp' | 'udp' | 'icmp'>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp' };

/**
 * Questions in the order in which they are worth asking: the second only when the first finds nothing, where the ports do not
 * tell who began. Empty: nothing is known that could be asked.
 */
export function questionsOf(incident: AskedIncident): readonly Question[] {
  for (const witness of incident.witnesses) {
    const questions = incident.kind === 'neighbour-fail' ? toNeighbour(incident, witness) : ofFlow(incident, witness);
    if (questions.length > 0) return questions;
  }
  return [];
}

/** Nobody answered for that address: would anything be delivered to it? */
function toNeighbour({ cluster }: AskedIncident, { node, pod, tuple }: Witness): readonly Question[] {
  if (!isHost(tuple.destination)) return [];
  const source = pod === null ? { node } : { pod };
  const request: DiagnosisRequest = {
    cluster,
    source,
    destination: { ip: tuple.destination },
    protocol: 'icmp',
    maxAgeMs: MAX_AGE_MS,
  };
  return [{ request, packet: 'request' }];
}

function ofFlow(incident: AskedIncident, { node, pod, tuple, sample }: Witness): readonly Question[] {
  const protocol = PROTOCOLS[tuple.protocol];
  if (protocol === undefined || !isHost(tuple.destination)) return [];
  const ends: Ends = {
    // Where there is no way at all, the kernel has not chosen an address when connect() fails.
    source: isHost(tuple.source) ? { ip: tuple.source } : pod === null ? { node } : { pod },
    destination: tuple.destination,
    sourcePort: sample?.sourcePort ?? tuple.sourcePort,
    destinationPort: sample?.destinationPort ?? tuple.destinationPort,
  };
  if (!isHost(tuple.source) && !(incident.kind === 'tcp-connect-fail' && tuple.source === null)) return [];
  const asked: readonly (Question | null)[] = [
    requestOf(incident.cluster, protocol, ends),
    protocol === 'icmp' || !isHost(tuple.source) ? null : replyOf(incident.cluster, protocol, ends, tuple.source),
  ];
  const began = protocol === 'icmp' ? 'source' : whoBegan(incident, tuple, ends);
  return asked.filter(
    (question) => question !== null && (began === 'unknown' || began === BEGAN[question.packet]),
  ) as Question[];
}

interface Ends {
  readonly source: Source;
  readonly destination: string;
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
}

/** Of a packet that is a request, its source began. */
const BEGAN = { request: 'source', reply: 'destination' } as const;

function whoBegan(
  { kind, reason }: AskedIncident,
  tuple: AnomalyTuple,
  ends: Ends,
): 'source' | 'destination' | 'unknown' {
  if (kind === 'tcp-connect-fail' || reason === 'SYN') return 'source';
  if (reason === 'SYN_ACK') return 'destination';
  // Counted together whatever it was: the kernel chose it, as it does for who begins.
  if (tuple.sourcePort === null && tuple.destinationPort !== null) return 'source';
  if (tuple.destinationPort === null && tuple.sourcePort !== null) return 'destination';
  // Ports below 1024 are those of services (IANA's system ports).
  const [from, to] = [ends.sourcePort ?? 0, ends.destinationPort ?? 0];
  if (to < 1024 && from >= 1024) return 'source';
  if (from < 1024 && to >= 1024) return 'destination';
  return 'unknown';
}

type Protocol = 'tcp' | 'udp' | 'icmp';

function requestOf(cluster: string, protocol: Protocol, ends: Ends): Question | null {
  const { source, destination, sourcePort, destinationPort } = ends;
  if (protocol !== 'icmp' && !destinationPort) return null;
  const to = protocol === 'icmp' || !destinationPort ? { ip: destination } : { ip: destination, port: destinationPort };
  const port = protocol !== 'icmp' && sourcePort ? { sourcePort } : {};
  return { request: { cluster, source, destination: to, protocol, ...port, maxAgeMs: MAX_AGE_MS }, packet: 'request' };
}

/** The packet is an answer: the connection went the other way. */
function replyOf(cluster: string, protocol: Protocol, ends: Ends, source: string): Question | null {
  const { destination, sourcePort, destinationPort } = ends;
  const forward = {
    source: { ip: destination },
    destination: source,
    sourcePort: destinationPort,
    destinationPort: sourcePort,
  };
  const question = requestOf(cluster, protocol, forward);
  return question === null ? null : { ...question, packet: 'reply' };
}

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';

/** One machine, and not this one by its loopback: multicast, broadcast and link-local addresses are no ends of a path. */
function isHost(address: string | null): address is string {
  if (address === null || isLoopback(address)) return false;
  if (address.includes(':')) return !/^(ff|fe[89ab]|::$)/i.test(address);
  const first = Number(address.split('.')[0]);
  return first > 0 && first < 224 && !address.startsWith('169.254.');
}
