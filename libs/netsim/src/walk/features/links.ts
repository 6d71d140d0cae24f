/** Devices and bridges. */
import type { LinkDetail } from '@netverdict/linux-net';
import type { Held } from './held.ts';

/** Kinds, and what they do beside carrying. */
export const LINKS = {
  loopback: 'kernel',
  veth: 'kernel',
  bridge: 'kernel',
  vxlan: 'kernel',
  macvlan: 'kernel',
  dummy: 'rows',
  // A wire of the cluster: between nodes, not between namespaces of one machine.
  physical: 'rows',
  tun: 'unknown',
  vlan: 'unknown',
  other: 'unknown',
  'other-host': 'kernel',
  'vxlan-fdb': 'kernel',
  'vxlan-vni': 'kernel',
  'vxlan-learning': 'kernel',
  'vxlan-fixed-entry': 'kernel',
  'macvlan-bridge': 'kernel',
  'macvlan-private': 'kernel',
  'macvlan-vepa': 'kernel',
  'macvlan-passthru': 'kernel',
  'macvlan-source': 'rows',
} as const satisfies Readonly<Record<LinkDetail['kind'] | string, Held>>;

export const BRIDGES = {
  'bridged-dnat': 'kernel',
  'port-state': 'kernel',
  locked: 'kernel',
  hairpin: 'kernel',
  isolated: 'kernel',
  sticky: 'kernel',
  neigh_suppress: 'kernel',
  flood: 'kernel',
  mcast_flood: 'kernel',
  bcast_flood: 'kernel',
  known: 'kernel',
} as const satisfies Readonly<Record<string, Held>>;

export const MTUS = {
  device: 'kernel',
  route: 'kernel',
  'bridge-port': 'kernel',
  'receiving-device': 'kernel',
} as const satisfies Readonly<Record<string, Held>>;
