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
import { incidentKey, merged } from './incident.ts';
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
    for (const incident of found) events += await rename(tx, incident, names);
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

async function rename(tx: MonitoringQueries, incident: Incident, names: Names): Promise<number> {
  const { workload, peer, direction } = endsNow(incident, names);
  if (workload === incident.workload && peer === incident.peer) return 0;
  const parts = incident.key.split(KEY_SEPARATOR);
  const oldGroup = parts.slice(0, -1).join(KEY_SEPARATOR);
  const newGroup = [parts[0], workload, ...parts.slice(2, -1)].join(KEY_SEPARATOR);
  const key = incidentKey(newGroup, peer);
  const { cluster } = incident;
  const peers = await tx.incidents.lockGroups(cluster, [oldGroup, newGroup]);
  const locked = await tx.incidents.lock(cluster, [incident.key, key]);
  const own = locked.find(({ id }) => id === incident.id);
  if (own === undefined) return 0;
  const there = locked.find((other) => other.key === key);
  if (there === undefined) {
    await tx.incidents.write([{ ...own, key, workload, peer, direction }]);
    if (newGroup !== oldGroup)
      await tx.incidents.setGroups(cluster, new Map([[newGroup, (peers.get(newGroup) ?? 0) + 1]]));
    return tx.events.move(own.id, { id: own.id, workload, peer });
  }
  await tx.incidents.remove([own.id]);
  await tx.incidents.write([merged(there, own)]);
  return tx.events.move(own.id, { id: there.id, workload, peer });
}
