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
  /** What the key's location is the number of, where it is not the kernel's function. */
  readonly location?: 'dns-name';
  /** Kinds that the counters told before, and that are not told twice while this probe is on. */
  readonly covers: readonly AnomalyKind[];
  /** Names of what its histograms count, with the unit, by number. */
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
/** As probes/neighbours.bpf.c and windows.bpf.c number them. */
const NEIGHBOURS = ['', 'UNANSWERED', 'TABLE_FULL'];
const SOFTIRQ = ['', 'TRANSMIT_WAIT', 'TRANSMIT_RUN', 'RECEIVE_WAIT', 'RECEIVE_RUN'];
const SOCKETS = ['', 'READ_WAIT', 'WRITE', 'ANSWER', 'UNREAD'];
const TRANSMIT = ['', 'QUEUED', 'DRIVER'];
const RECEIVE = ['', 'BACKLOG', 'TO_READER'];
/** As probes/dns.bpf.c numbers them; the codes are RFC 1035's and RFC 2136's. */
const DNS = ['', 'dns-error', 'dns-slow', 'dns-unanswered'] as const;
const DNS_ERROR = 1;
const DNS_CODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];
/** The histogram that is of names, not of peers. */
export const DNS_NAME_METRIC = 'dns-name-microseconds';
const WINDOWS = ['', 'PEER_FULL', 'OWN_FULL'];

/** The detail of an ICMP error: type and code under a mark, or 0. */
const icmpOf = ({ detail }: Key): { type: number; code: number } | null =>
  detail === 0 ? null : { type: (detail >> 8) & 0xff, code: detail & 0xff };

function icmpReason(key: Key): Reason {
  const icmp = icmpOf(key);
  if (icmp === null) return { word: errno(key.reason) };
  const name = (key.family === 'ipv6' ? ICMP6_NAMES : ICMP_NAMES)[`${icmp.type}/${icmp.code}`];
  return { word: name ?? `TYPE_${icmp.type}_CODE_${icmp.code}` };
}

/** include/uapi/linux/icmp.h */
const ICMP_NAMES: Readonly<Record<string, string>> = {
  '3/0': 'NET_UNREACHABLE',
  '3/1': 'HOST_UNREACHABLE',
  '3/2': 'PROTOCOL_UNREACHABLE',
  '3/3': 'PORT_UNREACHABLE',
  '3/4': 'FRAGMENTATION_NEEDED',
  '3/9': 'NET_PROHIBITED',
  '3/10': 'HOST_PROHIBITED',
  '3/13': 'PROHIBITED',
  '5/0': 'REDIRECT',
  '5/1': 'REDIRECT',
  '11/0': 'TTL_EXCEEDED',
  '11/1': 'REASSEMBLY_TIMEOUT',
};
/** include/uapi/linux/icmpv6.h */
const ICMP6_NAMES: Readonly<Record<string, string>> = {
  '1/0': 'NET_UNREACHABLE',
  '1/1': 'PROHIBITED',
  '1/3': 'HOST_UNREACHABLE',
  '1/4': 'PORT_UNREACHABLE',
  '1/5': 'PROHIBITED',
  '1/6': 'ROUTE_REJECTED',
  '2/0': 'PACKET_TOO_BIG',
  '3/0': 'TTL_EXCEEDED',
  '3/1': 'REASSEMBLY_TIMEOUT',
};

export const PROBES = {
  drops: {
    id: 0,
    kind: () => 'packet-drop',
    reason: () => 'drop-reason',
    covers: ['ip-discard', 'ip-no-route', 'udp-no-port'],
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
    metrics: { 1: 'tcp-connect-microseconds' },
  },
  udp: {
    id: 4,
    kind: () => 'udp-buffer-error',
    reason: (key) => ({ word: errno(key.reason) }),
    details: (key) => ({ bufferBytes: key.detail }),
    covers: ['udp-buffer-error', 'udp-receive-error'],
  },
  neighbours: {
    id: 5,
    kind: () => 'neighbour-fail',
    reason: (key) => word(NEIGHBOURS, key.reason),
    details: (key) => ({ ifindex: key.ifindex }),
    covers: [],
  },
  icmp: {
    id: 6,
    kind: (key) => (key.direction === 'out' ? 'icmp-error-sent' : 'icmp-error-received'),
    reason: icmpReason,
    details: (key) => icmpOf(key) ?? undefined,
    covers: [],
  },
  connections: {
    id: 7,
    kind: () => 'watch-lost', // it makes histograms only
    reason: () => null,
    covers: [],
    metrics: {
      1: 'tcp-rtt-microseconds',
      2: 'tcp-jitter-microseconds',
      3: 'tcp-sent-bytes',
      4: 'tcp-received-bytes',
      5: 'tcp-retransmitted-segments',
    },
  },
  windows: {
    id: 8,
    kind: () => 'tcp-zero-window',
    reason: (key) => word(WINDOWS, key.reason),
    covers: ['tcp-zero-window'],
  },
  softirq: {
    id: 9,
    kind: () => 'softirq-slow',
    reason: (key) => word(SOFTIRQ, key.reason),
    details: (key) => ({ cpu: key.detail }),
    covers: [],
    metrics: {
      1: 'softirq-transmit-wait-microseconds',
      2: 'softirq-transmit-run-microseconds',
      3: 'softirq-receive-wait-microseconds',
      4: 'softirq-receive-run-microseconds',
    },
  },
  sockets: {
    id: 10,
    kind: () => 'socket-slow',
    reason: (key) => word(SOCKETS, key.reason),
    covers: [],
    metrics: {
      1: 'socket-read-wait-microseconds',
      2: 'socket-write-microseconds',
      3: 'socket-answer-microseconds',
      4: 'socket-unread-microseconds',
    },
  },
  transmit: {
    id: 11,
    kind: () => 'transmit-slow',
    reason: (key) => word(TRANSMIT, key.reason),
    details: (key) => ({ ifindex: key.ifindex }),
    covers: [],
    metrics: { 1: 'transmit-queued-microseconds', 2: 'transmit-driver-microseconds' },
  },
  receive: {
    id: 12,
    kind: () => 'receive-slow',
    reason: (key) => word(RECEIVE, key.reason),
    details: (key) => ({ ifindex: key.ifindex }),
    covers: [],
    metrics: { 1: 'receive-backlog-microseconds', 2: 'receive-to-reader-microseconds' },
  },
  dns: {
    id: 13,
    kind: (key) => DNS[key.reason] || 'dns-error',
    reason: (key) => (key.reason === DNS_ERROR ? word(DNS_CODES, key.detail) : null),
    location: 'dns-name',
    covers: [],
    metrics: { 1: 'dns-answer-microseconds', 2: DNS_NAME_METRIC },
  },
} as const satisfies Record<string, Probe>;

export type ProbeName = keyof typeof PROBES;
const byId = new Map<number, readonly [ProbeName, Probe]>(
  (Object.entries(PROBES) as [ProbeName, Probe][]).map(([name, probe]) => [probe.id, [name, probe]]),
);
export const probeOf = (id: number): readonly [ProbeName, Probe] | undefined => byId.get(id);
