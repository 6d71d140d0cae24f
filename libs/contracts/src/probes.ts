/**
 * The eBPF probes that can be configured, as native/watch/probes/*.c describe them (a test of the agent compares the two), so that a
 * configuration is checked before it reaches any node.
 */
export interface ProbeDescription {
  /** At first, before anything is configured. */
  readonly on: boolean;
  /** What its threshold is of, with the unit; null: it has none. */
  readonly threshold: string | null;
  /** Whose names its reasons are, and so what `exclude` takes; null: it has none of the kernel's. */
  readonly reasons: 'drop reasons' | 'reset reasons' | null;
}

const micros = (of: string): string => `${of}, in microseconds`;

export const CONFIGURABLE_PROBES: Readonly<Record<string, ProbeDescription>> = {
  drops: { on: true, threshold: null, reasons: 'drop reasons' },
  retransmits: { on: true, threshold: null, reasons: null },
  resets: { on: true, threshold: null, reasons: 'reset reasons' },
  connects: { on: true, threshold: micros('time to connect'), reasons: null },
  udp: { on: true, threshold: null, reasons: null },
  neighbours: { on: true, threshold: null, reasons: null },
  icmp: { on: true, threshold: null, reasons: null },
  connections: { on: true, threshold: null, reasons: null },
  windows: { on: false, threshold: null, reasons: null },
  softirq: { on: false, threshold: micros('wait or run of a network softirq'), reasons: null },
  sockets: {
    on: false,
    threshold: micros('time that data wait for their reader, or that a write takes'),
    reasons: null,
  },
  transmit: { on: false, threshold: micros('time in a queueing discipline or a driver'), reasons: null },
  receive: {
    on: false,
    threshold: micros("time in the CPU's backlog, or from there to the reader"),
    reasons: null,
  },
  dns: { on: false, threshold: micros('time until the answer'), reasons: null },
};
