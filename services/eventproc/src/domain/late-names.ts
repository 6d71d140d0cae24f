/** Names that come after the events: what is kept of the last minutes under an address gets its name, and what thereby is one becomes one. */
import type { AddressEntry } from '@netverdict/contracts';
import {
  type AddressHolder,
  type Incident,
  KEY_SEPARATOR,
  type MonitoringQueries,
  type Store,
} from '@netverdict/store';
import { endsOf } from './ends.ts';
import { incidentKey, merged, retired } from './incident.ts';
import { Names } from './names.ts';

/** Later than that nobody waits for a name. */
const LATE_MS = 15 * 60_000;

const podNameOf = ({ namespace, name }: AddressHolder): string => `${namespace}/${name}`;

/** @returns how many events have got names */
export function learnAddresses(
  store: Pick<Store, 'together'>,
  cluster: string,
  entries: readonly AddressEntry[],
  nowMs: number,
): Promise<number> {
  return store.together(async (tx) => {
    const fresh = await tx.addresses.upsert(cluster, entries);
    if (fresh.length === 0) return 0;
    const since = new Date(nowMs - LATE_MS).toISOString();
    const pods = fresh.filter(({ kind }) => kind === 'pod').map(podNameOf);
    const addresses = fresh.map(({ address }) => address);
    const found = await tx.incidents.unnamed(cluster, { addresses, workloads: pods.map((pod) => `pod/${pod}`), since });
    if (found.length === 0) return 0;
    const names = new Names(await tx.addresses.find(cluster, wanted(found, since)));
    let events = 0;
    for (const incident of found) events += await rename(tx, incident, names, nowMs);
    return events;
  });
}

function wanted(incidents: readonly Incident[], since: string) {
  const addresses = new Set<string>();
  for (const { peer, samples } of incidents) {
    for (const end of peer.split(' → ')) addresses.add(end);
    const tuple = samples[0]?.tuple;
    for (const address of [tuple?.source, tuple?.destination]) if (address != null) addresses.add(address);
  }
  return { addresses: [...addresses], pods: incidents.flatMap(({ pods }) => pods), since };
}

/** What the ends are called now. */
function endsNow(
  incident: Incident,
  names: Names,
): { workload: string; peer: string; direction: Incident['direction'] } {
  const { kind, nodes, pods, samples, lastSeen, direction } = incident;
  const at = lastSeen;
  const [node = ''] = nodes;
  const [pod] = pods;
  if (pod === undefined)
    return endsOf({ kind, node, pod: null, tuple: samples[0]?.tuple, at, peer: incident.peer }, names);
  const [namespace = '', name = ''] = pod.split('/');
  const own = incident.workload === `pod/${pod}` ? names.workload({ namespace, name }, at) : incident.workload;
  return { workload: own, peer: incident.peer === '' ? '' : names.end(incident.peer, at), direction };
}

/** Of the same cause, or both current with a cause that one of them does not know yet. */
const sameAs = <T extends Incident>(own: T, others: readonly T[]): T | undefined =>
  others.find(({ cause }) => cause !== null && cause === own.cause) ??
  others.find(({ current, cause }) => current && own.current && (cause === null || own.cause === null));

async function rename(tx: MonitoringQueries, incident: Incident, names: Names, nowMs: number): Promise<number> {
  const { workload, peer, direction } = endsNow(incident, names);
  if (workload === incident.workload && peer === incident.peer) return 0;
  const parts = incident.key.split(KEY_SEPARATOR);
  const oldGroup = parts.slice(0, -1).join(KEY_SEPARATOR);
  const newGroup = [parts[0], workload, ...parts.slice(2, -1)].join(KEY_SEPARATOR);
  const key = incidentKey(newGroup, peer);
  const { cluster } = incident;
  const peers = await tx.incidents.lockGroups(cluster, [oldGroup, newGroup]);
  const own = (await tx.incidents.ofKey(cluster, incident.key)).find(({ id }) => id === incident.id);
  if (own === undefined) return 0;
  const others = await tx.incidents.ofKey(cluster, key);
  const there = sameAs(own, others);
  if (there === undefined) {
    // Of two with different causes one is current: that which is so already.
    const current = own.current && !others.some((other) => other.current);
    const named = { ...own, key, workload, peer, direction };
    await tx.incidents.write([current ? named : retired(named, nowMs)]);
    if (current && newGroup !== oldGroup)
      await tx.incidents.setGroups(cluster, new Map([[newGroup, (peers.get(newGroup) ?? 0) + 1]]));
    return tx.events.move(own.id, { id: own.id, workload, peer });
  }
  await tx.incidents.remove([own.id]);
  const current = there.current || (own.current && !others.some((other) => other.current));
  await tx.incidents.write([{ ...merged(there, own), current, cause: there.cause ?? own.cause }]);
  if (there.cause === null && own.cause !== null) await tx.answers.keep(there.id, own);
  return tx.events.move(own.id, { id: there.id, workload, peer });
}
