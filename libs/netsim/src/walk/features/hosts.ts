/** What a host does with connections, addresses, sockets and errors, and its switches. */
import type { CtRef } from '../../conntrack/table.ts';
import type { Held } from './held.ts';

export const CONNTRACK = {
  new: 'kernel',
  established: 'kernel',
  related: 'kernel',
  invalid: 'kernel',
  'tcp-loose': 'kernel',
} as const satisfies Readonly<Record<CtRef['info'] | 'invalid' | `tcp-${string}`, Held>>;

export const NAT = {
  dnat: 'kernel',
  snat: 'kernel',
  masquerade: 'kernel',
  redirect: 'kernel',
  netmap: 'kernel',
  mapping: 'kernel',
  reply: 'kernel',
  'port-clash': 'kernel',
  'confirm-clash': 'kernel',
  // A connection without a translation: turned round it is the same.
  'null-binding': 'rows',
} as const satisfies Readonly<Record<string, Held>>;

export const SOCKETS = {
  'answer-device': 'kernel',
  wildcard: 'kernel',
  'bound-address': 'kernel',
  'bound-device': 'kernel',
  v6only: 'kernel',
  connected: 'kernel',
  // A queue that is full when the world is read is not full when the packet comes.
  'accept-queue': 'rows',
  'receive-buffer': 'rows',
} as const satisfies Readonly<Record<string, Held>>;

/** What a host answers of its own. */
export const ANSWERS = {
  rst: 'kernel',
  errno: 'kernel',
  'icmp-unreachable': 'kernel',
  'icmp-time-exceeded': 'kernel',
  'icmp-too-big': 'kernel',
  'lost-reset': 'rows',
} as const satisfies Readonly<Record<string, Held>>;

/** By their last part; those of one device and of `all` count as one. */
export const SYSCTLS = {
  ip_forward: 'kernel',
  forwarding6: 'kernel',
  rp_filter: 'kernel',
  src_valid_mark: 'kernel',
  accept_local: 'kernel',
  route_localnet: 'kernel',
  bc_forwarding: 'kernel',
  ip_nonlocal_bind: 'kernel',
  ignore_routes_with_linkdown: 'kernel',
  fib_multipath_use_neigh: 'kernel',
  arp_ignore: 'kernel',
  arp_announce: 'kernel',
  arp_filter: 'kernel',
} as const satisfies Readonly<Record<string, Held>>;
