/** Sets of (protocol, port), in canonical form: equal sets have equal texts. */
import type { Protocol } from '../cluster.ts';

export interface PortRange {
  readonly from: number;
  readonly to: number;
}
export type PortSet = Readonly<Record<Protocol, readonly PortRange[]>>;

export const PROTOCOLS: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];
const FULL: readonly PortRange[] = [{ from: 0, to: 65_535 }];
export const NO_PORTS: PortSet = { TCP: [], UDP: [], SCTP: [] };
export const ALL_PORTS: PortSet = { TCP: FULL, UDP: FULL, SCTP: FULL };

const perProtocol = (make: (protocol: Protocol) => readonly PortRange[]): PortSet => ({
  TCP: make('TCP'),
  UDP: make('UDP'),
  SCTP: make('SCTP'),
});

export const rangeOf = (protocol: Protocol, from: number, to: number): PortSet =>
  perProtocol((p) => (p === protocol ? [{ from, to }] : []));

export const union = (a: PortSet, b: PortSet): PortSet => perProtocol((p) => merged([...a[p], ...b[p]]));

export const intersection = (a: PortSet, b: PortSet): PortSet =>
  perProtocol((p) =>
    a[p].flatMap((x) =>
      b[p].flatMap((y) => {
        const from = Math.max(x.from, y.from);
        const to = Math.min(x.to, y.to);
        return from <= to ? [{ from, to }] : [];
      }),
    ),
  );

export const difference = (a: PortSet, b: PortSet): PortSet => intersection(a, complement(b));

export const complement = (set: PortSet): PortSet =>
  perProtocol((p) => {
    const gaps: PortRange[] = [];
    let next = 0;
    for (const { from, to } of set[p]) {
      if (from > next) gaps.push({ from: next, to: from - 1 });
      next = to + 1;
    }
    if (next <= 65_535) gaps.push({ from: next, to: 65_535 });
    return gaps;
  });

export const isEmpty = (set: PortSet): boolean => PROTOCOLS.every((p) => set[p].length === 0);
export const includes = (set: PortSet, protocol: Protocol, port: number): boolean =>
  set[protocol].some(({ from, to }) => from <= port && port <= to);

/** `all`, `none`, or `TCP 80,443 UDP 53`. */
export function formatPorts(set: PortSet): string {
  const parts = PROTOCOLS.flatMap((p) => {
    if (set[p].length === 0) return [];
    const ranges = set[p].map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
    return [ranges === '0-65535' ? p : `${p} ${ranges}`];
  });
  if (parts.length === 0) return 'none';
  const text = parts.join(' ');
  return text === PROTOCOLS.join(' ') ? 'all' : text;
}

/** Sorted, without overlaps, neighbours joined. */
function merged(ranges: PortRange[]): readonly PortRange[] {
  if (ranges.length < 2) return ranges;
  const out: { from: number; to: number }[] = [];
  for (const { from, to } of ranges.sort((a, b) => a.from - b.from)) {
    const last = out.at(-1);
    if (last && from <= last.to + 1) last.to = Math.max(last.to, to);
    else out.push({ from, to });
  }
  return out;
}
