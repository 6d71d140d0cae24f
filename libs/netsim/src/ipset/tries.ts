/**
 * The members of a set as nested hash maps, one nest for each combination of prefix lengths that occurs. The kernel tries
 * the lengths that occur from the longest to the shortest (mtype_test_cidrs, net/netfilter/ipset/ip_set_hash_gen.h), of two
 * networks the first one's length before the second's; the first member found decides, be it an exception. So does this,
 * at the price of one look-up for each combination of lengths, however many members there are.
 */
import {
  IP_SET_TYPES,
  type IpAddress,
  type IpSetDimension,
  type IpSetMember,
  type IpSetPart,
  type IpSetType,
  type Mac,
  maskAddress,
  type Range,
} from '@netverdict/linux-net';
import { type Entry, entryOf } from './entry.ts';
import type { SetProbe, Side } from './probe.ts';

type Key = IpAddress | number | Mac | null;
type Nest = Map<Key, Nest | Entry>;

export interface Lengths {
  /** One for each dimension of addresses, in order. */
  readonly lengths: readonly number[];
  readonly nest: Nest;
}

export interface Tries {
  readonly dimensions: readonly IpSetDimension[];
  /** The longest networks first. */
  readonly byLengths: readonly Lengths[];
}

const PORTS = 65536;
const portKey = (protocol: number | null, port: number): number => (protocol ?? 0) * PORTS + port;

export function buildTries(type: IpSetType, members: readonly IpSetMember[], mask: IpAddress | null): Tries {
  const dimensions: readonly IpSetDimension[] = IP_SET_TYPES[type];
  const groups = new Map<string, { lengths: readonly number[]; nest: Nest }>();
  for (const member of members) {
    const lengths = member.parts.flatMap((part) => (part.kind === 'prefix' ? [part.prefix.length] : []));
    const id = lengths.join(',');
    const group = groups.get(id) ?? { lengths, nest: new Map() };
    groups.set(id, group);
    insert(group.nest, member.parts, 0, entryOf(member), mask);
  }
  const networks = dimensions.filter((d) => d === 'ip' || d === 'net').map((d) => d === 'net');
  return { dimensions, byLengths: [...groups.values()].sort((a, b) => compareLengths(a.lengths, b.lengths, networks)) };
}

/** An `ip` that stands for several addresses is no network: it is as good as each of them, so networks order first. */
function compareLengths(a: readonly number[], b: readonly number[], networks: readonly boolean[]): number {
  for (const wanted of [true, false])
    for (const [at, network] of networks.entries()) {
      const difference = network === wanted ? (b[at] ?? 0) - (a[at] ?? 0) : 0;
      if (difference !== 0) return difference;
    }
  return 0;
}

function insert(nest: Nest, parts: readonly IpSetPart[], at: number, entry: Entry, mask: IpAddress | null): void {
  const part = parts[at];
  if (!part) return;
  for (const key of keysOf(part, mask)) {
    if (at === parts.length - 1) {
      nest.set(key, entry);
      continue;
    }
    const inner = nest.get(key);
    const next = inner instanceof Map ? (inner as Nest) : new Map<Key, Nest | Entry>();
    nest.set(key, next);
    insert(next, parts, at + 1, entry, mask);
  }
}

function* keysOf(part: IpSetPart, mask: IpAddress | null): Iterable<Key> {
  if (part.kind === 'prefix') yield masked(part.prefix.address, mask);
  else if (part.kind === 'port') for (let port = part.from; port <= part.to; port++) yield portKey(part.protocol, port);
  else if (part.kind === 'mac') yield part.mac;
  else if (part.kind === 'mark') yield part.value;
}

/** `netmask` and `bitmask` of the set, on what is stored and on what is looked up. */
export function masked(address: IpAddress, mask: IpAddress | null): IpAddress {
  if (mask === null || typeof mask !== typeof address) return address;
  return (typeof address === 'number' ? (address & Number(mask)) >>> 0 : BigInt(address) & BigInt(mask)) as IpAddress;
}

export interface Question {
  /** Of the set. */
  readonly name: string;
  readonly probe: SetProbe;
  readonly directions: readonly Side[];
  readonly mask: IpAddress | null;
  readonly markmask: number;
}

/** What of the packet decides and is not known: its link-layer address, which port of a range it has. */
export type NotTold = 'mac' | 'port';

/** The member that decides; null where none is met. */
export function lookUp(tries: Tries, question: Question): Entry | NotTold | null {
  for (const group of tries.byLengths) {
    const found = descend(group.nest, group.lengths, tries.dimensions, question);
    if (found !== null) return found;
  }
  return null;
}

function descend(
  start: Nest,
  lengths: readonly number[],
  dimensions: readonly IpSetDimension[],
  { name, probe, directions, mask, markmask }: Question,
): Entry | NotTold | null {
  let nest = start;
  let addresses = 0;
  for (let at = 0; at < dimensions.length; at++) {
    const side = directions[at] ?? 'src';
    let found: Nest | Entry | undefined;
    switch (dimensions[at]) {
      case 'ip':
      case 'net':
        found = nest.get(maskAddress(masked(probe.address(side), mask), lengths[addresses++] ?? 0));
        break;
      case 'port': {
        const port = probe.port(side);
        if (port === null || probe.protocol === 0) return null;
        const among = probe.portAmong?.(side);
        if (among) return anyPort(nest, among, probe.protocol) ? 'port' : null;
        found = nest.get(portKey(probe.protocol, port));
        break;
      }
      case 'mark':
        found = nest.get((probe.mark & markmask) >>> 0);
        break;
      default: {
        const mac = probe.mac(side);
        // Loopback's frames have none, and are in no such set (bitmap_ipmac_kadt, hash_ipmac4_kadt).
        if (mac === null) return null;
        found = atMac(nest, mac, (own) => probe.goesWith(name, probe.address(directions[0] ?? 'src'), own));
        if (found === undefined && mac === undefined && nest.size > 0) return 'mac';
      }
    }
    if (found === undefined) return null;
    if (!(found instanceof Map)) return found;
    nest = found;
  }
  return null;
}

/** Which of them the packet has decides only where a member has one. */
export function anyPort(nest: Nest, { from, to }: Range, protocol: number | null): boolean {
  for (let port = from; port <= to; port++) if (nest.has(portKey(protocol, port))) return true;
  return false;
}

/** bitmap:ip,mac: an address stored alone takes the first that it is asked about (bitmap_ipmac_do_test). */
function atMac(nest: Nest, mac: Mac | undefined, goesWith: (mac: Mac) => boolean): Nest | Entry | undefined {
  const alone = nest.get(null);
  if (mac === undefined) return alone;
  return alone !== undefined && goesWith(mac) ? alone : nest.get(mac);
}
