/** Which growth of which counters is an anomaly. A count below its threshold stays until the sum reaches it. */
import type { AnomalyKind } from '@netverdict/contracts';

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
    counters: ['Ip.InDiscards', 'Ip.OutDiscards', 'Ip6InDiscards', 'Ip6OutDiscards'],
    threshold: 1,
  },
  'ip-no-route': { counters: ['Ip.OutNoRoutes', 'IpExt.InNoRoutes', 'Ip6OutNoRoutes'], threshold: 3 },
  'ip-header-error': {
    counters: ['Ip.InHdrErrors', 'Ip.InAddrErrors', 'Ip6InHdrErrors', 'Ip6InAddrErrors'],
    threshold: 1,
  },
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
