/** What a rule can see of a packet: the packet, the devices, the connection. */
import type { IpAddress, Link } from '@netverdict/linux-net';
import type { CtEntry } from '../conntrack/table.ts';
import { hasTemplate, templateOf } from '../conntrack/template.ts';
import type { Packet } from '../packet/packet.ts';
import type { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from '../world/world.ts';
import type { Hook } from './hooks.ts';

export interface Devices {
  readonly iif: Link | null;
  readonly oif: Link | null;
  /** Bridge ports, when bridge netfilter calls or the packet came in over a bridge. */
  /** At POSTROUTING: it came in by a device, and so no socket here sent it. */
  readonly forwarded?: boolean;
  readonly physIn: Link | null;
  readonly physOut: Link | null;
  /** Next hop on `oif`: what MASQUERADE chooses its source for. */
  readonly nexthop: IpAddress | null;
  /** tclassid of the route that it takes; null: not known. Absent: 0, or no route yet. */
  readonly realms?: number | null | undefined;
}

export const NO_DEVICES: Devices = {
  iif: null,
  oif: null,
  physIn: null,
  physOut: null,
  nexthop: null,
  forwarded: false,
  realms: undefined,
};

export interface RuleContext extends Devices {
  readonly walk: Walk;
  readonly ns: WorldNamespace;
  readonly hook: Hook;
  readonly packet: Packet;
}

export function entryOf(context: Tracked): CtEntry | undefined {
  if (hasTemplate(context.packet)) return templateOf(context.packet);
  const ref = context.packet.ct;
  return ref ? context.walk.conntrack.get(context.ns.key, ref.id) : undefined;
}

/** What tells of the packet's connection. */
export type Tracked = Pick<RuleContext, 'walk' | 'ns' | 'packet'>;

/** A match's answer: yes, no, or why it cannot be told. */
export type Answer = boolean | { readonly unknown: string };
/** What the match reads is not there (no connection, no such header): it says no, and `!` does not turn that round. */
export type NotThere = null;
