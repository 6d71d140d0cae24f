/** The sidecar's records as native/watch/protocol.h lays them out: little endian, each a multiple of eight bytes. */
import { formatIp, type Ipv4, type Ipv6 } from '@netverdict/linux-net';

export const WATCH_MAGIC = 0x3157564e;
export const WATCH_VERSION = 1;
export const HEADER_BYTES = 32;
const BUCKETS = 28;
const STACK = 8;

const SIZES = {
  key: 64,
  sums: 40,
  sample: 160,
  aggregate: 104,
  counters: 104,
  histogram: 152,
  sighting: 176,
  flow: 96,
} as const;

export interface End {
  readonly address: string | null;
  /** null: the protocol has none, or it was folded (chosen by the kernel, so it says nothing of the cause). */
  readonly port: number | null;
}

/** What events are counted under. */
export interface Key {
  readonly netns: number;
  readonly probe: number;
  /** A number of the running kernel; the dictionaries have its name. */
  readonly reason: number;
  /** Address of the kernel's function, 0n where it is not asked. */
  readonly location: bigint;
  readonly direction: 'unknown' | 'in' | 'out';
  readonly family: 'ipv4' | 'ipv6' | null;
  readonly protocol: number;
  readonly source: End;
  readonly destination: End;
  readonly detail: number;
  readonly ifindex: number;
}

export interface Sample {
  /** Of the monotonic clock. */
  readonly atNs: bigint;
  readonly key: Key;
  readonly cgroup: bigint;
  readonly value: number;
  readonly length: number;
  readonly pid: number;
  /** Innermost first. */
  readonly stack: readonly bigint[];
}

export interface Aggregate {
  readonly key: Key;
  readonly count: number;
  readonly bytes: number;
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  readonly samples: number;
  /** The table was full: addresses and ports are not in the key. */
  readonly coarse: boolean;
}

/** Cumulative since the sidecar's start. Each event seen is in exactly one of filtered, sampledAway, aggregated, coarse and lost. */
export interface ProbeCounters {
  readonly probe: number;
  readonly seen: number;
  readonly filtered: number;
  readonly sampledAway: number;
  readonly aggregated: number;
  readonly coarse: number;
  readonly lost: number;
  /** Values put into histograms, and those that found no room there. */
  readonly observed: number;
  readonly unobserved: number;
  readonly samples: number;
  readonly samplesLost: number;
  /** The kernel did not run the program, since it ran on that CPU already: these are in none of the others. */
  readonly missed: number;
  readonly drained: number;
}

export interface Histogram {
  readonly netns: number;
  readonly probe: number;
  readonly metric: number;
  readonly peer: End;
  /** Of the probe `dns`: the number of the name that was asked for, 0n where it found no room. null: it is of a peer. */
  readonly nameNumber: bigint | null;
  readonly count: number;
  readonly sum: number;
  /** [n] counts values from 2^(n-1) up to 2^n - 1, the last one all above. */
  readonly buckets: readonly number[];
}

/** NV_DNS and NV_DNS_NAME_METRIC: such a histogram is of a name, not of a peer. */
const DNS_PROBE = 13;
const DNS_NAME_METRIC = 2;

/** Of the probe `follow`, which tells no anomalies. */
export const FOLLOW_PROBE = 31;

/** A followed packet at one place. */
export interface Sighted {
  readonly atNs: bigint;
  /** Of an ICMP error about the packet: the error's own addresses, type and code in `detail`. */
  readonly key: Key;
  readonly signature: bigint;
  /** A bit for each follow that wants it. */
  readonly slots: number;
  readonly point: 'sent' | 'received' | 'dropped';
  readonly tcpFlags: number;
  readonly encapsulated: boolean;
  /** It is an ICMP error about the packet. */
  readonly quoted: boolean;
  /** Of the first data of a live probe's connection, not of its beginning. */
  readonly data: boolean;
  readonly answer: boolean;
  readonly device: string | null;
  readonly stack: readonly bigint[];
}

const POINTS = ['sent', 'received', 'dropped'] as const;
/** What connections carried between a namespace and one far end since they were told of last. */
export interface Flow {
  readonly netns: number;
  /** The service's. */
  readonly port: number | null;
  readonly direction: 'in' | 'out';
  readonly family: 'ipv4' | 'ipv6';
  readonly address: string | null;
  readonly peer: string | null;
  readonly cgroup: bigint;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly sentPackets: number;
  readonly receivedPackets: number;
  readonly sentAgain: number;
  readonly opened: number;
  readonly closed: number;
}

const DIRECTIONS = ['unknown', 'in', 'out'] as const;
const u64 = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64LE(at));

function address(bytes: Buffer, at: number): string | null {
  const high = bytes.readBigUInt64BE(at);
  const low = bytes.readBigUInt64BE(at + 8);
  if (high === 0n && low === 0n) return null;
  if (high === 0n && low >> 32n === 0xffffn) return formatIp(Number(low & 0xffffffffn) as Ipv4);
  return formatIp(((high << 64n) | low) as Ipv6);
}

function readKey(bytes: Buffer, at: number): Key {
  const family = bytes.readUInt8(at + 54);
  const port = (offset: number): number | null => bytes.readUInt16LE(at + offset) || null;
  return {
    netns: bytes.readUInt32LE(at),
    reason: bytes.readUInt32LE(at + 4),
    location: bytes.readBigUInt64LE(at + 8),
    source: { address: address(bytes, at + 16), port: port(48) },
    destination: { address: address(bytes, at + 32), port: port(50) },
    probe: bytes.readUInt8(at + 52),
    direction: DIRECTIONS[bytes.readUInt8(at + 53)] ?? 'unknown',
    family: family === 4 ? 'ipv4' : family === 6 ? 'ipv6' : null,
    protocol: bytes.readUInt8(at + 55),
    detail: bytes.readUInt32LE(at + 56),
    ifindex: bytes.readUInt32LE(at + 60),
  };
}

