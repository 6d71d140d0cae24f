/** What each probe's events are to the product. Numbers and names as native/watch/probe_ids.h and probes/*.c have them. */
import { getSystemErrorName } from 'node:util';
import type { Anomaly, AnomalyKind } from '@netverdict/contracts';
import type { Dictionary } from './frames.ts';
import type { Key } from './records.ts';

/** A number that a dictionary of the running kernel names, a word of ours, or nothing to say. */
type Reason = Dictionary | { readonly word: string } | null;

export interface Probe {
  readonly id: number;
  readonly kind: (key: Key) => AnomalyKind;
  readonly reason: (key: Key) => Reason;
  readonly details?: (key: Key) => Anomaly['details'];
  /** Kinds that the counters told before, and that are not told twice while this probe is on. */
  readonly covers: readonly AnomalyKind[];
  /** Names of what its histograms count, by number; microseconds all. */
  readonly metrics?: Readonly<Record<number, string>>;
}

/** include/net/tcp_states.h */
const TCP_STATES: Readonly<Record<number, string>> = {
  1: 'ESTABLISHED',
  2: 'SYN_SENT',
  3: 'SYN_RECV',
  4: 'FIN_WAIT1',
  5: 'FIN_WAIT2',
  6: 'TIME_WAIT',
  7: 'CLOSE',
  8: 'CLOSE_WAIT',
  9: 'LAST_ACK',
  10: 'LISTEN',
  11: 'CLOSING',
  12: 'NEW_SYN_RECV',
};
const state = (number: number): string => TCP_STATES[number] ?? `${number}`;
const errno = (number: number): string => (number === 0 ? 'GIVEN_UP' : getSystemErrorName(-number));
const word = (words: readonly string[], number: number): { word: string } => ({ word: words[number] ?? `${number}` });

/** As probes/retransmits.bpf.c numbers them. */
const RETRANSMITS = ['OTHER', 'RTO', 'FAST', 'LOSS_PROBE', 'SYN', 'SYN_ACK'];
/** As probes/resets.bpf.c numbers them. */
const RESETS = ['', 'no socket', 'a segment that does not fit', 'the process', 'the peer'];
const RECEIVED = 4;
/** As probes/connects.bpf.c numbers them. */
const CONNECTS = ['', 'tcp-connect-fail', 'tcp-connect-slow', 'tcp-connection-lost'] as const;
const SLOW = 2;

export const PROBES = {
  drops: {
    id: 0,
    kind: () => 'packet-drop',
    reason: () => 'drop-reason',
    covers: ['ip-discard', 'ip-no-route'],
  },
  retransmits: {
    id: 1,
    kind: () => 'tcp-retransmission',
    reason: (key) => word(RETRANSMITS, key.reason),
    details: (key) => ({ state: state(key.detail) }),
    covers: ['tcp-retransmission'],
  },
  resets: {
    id: 2,
    kind: (key) => (key.detail === RECEIVED ? 'tcp-reset-received' : 'tcp-reset-sent'),
    reason: (key) => (key.detail === RECEIVED ? null : 'reset-reason'),
    details: (key) => ({ by: RESETS[key.detail] ?? '' }),
    covers: ['tcp-reset-sent', 'tcp-reset-established'],
  },
  connects: {
    id: 3,
    kind: (key) => CONNECTS[key.detail] || 'tcp-connect-fail',
    reason: (key) => (key.detail === SLOW ? null : { word: errno(key.reason) }),
    covers: ['tcp-attempt-fail'],
    metrics: { 1: 'tcp-connect' },
  },
} as const satisfies Record<string, Probe>;

export type ProbeName = keyof typeof PROBES;
const byId = new Map<number, readonly [ProbeName, Probe]>(
  (Object.entries(PROBES) as [ProbeName, Probe][]).map(([name, probe]) => [probe.id, [name, probe]]),
);
export const probeOf = (id: number): readonly [ProbeName, Probe] | undefined => byId.get(id);
