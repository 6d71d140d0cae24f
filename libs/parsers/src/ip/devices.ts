/**
 * Routes, neighbours and forwarding entries name their devices; links have their indexes. A parsed section stands
 * alone (it is cached by its digest), so names stay until the namespace is put together.
 */
import {
  type FdbEntry,
  type IfIndex,
  ifIndex,
  type Link,
  type Neighbour,
  type NextHop,
  type Route,
} from '@netverdict/linux-net';

export type NamedNextHop = Omit<NextHop, 'dev'> & { readonly dev: string | null };
export type NamedRoute = Omit<Route, 'nexthops'> & { readonly nexthops: readonly NamedNextHop[] };
export type NamedNeighbour = Omit<Neighbour, 'dev'> & { readonly dev: string };
export type NamedFdbEntry = Omit<FdbEntry, 'dev' | 'master' | 'via'> & {
  readonly dev: string;
  readonly master: string | null;
  readonly via: string | null;
};

export type DeviceLookup = (name: string) => IfIndex;

/** `if7` is what iproute2 prints for an index whose name it does not know. */
export function unnamedIndex(name: string): IfIndex | null {
  const match = /^if(\d+)$/.exec(name);
  return match ? ifIndex(Number(match[1])) : null;
}

/**
 * A device that came or went between two reads is in one section and not in the other. It gets an index below
 * zero, which no link has: what is sent there meets an unknown device, and the rest of the table stays usable.
 */
export function deviceLookup(links: readonly Link[]): DeviceLookup {
  const known = new Map<string, IfIndex>(links.map((link) => [link.name, link.ifindex]));
  let absent = 0;
  return (name) => {
    const found = known.get(name);
    if (found !== undefined) return found;
    const index = unnamedIndex(name) ?? ifIndex(--absent);
    known.set(name, index);
    return index;
  };
}

export const resolveRoutes = (routes: readonly NamedRoute[], index: DeviceLookup): readonly Route[] =>
  routes.map((route) => ({
    ...route,
    nexthops: route.nexthops.map((hop) => ({ ...hop, dev: hop.dev === null ? null : index(hop.dev) })),
  }));

export const resolveNeighbours = (entries: readonly NamedNeighbour[], index: DeviceLookup): readonly Neighbour[] =>
  entries.map((entry) => ({ ...entry, dev: index(entry.dev) }));

export const resolveFdb = (entries: readonly NamedFdbEntry[], index: DeviceLookup): readonly FdbEntry[] =>
  entries.map((entry) => ({
    ...entry,
    dev: index(entry.dev),
    master: entry.master === null ? null : index(entry.master),
    via: entry.via === null ? null : index(entry.via),
  }));
