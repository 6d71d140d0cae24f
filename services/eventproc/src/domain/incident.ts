/** What becomes of an incident when events come to it. Pure. */
import type { AnomalySample } from '@netverdict/contracts';
import { type Incident, KEY_SEPARATOR, MANY_PEERS, type Severity, type StoredEvent } from '@netverdict/store';
import { addToSketch, estimate, mergeSketches } from './distinct.ts';
import type { EventRow } from './event-rows.ts';
import { plausibleTime } from './plausible.ts';

/** A compiler's copies of one function (`.isra.0`, `.constprop.0`, `.part.0`, `.cold`) and an offset in it are that function. */
export const functionOf = (symbol: string): string =>
  symbol.replace(/\+0x[0-9a-f]+(\/0x[0-9a-f]+)?$/, '').replace(/(\.(isra|constprop|part|cold|llvm)(\.\d+)*)+$/, '');

/** Where it happened: the hook tells more than the function that all hooks are called from. */
const placeOf = ({ hook, function: symbol }: StoredEvent): string =>
  hook !== undefined ? `hook ${hook}` : symbol === undefined ? '' : functionOf(symbol);

/** Kind, workload and cause; each has its peers. */
export const groupKey = ({ event, ends }: EventRow): string =>
  [event.kind, ends.workload, event.reason ?? '', placeOf(event)].join(KEY_SEPARATOR);
export const incidentKey = (group: string, peer: string): string => `${group}${KEY_SEPARATOR}${peer}`;

const NOTES: ReadonlySet<string> = new Set([
  'softirq-slow',
  'socket-slow',
  'transmit-slow',
  'receive-slow',
  'dns-slow',
  'tcp-connect-slow',
  'tcp-reset-sent',
  'tcp-reset-received',
  'udp-no-port',
  'conntrack-invalid',
  'watch-gap',
]);
/** The node itself fails many, or a connection did not come about. */
const GRAVE: ReadonlySet<string> = new Set([
  'conntrack-insert-fail',
  'conntrack-drop',
  'conntrack-pressure',
  'tcp-listen-overflow',
  'tcp-connect-fail',
  'neighbour-fail',
]);
const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];
const MANY = 1000;

export function severityOf(kind: string, count: number): Severity {
  const base = NOTES.has(kind) ? 0 : GRAVE.has(kind) ? 2 : 1;
  return SEVERITIES[Math.min(base + (count >= MANY ? 1 : 0), 2)] ?? 'warning';
}

export interface Settings {
  /** Nothing seen for so long: quiet, resolved. */
  readonly quietMs: number;
  readonly resolvedMs: number;
  /** Peers of one workload, kind and cause that have an incident each; the others share one. */
  readonly peersApart: number;
}
export const DEFAULTS: Settings = { quietMs: 120_000, resolvedMs: 30 * 60_000, peersApart: 50 };

const MOST = { nodes: 32, pods: 32, samples: 8 } as const;

/** One after the other, no more than so many, each once. */
const union = (a: readonly string[], b: Iterable<string>, most: number): string[] =>
  [...new Set([...a, ...b])].slice(0, most);

/** The first ones tell how it began, the last ones how it is; what differs only in its time is told once. */
function joinSamples(a: readonly AnomalySample[], b: readonly AnomalySample[]): AnomalySample[] {
  const byTuple = new Map<string, AnomalySample>();
  for (const sample of [...a, ...b]) {
    const key = JSON.stringify(sample.tuple);
    if (!byTuple.has(key)) byTuple.set(key, sample);
  }
  const all = [...byTuple.values()];
  return all.length <= MOST.samples ? all : [...all.slice(0, MOST.samples / 2), ...all.slice(-MOST.samples / 2)];
}

export function samplesOf({ samples, ...event }: StoredEvent): AnomalySample[] {
  if (samples !== undefined && samples.length > 0) return [...samples];
  if (event.source === undefined && event.destination === undefined) return [];
  const family = (event.source ?? event.destination ?? '').includes(':') ? 'ipv6' : 'ipv4';
  return [
    {
      at: event.windowEnd,
      bytes: 0,
      tuple: {
        family,
        protocol: event.protocol ?? 0,
        source: event.source ?? null,
        sourcePort: event.sourcePort ?? null,
        destination: event.destination ?? null,
        destinationPort: event.destinationPort ?? null,
      },
    },
  ];
}

