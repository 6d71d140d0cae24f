/** The addresses and ports that a new connection is translated to (nf_nat_core.c: get_unique_tuple). */
import type { IpAddress, NatRange, Range } from '@netverdict/linux-net';
import type { CtEntry, CtTuple } from '../conntrack/table.ts';
import { invert, sameTuple } from '../conntrack/tuple.ts';
import { addressOfRange } from './address-hash.ts';

export type Manip = 'dst' | 'src';

export interface Unique {
  readonly tuple: CtTuple;
  /** The port (or echo id) was drawn at random out of these. */
  readonly drawn: Range | null;
  /** Another connection has what it would have kept. */
  readonly clash: boolean;
}

const PORTED: readonly number[] = [6, 17, 33, 132, 136];
const ICMP: readonly number[] = [1, 58];
/** nf_nat_l4proto_unique_tuple tries so many one after the other, then begins elsewhere. */
const MOST_ATTEMPTS = 128;

/** `current`: as the connection's packets are at this hook. `others`: all entries of the namespace. */
export function uniqueTuple(
  current: CtTuple,
  range: NatRange,
  manip: Manip,
  entry: CtEntry,
  others: readonly CtEntry[],
): Unique {
  const used = (tuple: CtTuple): boolean => isUsed(tuple, entry, others);
  const random = range.random || range.randomFully;
  let clash = false;
  if (manip === 'src' && !random) {
    if (inRange(current, range)) {
      if (!used(current)) return { tuple: current, drawn: null, clash: false };
      clash = true;
    } else {
      const before = mappedBefore(current, range, entry, others);
      if (before && !used(before)) return { tuple: before, drawn: null, clash: false };
    }
  }
  const tuple = range.addresses
    ? withAddress(current, manip, addressOfRange(range.addresses, current, { ...range, zone: entry.zone }))
    : current;
  if (!random) {
    if (range.ports) {
      const fits = range.basePort === null && holds(range.ports, portOf(tuple, manip));
      if (fits && (range.ports.from === range.ports.to || !used(tuple))) return { tuple, drawn: null, clash };
      clash ||= fits;
    } else if (!used(tuple)) return { tuple, drawn: null, clash };
    else clash = true;
  }
  return { ...otherPort(tuple, range, manip, used), clash };
}

const withAddress = (tuple: CtTuple, manip: Manip, address: IpAddress): CtTuple =>
  manip === 'src' ? { ...tuple, source: address } : { ...tuple, destination: address };
const portOf = (tuple: CtTuple, manip: Manip): number => (manip === 'src' ? tuple.sport : tuple.dport);
const holds = (range: Range, port: number): boolean => port >= range.from && port <= range.to;

function withPort(tuple: CtTuple, manip: Manip, port: number): CtTuple {
  // The id of an echo is one for both directions.
  if (ICMP.includes(tuple.protocol)) return { ...tuple, sport: port, dport: port };
  return manip === 'src' ? { ...tuple, sport: port } : { ...tuple, dport: port };
}

/** nf_in_range, of a source. */
function inRange(tuple: CtTuple, { addresses, ports }: NatRange): boolean {
  if (addresses && (tuple.source < addresses.from || tuple.source > addresses.to)) return false;
  return ports === null || holds(ports, tuple.sport);
}

/** nf_nat_used_tuple: has another connection of the zone the tuple of the answers? Two of one original tuple are one connection. */
function isUsed(tuple: CtTuple, entry: CtEntry, others: readonly CtEntry[]): boolean {
  // Most hosts have the connection alone that is being translated.
  if (others.length === 0 || (others.length === 1 && others[0]?.id === entry.id)) return false;
  const reply = invert(tuple);
  return others.some(
    (other) =>
      other.id !== entry.id &&
      other.confirmed &&
      other.zone === entry.zone &&
      (sameTuple(other.reply, reply) || sameTuple(other.original, reply)) &&
      !sameTuple(other.original, entry.original),
  );
}

/** find_appropriate_src: what this source was translated to for another destination, if the range has it. */
function mappedBefore(
  current: CtTuple,
  range: NatRange,
  entry: CtEntry,
  others: readonly CtEntry[],
): CtTuple | undefined {
  for (const other of others) {
    const { original, reply } = other;
    if (other.id === entry.id || !other.srcDone || other.zone !== entry.zone) continue;
    if (original.protocol !== current.protocol || original.source !== current.source) continue;
    if (original.sport !== current.sport) continue;
    const mapped = { ...current, source: reply.destination, sport: reply.dport };
    if (inRange(mapped, range)) return mapped;
  }
  return undefined;
}

function otherPort(
  tuple: CtTuple,
  range: NatRange,
  manip: Manip,
  used: (tuple: CtTuple) => boolean,
): Omit<Unique, 'clash'> {
  const ports = portsToTry(tuple, range, manip);
  if (!ports) return { tuple, drawn: null };
  const count = ports.to - ports.from + 1;
  const at = (offset: number): CtTuple => withPort(tuple, manip, ports.from + (((offset % count) + count) % count));
  const start = range.basePort !== null ? (portOf(tuple, manip) - range.basePort) & 0xffff : 0;
  const drawn = range.basePort === null && (range.random || range.randomFully || manip === 'src');
  for (let i = 0; i < Math.min(count, MOST_ATTEMPTS); i++)
    if (!used(at(start + i))) return { tuple: at(start + i), drawn: drawn && count > 1 ? ports : null };
  return { tuple: at(start), drawn: drawn && count > 1 ? ports : null };
}

/** Ports below 512, below 1024 and the others keep among themselves; a destination's is never changed unasked. */
function portsToTry(tuple: CtTuple, { ports }: NatRange, manip: Manip): Range | null {
  if (ports && (ICMP.includes(tuple.protocol) || PORTED.includes(tuple.protocol)))
    return ports.from <= ports.to ? ports : { from: ports.to, to: ports.from };
  if (ICMP.includes(tuple.protocol)) return { from: 0, to: 65535 };
  if (!PORTED.includes(tuple.protocol) || manip === 'dst') return null;
  if (tuple.sport < 512) return { from: 1, to: 511 };
  return tuple.sport < 1024 ? { from: 600, to: 1023 } : { from: 1024, to: 65535 };
}
