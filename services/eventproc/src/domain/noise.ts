/** What happens where nothing is wrong: it is stored as an event, counted, and makes no incident. Each row says why it is no trouble. */
import type { AnomalyKind } from '@netverdict/contracts';
import type { StoredEvent } from '@netverdict/store';

interface Noise {
  /** In metrics. */
  readonly name: string;
  readonly kinds: readonly AnomalyKind[];
  /** Absent: whatever the reason. */
  readonly reasons?: readonly string[];
  readonly destination?: 'multicast';
  readonly why: string;
}

export const NOISE = [
  {
    name: 'start',
    kinds: ['agent-started'],
    why: 'An agent that starts is told, and nobody’s trouble.',
  },
  {
    name: 'ipv6-off-multicast',
    kinds: ['packet-drop', 'ip-discard'],
    reasons: ['IPV6DISABLED'],
    destination: 'multicast',
    why: 'Whoever has IPv6 asks all routers and tells its groups to all (RFC 4861, RFC 3810); where IPv6 is off that is thrown away, and nobody waits for an answer.',
  },
  {
    name: 'group-not-joined',
    kinds: ['packet-drop'],
    reasons: ['NOT_SPECIFIED', 'UNHANDLED_PROTO', 'UNICAST_IN_L2_MULTICAST', 'IP_INNOROUTES'],
    destination: 'multicast',
    why: 'A segment carries multicast to every host; those that are not in the group throw it away.',
  },
] as const satisfies readonly Noise[];

const ROWS: readonly Noise[] = NOISE;

const isMulticast = (address: string | undefined): boolean => {
  if (address === undefined) return false;
  if (address.includes(':')) return /^ff/i.test(address);
  const first = Number(address.split('.')[0]);
  return first >= 224 && first < 240;
};

/** @returns the row's name, or null: it is worth an incident */
export function noiseOf({
  kind,
  reason,
  destination,
}: Pick<StoredEvent, 'kind' | 'reason' | 'destination'>): string | null {
  const row = ROWS.find(
    ({ kinds, reasons, destination: to }) =>
      kinds.includes(kind) &&
      (reasons === undefined || (reason !== undefined && reasons.includes(reason))) &&
      (to === undefined || isMulticast(destination)),
  );
  return row?.name ?? null;
}
