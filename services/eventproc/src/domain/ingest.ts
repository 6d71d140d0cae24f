/** A batch into the store: events, incidents, flows and accounts in one transaction, once, however often it comes. */
import type { AnomalyBatch } from '@netverdict/contracts';
import {
  type AccountEntry,
  type Incident,
  MANY_PEERS,
  type MonitoringQueries,
  type Store,
  type StoredEvent,
} from '@netverdict/store';
import { v7 as uuidv7 } from 'uuid';
import { type EventRow, eventRows } from './event-rows.ts';
import { flowRows } from './flow-rows.ts';
import { groupKey, incidentKey, isOfAnother, newIncident, retired, type Settings, withEvents } from './incident.ts';
import { type BatchLedger, EMPTY, type ProbeCounts, receive, told } from './ledger.ts';
import { Names } from './names.ts';
import { noiseOf } from './noise.ts';
import { plausibleTime } from './plausible.ts';

export interface Ingested {
  readonly kind: 'stored' | 'duplicate';
  /** Those that were new. */
  readonly events: readonly StoredEvent[];
  /** Those that are new, open again, or graver than they were. */
  readonly incidents: readonly Incident[];
  readonly accounts: readonly AccountEntry[];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

export const countOf = ({ anomalies }: AnomalyBatch): number => sum(anomalies.map(({ count }) => count));

/** When a batch was made, by our clock. */
export function timeOf(batch: AnomalyBatch, nowMs: number): string {
  const at = batch.ledger?.at ?? batch.anomalies.at(-1)?.windowEnd ?? batch.flows?.at(-1)?.windowEnd;
  return at === undefined ? new Date(nowMs).toISOString() : plausibleTime(at, nowMs);
}

export function accountEntries(
  of: { readonly at: string; readonly cluster: string; readonly node: string },
  counts: readonly ProbeCounts[],
): AccountEntry[] {
  return counts.map((entry) => ({ ...of, ...entry }));
}

export function ingest(
  store: Pick<Store, 'together'>,
  cluster: string,
  batch: AnomalyBatch,
  settings: Settings,
  nowMs: number,
): Promise<Ingested> {
  return store.together(async (tx) => {
    const { node, epoch, seq } = batch;
    const account = { at: timeOf(batch, nowMs), cluster, node };
    const count = countOf(batch);
    const start = { cluster, node, epoch };
    const [row] = await tx.batchLedger.lock<BatchLedger>([start]);
    const received = receive(row?.told ?? EMPTY, seq, batch.ledger?.before ?? null, count, nowMs);
    if (received.kind === 'duplicate') {
      const accounts = [{ ...account, probe: '', counts: { duplicate: count } }];
      await tx.accounting.add(accounts);
      return { kind: 'duplicate', events: [], incidents: [], accounts };
    }
    const names = await namesFor(tx, cluster, batch);
    const rows = eventRows(cluster, batch, names);
    const { events, incidents } = await storeEvents(tx, cluster, rows, settings, nowMs);
    await tx.flows.add(flowRows(cluster, batch, names, nowMs));

    const counts = [...received.step.counts];
    let { ledger } = received.step;
    if (batch.ledger !== undefined) {
      const step = told(ledger, batch.ledger, { seq, anomalies: batch.ledger.before + count }, nowMs);
      counts.push(...step.counts);
      ledger = step.ledger;
    }
    counts.push({ probe: '', counts: { stored: count, rows: events.length, batches: 1 } });
    await tx.batchLedger.write([
      { ...start, told: ledger, seqs: ledger.ranges, judgedSeq: ledger.over ? ledger.lastSeq : 0 },
    ]);
    const accounts = accountEntries(account, counts);
    await tx.accounting.add(accounts);
    await tx.agents.batchStored(cluster, node);
    return { kind: 'stored', events, incidents, accounts };
  });
}

async function namesFor(
  tx: MonitoringQueries,
  cluster: string,
  { anomalies, flows = [] }: AnomalyBatch,
): Promise<Names> {
  const addresses = new Set<string>();
  const pods = new Set<string>();
  let since = Number.POSITIVE_INFINITY;
  for (const { tuple, pod, windowStart } of anomalies) {
    for (const address of [tuple?.source, tuple?.destination]) if (address != null) addresses.add(address);
    if (pod !== null) pods.add(`${pod.namespace}/${pod.name}`);
    since = Math.min(since, Date.parse(windowStart));
  }
  for (const { peer, pod, windowStart } of flows) {
    if (peer !== null) addresses.add(peer);
    if (pod !== null) pods.add(`${pod.namespace}/${pod.name}`);
    since = Math.min(since, Date.parse(windowStart));
  }
  if (addresses.size === 0 && pods.size === 0) return new Names([]);
  const from = new Date(Math.max(0, since - 60_000)).toISOString();
  return new Names(await tx.addresses.find(cluster, { addresses: [...addresses], pods: [...pods], since: from }));
}

/** @returns the events that were new, with the incidents that they changed for others to know */
async function storeEvents(
  tx: MonitoringQueries,
  cluster: string,
  rows: readonly EventRow[],
  settings: Settings,
  nowMs: number,
): Promise<Pick<Ingested, 'events' | 'incidents'>> {
  const grouped = Map.groupBy(
    rows.filter(({ event }) => noiseOf(event) === null),
    groupKey,
  );
  const placed = await placeInIncidents(tx, cluster, grouped, settings, nowMs);
  const events = rows.map((row): StoredEvent => {
    const incident = placed.byRow.get(row);
    return incident === undefined ? row.event : { ...row.event, incidentId: incident.id };
  });
  const fresh = await tx.events.add(events);
  const changed: Incident[] = [];
  const worthTelling: Incident[] = [];
  for (const [incident, own] of placed.rows) {
    const added = own.filter(({ event }) => fresh.has(event.id));
    if (added.length === 0) continue;
    const now = withEvents(incident, added, settings, nowMs);
    changed.push(now);
    if (incident.events === 0 || now.state !== incident.state || now.severity !== incident.severity)
      worthTelling.push(now);
  }
  // One of a key is current at any time: first those that are it no more.
  const byId = new Map(changed.map((incident) => [incident.id, incident]));
  const followed = new Set<string>();
  for (const [follower, before] of placed.followers)
    if (byId.has(follower.id)) {
      await tx.incidents.write([retired(byId.get(before.id) ?? before, nowMs)]);
      followed.add(before.id);
    }
  await tx.incidents.write(changed.filter(({ id }) => !followed.has(id)));
  return { events: events.filter(({ id }) => fresh.has(id)), incidents: worthTelling };
}

interface Placed {
  readonly byRow: ReadonlyMap<EventRow, Incident>;
  readonly rows: ReadonlyMap<Incident, readonly EventRow[]>;
  /** New ones in the place of those whose cause was seen to be gone. */
  readonly followers: ReadonlyMap<Incident, Incident>;
}

/** Which incident each event belongs to: one that is there, a new one, or, of a group with many peers, the one that they share. */
async function placeInIncidents(
  tx: MonitoringQueries,
  cluster: string,
  grouped: ReadonlyMap<string, readonly EventRow[]>,
  settings: Settings,
  nowMs: number,
): Promise<Placed> {
  const byRow = new Map<EventRow, Incident>();
  const rowsOf = new Map<Incident, EventRow[]>();
  const followers = new Map<Incident, Incident>();
  if (grouped.size === 0) return { byRow, rows: rowsOf, followers };
  const peersOf = await tx.incidents.lockGroups(cluster, [...grouped.keys()]);
  const keys = new Set<string>();
  for (const [group, rows] of grouped) {
    keys.add(incidentKey(group, MANY_PEERS));
    for (const { ends } of rows) keys.add(incidentKey(group, ends.peer));
  }
  const incidents = new Map((await tx.incidents.lock(cluster, [...keys])).map((incident) => [incident.key, incident]));
  const grown = new Map<string, number>();
  for (const [group, rows] of grouped) {
    for (const row of rows) {
      const own = incidentKey(group, row.ends.peer);
      const peers = grown.get(group) ?? peersOf.get(group) ?? 0;
      const apart = incidents.has(own) || peers < settings.peersApart;
      const peer = apart ? row.ends.peer : MANY_PEERS;
      const key = apart ? own : incidentKey(group, MANY_PEERS);
      let incident = incidents.get(key);
      if (incident === undefined) {
        incident = newIncident(`inc_${uuidv7()}`, key, peer, row, nowMs);
        incidents.set(key, incident);
        if (apart) grown.set(group, peers + 1);
      } else if (isOfAnother(incident, row, nowMs)) {
        const before = incident;
        incident = newIncident(`inc_${uuidv7()}`, key, peer, row, nowMs);
        followers.set(incident, before);
        incidents.set(key, incident);
      }
      byRow.set(row, incident);
      const there = rowsOf.get(incident);
      if (there === undefined) rowsOf.set(incident, [row]);
      else there.push(row);
    }
  }
  await tx.incidents.setGroups(cluster, grown);
  return { byRow, rows: rowsOf, followers };
}
