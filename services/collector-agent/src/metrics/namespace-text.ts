/** What the helper's `metrics` operation prints of a namespace beside the counters (native/collect/metrics.c). */
import { type NamespaceCounters, parseCounters } from '../domain/counters.ts';

export interface DeviceCounters {
  readonly device: string;
  /** As /proc/net/dev orders them. */
  readonly receive: readonly number[];
  readonly transmit: readonly number[];
}

export interface Qdisc {
  readonly device: string;
  readonly kind: string;
  readonly bytes: number;
  readonly packets: number;
  readonly drops: number;
  readonly overlimits: number;
  readonly requeues: number;
  readonly queued: number;
  readonly backlog: number;
}

export interface TcpState {
  readonly state: string;
  readonly count: number;
  /** Of listeners: connections that wait to be accepted, and how many may; of others: bytes. */
  readonly received: number;
  readonly sent: number;
}

export interface NamespaceMetrics extends NamespaceCounters {
  readonly devices: readonly DeviceCounters[];
  readonly qdiscs: readonly Qdisc[];
  readonly tcp: readonly TcpState[];
  /** Of all listeners, how full the fullest accept queue is: 0…1 and above. null: no listener was asked. */
  readonly fullestListener: number | null;
  /** Connections, packets in and out, bytes in and out; null where the kernel has no IPVS. */
  readonly ipvs: readonly number[] | null;
}

/** include/net/tcp_states.h */
const STATES = [
  '',
  'established',
  'syn_sent',
  'syn_recv',
  'fin_wait1',
  'fin_wait2',
  'time_wait',
  'close',
  'close_wait',
  'last_ack',
  'listen',
  'closing',
  'new_syn_recv',
];

const numbers = (line: string): number[] => line.trim().split(/\s+/).map(Number);

function device(line: string): DeviceCounters | null {
  const at = line.indexOf(':');
  const name = line.slice(0, at).trim();
  if (at < 0 || name === 'lo') return null;
  const fields = numbers(line.slice(at + 1));
  return { device: name, receive: fields.slice(0, 8), transmit: fields.slice(8) };
}

function qdisc(line: string): Qdisc {
  const [name = '', kind = '', ...rest] = line.split(' ');
  const [bytes = 0, packets = 0, drops = 0, overlimits = 0, requeues = 0, queued = 0, backlog = 0] = rest.map(Number);
  return { device: name, kind, bytes, packets, drops, overlimits, requeues, queued, backlog };
}

/** `TCP: inuse 3 orphan 0` → `TCP.inuse` */
function sockstat(lines: readonly string[], into: Map<string, number>): void {
  for (const line of lines) {
    const [heading = '', ...words] = line.trim().split(/\s+/);
    for (let i = 0; i + 1 < words.length; i += 2) into.set(`${heading.slice(0, -1)}.${words[i]}`, Number(words[i + 1]));
  }
}

/** net/netfilter/ipvs/ip_vs_ctl.c: two lines of headings, one of hexadecimal totals, then rates. */
function ipvs(lines: readonly string[]): number[] | null {
  const totals = lines[2]?.trim().split(/\s+/);
  return totals === undefined || totals.length < 5 ? null : totals.slice(0, 5).map((text) => Number.parseInt(text, 16));
}

export function parseMetrics(text: string): NamespaceMetrics {
  const { inode, listeners, values } = parseCounters(text);
  const all = new Map(values);
  let devices: readonly DeviceCounters[] = [];
  let qdiscs: readonly Qdisc[] = [];
  let tcp: readonly TcpState[] = [];
  let fullestListener: number | null = null;
  let virtual: readonly number[] | null = null;
  for (const section of text.split(/^# /m).slice(1)) {
    const [heading = '', ...rest] = section.split('\n');
    const lines = rest.filter((line) => line !== '');
    if (heading === 'dev') devices = lines.slice(2).flatMap((line) => device(line) ?? []);
    else if (heading === 'qdisc') qdiscs = lines.map(qdisc);
    else if (heading === 'sockstat') sockstat(lines, all);
    else if (heading === 'ipvs') virtual = ipvs(lines);
    else if (heading === 'tcp') {
      tcp = lines.flatMap((line) => {
        const [state = 0, count = 0, received = 0, sent = 0] = numbers(line);
        return Number.isNaN(state) ? [] : [{ state: STATES[state] ?? `${state}`, count, received, sent }];
      });
      const fullest = lines.find((line) => line.startsWith('fullest '));
      if (fullest !== undefined && tcp.some(({ state }) => state === 'listen'))
        fullestListener = Number(fullest.slice(8)) / 100;
    }
  }
  return { inode, listeners, values: all, devices, qdiscs, tcp, fullestListener, ipvs: virtual };
}