export function newIncident(id: string, key: string, peer: string, { event, ends }: EventRow, nowMs: number): Incident {
  const at = plausibleTime(event.windowEnd, nowMs);
  const now = new Date(nowMs).toISOString();
  return {
    id,
    cluster: event.cluster,
    key,
    current: true,
    cause: null,
    causeEndedAt: null,
    kind: event.kind,
    workload: ends.workload,
    peer,
    direction: ends.direction,
    reason: event.reason ?? null,
    function: event.function === undefined ? null : functionOf(event.function),
    hook: event.hook ?? null,
    probe: event.probe ?? null,
    severity: 'info',
    state: 'open',
    stateSince: now,
    openedAt: at,
    resolvedAt: null,
    reopened: 0,
    count: 0,
    estimated: 0,
    events: 0,
    bytes: 0,
    firstSeen: at,
    lastSeen: at,
    nodes: [],
    pods: [],
    samples: [],
    peers: 1,
    peersSketch: null,
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
/** RFC 3339 in UTC with milliseconds: the order of the texts is that of the times. */
const least = (times: readonly string[]): string => times.toSorted()[0] ?? '';
const most = (times: readonly string[]): string => times.toSorted().at(-1) ?? '';

/** @param rows new ones only: none that was counted before; at least one */
export function withEvents(before: Incident, rows: readonly EventRow[], settings: Settings, nowMs: number): Incident {
  const events = rows.map(({ event }) => event);
  const count = before.count + sum(events.map((event) => event.count));
  const estimated = before.estimated + sum(events.map((event) => event.count * ((event.oneIn ?? 1) - 1)));
  const lastSeen = most([before.lastSeen, ...events.map((event) => plausibleTime(event.windowEnd, nowMs))]);
  const sketch =
    before.peer === MANY_PEERS
      ? addToSketch(
          before.peersSketch,
          rows.flatMap(({ ends }) => ends.peerAddress ?? ends.peer),
        )
      : before.peersSketch;
  return {
    ...before,
    ...stateAfter(before, lastSeen, settings, nowMs),
    severity: severityOf(before.kind, count + estimated),
    count,
    estimated,
    events: before.events + events.length,
    bytes: before.bytes + sum(events.map((event) => event.bytes ?? 0)),
    firstSeen: least([before.firstSeen, ...events.map((event) => plausibleTime(event.windowStart, nowMs))]),
    lastSeen,
    nodes: union(
      before.nodes,
      events.map((event) => event.node),
      MOST.nodes,
    ),
    pods: union(
      before.pods,
      events.flatMap(({ pod }) => (pod === null ? [] : [`${pod.namespace}/${pod.name}`])),
      MOST.pods,
    ),
    samples: joinSamples(before.samples, events.flatMap(samplesOf)),
    peersSketch: sketch,
    peers: sketch === null ? before.peers : Math.max(1, estimate(sketch)),
  };
}

/** What is seen again is open again; what comes late, of a time when it was still open, changes nothing. */
function stateAfter(
  before: Incident,
  lastSeen: string,
  { quietMs }: Settings,
  nowMs: number,
): Partial<Pick<Incident, 'state' | 'stateSince' | 'openedAt' | 'resolvedAt' | 'reopened'>> {
  if (before.state === 'open' || lastSeen <= before.lastSeen || Date.parse(lastSeen) < nowMs - quietMs) return {};
  const now = new Date(nowMs).toISOString();
  return before.state === 'quiet'
    ? { state: 'open', stateSince: now }
    : { state: 'open', stateSince: now, openedAt: lastSeen, resolvedAt: null, reopened: before.reopened + 1 };
}

/** It is not what comes now with its key: its cause was another. */
export function retired(incident: Incident, nowMs: number): Incident {
  const over = incident.state === 'open' ? { state: 'quiet' as const, stateSince: new Date(nowMs).toISOString() } : {};
  return { ...incident, ...over, current: false };
}

/** Whether it is of after the incident's cause was seen to be gone. What began before and ended after may be either's: the old one's. */
export const isOfAnother = ({ causeEndedAt }: Incident, { event }: EventRow, nowMs: number): boolean =>
  causeEndedAt !== null && plausibleTime(event.windowStart, nowMs) > causeEndedAt;

/**
 * What an incident was without the events that turned out to be another's.
 * @param places of the stored events that are left; where some are no longer stored, more places may have been
 * @param until the end of the last that is left
 */
export function withoutEvents(
  before: Incident,
  rows: readonly EventRow[],
  places: { readonly events: number; readonly nodes: readonly string[]; readonly pods: readonly string[] },
  until: string,
): Incident {
  const events = rows.map(({ event }) => event);
  const count = Math.max(0, before.count - sum(events.map((event) => event.count)));
  const estimated = Math.max(0, before.estimated - sum(events.map((event) => event.count * ((event.oneIn ?? 1) - 1))));
  const left = Math.max(0, before.events - events.length);
  const complete = places.events === left;
  return {
    ...before,
    severity: severityOf(before.kind, count + estimated),
    count,
    estimated,
    events: left,
    bytes: Math.max(0, before.bytes - sum(events.map((event) => event.bytes ?? 0))),
    lastSeen: least([before.lastSeen, until]),
    nodes: complete ? union([], places.nodes, MOST.nodes) : before.nodes,
    pods: complete ? union([], places.pods, MOST.pods) : before.pods,
    samples: before.samples.filter(({ at }) => at <= until),
  };
}

const RANK = { open: 2, quiet: 1, resolved: 0 } as const;

/** Two turn out to be one: a far end that had no name has got one. The name stays that of the first. */
export function merged(a: Incident, b: Incident): Incident {
  const livelier = RANK[a.state] >= RANK[b.state] ? a : b;
  const sketch = mergeSketches(a.peersSketch, b.peersSketch);
  return {
    ...a,
    state: livelier.state,
    stateSince: livelier.stateSince,
    openedAt: least([a.openedAt, b.openedAt]),
    resolvedAt: livelier.resolvedAt,
    reopened: Math.max(a.reopened, b.reopened),
    severity: severityOf(a.kind, a.count + a.estimated + b.count + b.estimated),
    count: a.count + b.count,
    estimated: a.estimated + b.estimated,
    events: a.events + b.events,
    bytes: a.bytes + b.bytes,
    firstSeen: least([a.firstSeen, b.firstSeen]),
    lastSeen: most([a.lastSeen, b.lastSeen]),
    nodes: union(a.nodes, b.nodes, MOST.nodes),
    pods: union(a.pods, b.pods, MOST.pods),
    samples: joinSamples(a.samples, b.samples),
    peers: sketch === null ? Math.max(a.peers, b.peers) : estimate(sketch),
    peersSketch: sketch,
  };
}
