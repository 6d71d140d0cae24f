/** Which growth of which counters is an anomaly. A count below its threshold stays until the sum reaches it. */
import type { Anomaly, AnomalyKind } from '@netverdict/contracts';
import type { Listener } from './counters.ts';

interface Watched {
  /** Summed; names as domain/counters gives them. */
  readonly counters: readonly string[];
  /** Growth within one window that is worth telling. */
  readonly threshold: number;
}

export const WATCHED: Readonly<Partial<Record<AnomalyKind, Watched>>> = {
  'tcp-listen-overflow': { counters: ['TcpExt.ListenOverflows'], threshold: 1 },
  'tcp-listen-drop': { counters: ['TcpExt.ListenDrops'], threshold: 1 },
  'tcp-retransmission': { counters: ['Tcp.RetransSegs'], threshold: 3 },
  'tcp-reset-sent': { counters: ['Tcp.OutRsts'], threshold: 3 },
  'tcp-reset-established': { counters: ['Tcp.EstabResets'], threshold: 3 },
  'tcp-attempt-fail': { counters: ['Tcp.AttemptFails'], threshold: 3 },
  'tcp-zero-window': {
    counters: ['TcpExt.TCPToZeroWindowAdv', 'TcpExt.TCPWantZeroWindowAdv', 'TcpExt.TCPZeroWindowDrop'],
    threshold: 1,
  },
  'udp-receive-error': { counters: ['Udp.InErrors', 'Udp6InErrors'], threshold: 1 },
  'udp-buffer-error': {
    counters: ['Udp.RcvbufErrors', 'Udp.SndbufErrors', 'Udp6RcvbufErrors', 'Udp6SndbufErrors'],
    threshold: 1,
  },
  'udp-no-port': { counters: ['Udp.NoPorts', 'Udp6NoPorts'], threshold: 3 },
  'ip-discard': {
    // Not Ip6InDiscards: it counts each multicast that arrives where IPv6 is off (ip6_rcv_core in net/ipv6/ip6_input.c) and hardly anything else;
    // the probe `drops` tells them apart by the reason.
    counters: ['Ip.InDiscards', 'Ip.OutDiscards', 'Ip6OutDiscards'],
    threshold: 1,
  },
  'ip-no-route': { counters: ['Ip.OutNoRoutes', 'IpExt.InNoRoutes', 'Ip6OutNoRoutes'], threshold: 3 },
  'ip-header-error': {
    counters: ['Ip.InHdrErrors', 'Ip.InAddrErrors', 'Ip6InHdrErrors', 'Ip6InAddrErrors'],
    threshold: 1,
  },
  'conntrack-insert-fail': { counters: ['conntrack.insert_failed'], threshold: 1 },
  'conntrack-drop': { counters: ['conntrack.drop', 'conntrack.early_drop'], threshold: 1 },
  'conntrack-invalid': { counters: ['conntrack.invalid'], threshold: 10 },
  'link-drop': { counters: ['dev.rx_errs', 'dev.rx_drop', 'dev.tx_errs', 'dev.tx_drop'], threshold: 10 },
};

const watched = Object.entries(WATCHED) as [AnomalyKind, Watched][];

/** What has been told of a namespace so far: a baseline per kind. */
export type Baseline = Map<AnomalyKind, number>;

const sum = (values: ReadonlyMap<string, number>, { counters }: Watched): number =>
  counters.reduce((total, name) => total + (values.get(name) ?? 0), 0);

export function baselineOf(values: ReadonlyMap<string, number>): Baseline {
  return new Map(watched.map(([kind, w]) => [kind, sum(values, w)]));
}

/** What grew by its threshold since the baseline; the baseline moves up by what is returned. */
export function growth(
  baseline: Baseline,
  values: ReadonlyMap<string, number>,
): { kind: AnomalyKind; count: number }[] {
  const grown: { kind: AnomalyKind; count: number }[] = [];
  for (const [kind, w] of watched) {
    const now = sum(values, w);
    const before = baseline.get(kind) ?? 0;
    if (now < before)
      baseline.set(kind, now); // a device went away, and its counters with it
    else if (now - before >= w.threshold) {
      grown.push({ kind, count: now - before });
      baseline.set(kind, now);
    }
  }
  return grown;
}

/** From this share of its limit on, connection tracking's table is told: when it is full, new connections are dropped. */
const PRESSURE = 0.9;

/** The table's entries and limit, when it is nearly full. */
export function conntrackPressure(values: ReadonlyMap<string, number>): { entries: number; limit: number } | null {
  const entries = values.get('conntrack.entries') ?? 0;
  const limit = values.get('conntrack.limit') ?? 0;
  return limit > 0 && entries >= PRESSURE * limit ? { entries, limit } : null;
}

export type ListenerDrops = Pick<Anomaly, 'kind' | 'count' | 'reason' | 'tuple' | 'details'>;

/** What each listener dropped since the last look; `before` is brought up to date. */
export function listenerDrops(before: Map<string, number>, listeners: readonly Listener[]): ListenerDrops[] {
  const grown: ListenerDrops[] = [];
  for (const { address, port, waiting, limit, drops } of listeners) {
    const at = `${address} ${port}`;
    const known = before.get(at) ?? 0;
    before.set(at, drops);
    if (drops <= known) continue; // a new listener in the place of an old one counts from 0
    const full = waiting > limit;
    grown.push({
      kind: full ? 'tcp-listen-overflow' : 'tcp-listen-drop',
      count: drops - known,
      ...(full ? { reason: 'ACCEPT_QUEUE_FULL' } : {}),
      tuple: {
        family: address.includes(':') ? 'ipv6' : 'ipv4',
        protocol: 6,
        source: null,
        sourcePort: null,
        destination: address,
        destinationPort: port,
      },
      details: { waiting, limit },
    });
  }
  return grown;
}