function readSample(bytes: Buffer, at: number): Sample {
  const stack = Array.from({ length: STACK }, (_, i) => bytes.readBigUInt64LE(at + 96 + 8 * i));
  return {
    atNs: bytes.readBigUInt64LE(at),
    key: readKey(bytes, at + 8),
    cgroup: bytes.readBigUInt64LE(at + 72),
    value: u64(bytes, at + 80),
    length: bytes.readUInt32LE(at + 88),
    pid: bytes.readUInt32LE(at + 92),
    stack: stack.filter((address) => address !== 0n),
  };
}

function readSighting(bytes: Buffer, at: number): Sighted {
  const form = bytes.readUInt8(at + 90);
  const device = bytes.toString('utf8', at + 96, at + 112).split('\0')[0] ?? '';
  const stack = Array.from({ length: STACK }, (_, i) => bytes.readBigUInt64LE(at + 112 + 8 * i));
  return {
    atNs: bytes.readBigUInt64LE(at),
    key: readKey(bytes, at + 8),
    signature: bytes.readBigUInt64LE(at + 72),
    slots: bytes.readUInt32LE(at + 80),
    point: POINTS[bytes.readUInt8(at + 88) - 1] ?? 'sent',
    tcpFlags: bytes.readUInt8(at + 89),
    encapsulated: (form & 1) !== 0,
    quoted: (form & 2) !== 0,
    data: (form & 4) !== 0,
    answer: bytes.readUInt8(at + 91) !== 0,
    device: device === '' ? null : device,
    stack: stack.filter((address) => address !== 0n),
  };
}

const readAggregate = (bytes: Buffer, at: number): Aggregate => ({
  key: readKey(bytes, at),
  count: u64(bytes, at + 64),
  bytes: u64(bytes, at + 72),
  firstNs: bytes.readBigUInt64LE(at + 80),
  lastNs: bytes.readBigUInt64LE(at + 88),
  samples: bytes.readUInt32LE(at + 96),
  coarse: bytes.readUInt32LE(at + 100) !== 0,
});

const readCounters = (bytes: Buffer, at: number): ProbeCounters => ({
  probe: bytes.readUInt32LE(at),
  seen: u64(bytes, at + 8),
  filtered: u64(bytes, at + 16),
  sampledAway: u64(bytes, at + 24),
  aggregated: u64(bytes, at + 32),
  coarse: u64(bytes, at + 40),
  lost: u64(bytes, at + 48),
  observed: u64(bytes, at + 56),
  unobserved: u64(bytes, at + 64),
  samples: u64(bytes, at + 72),
  samplesLost: u64(bytes, at + 80),
  missed: u64(bytes, at + 88),
  drained: u64(bytes, at + 96),
});

function readHistogram(bytes: Buffer, at: number): Histogram {
  const probe = bytes.readUInt8(at + 4);
  const metric = bytes.readUInt8(at + 5);
  const named = probe === DNS_PROBE && metric === DNS_NAME_METRIC;
  return {
    netns: bytes.readUInt32LE(at),
    probe,
    metric,
    peer: named
      ? { address: null, port: null }
      : { address: address(bytes, at + 8), port: bytes.readUInt16LE(at + 6) || null },
    nameNumber: named ? bytes.readBigUInt64LE(at + 8) : null,
    count: u64(bytes, at + 24),
    sum: u64(bytes, at + 32),
    buckets: Array.from({ length: BUCKETS }, (_, i) => bytes.readUInt32LE(at + 40 + 4 * i)),
  };
}

const readFlow = (bytes: Buffer, at: number): Flow => ({
  netns: bytes.readUInt32LE(at),
  port: bytes.readUInt16LE(at + 4) || null,
  direction: bytes.readUInt8(at + 6) === 1 ? 'in' : 'out',
  family: bytes.readUInt8(at + 7) === 6 ? 'ipv6' : 'ipv4',
  address: address(bytes, at + 8),
  peer: address(bytes, at + 24),
  cgroup: bytes.readBigUInt64LE(at + 40),
  sentBytes: u64(bytes, at + 48),
  receivedBytes: u64(bytes, at + 56),
  sentPackets: u64(bytes, at + 64),
  receivedPackets: u64(bytes, at + 72),
  sentAgain: u64(bytes, at + 80),
  opened: bytes.readUInt32LE(at + 88),
  closed: bytes.readUInt32LE(at + 92),
});

function records<T>(payload: Buffer, size: number, read: (bytes: Buffer, at: number) => T): T[] {
  if (payload.length % size !== 0) throw new Error(`records of ${size} bytes do not fill ${payload.length}`);
  return Array.from({ length: payload.length / size }, (_, i) => read(payload, i * size));
}

export const readSamples = (payload: Buffer): Sample[] => records(payload, SIZES.sample, readSample);
export const readSightings = (payload: Buffer): Sighted[] => records(payload, SIZES.sighting, readSighting);
export const readAggregates = (payload: Buffer): Aggregate[] => records(payload, SIZES.aggregate, readAggregate);
export const readAllCounters = (payload: Buffer): ProbeCounters[] => records(payload, SIZES.counters, readCounters);
export const readHistograms = (payload: Buffer): Histogram[] => records(payload, SIZES.histogram, readHistogram);
export const readFlows = (payload: Buffer): Flow[] => records(payload, SIZES.flow, readFlow);
