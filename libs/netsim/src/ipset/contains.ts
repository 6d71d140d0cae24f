/** Whether a packet is in a set: ip_set_test and the types' kadt functions (net/netfilter/ipset). */
import type { IpSetType } from '@netverdict/linux-net';
import type { CompiledIpSet, CompiledIpSets } from './compiled.ts';
import { answerOf } from './entry.ts';
import { lookUpDevice } from './interfaces.ts';
import { HOLDS_EXCEPTIONS, type Membership, type SetProbe, type Side } from './probe.ts';
import { anyPort, lookUp } from './tries.ts';

export interface Lookup {
  readonly probe: SetProbe;
  readonly directions: readonly Side[];
  /** `--packets-gt` and its kin: they count only where the set has counters. */
  readonly asksCounters: boolean;
  /** `--return-nomatch`. */
  readonly returnNomatch: boolean;
}

/** Told each answer of each set, and gives the one to use: see walk/lens.ts. */
export type SetLens = (type: IpSetType, answer: boolean) => boolean;

export type IsIn = boolean | { readonly unknown: string };

export function isIn(set: CompiledIpSet, sets: CompiledIpSets, lookup: Lookup, sees: SetLens): IsIn {
  if (set.kind === 'unsupported') return { unknown: `a set of type ${set.type}` };
  const member = membership(set, sets, lookup, sees);
  if (typeof member === 'object') return member;
  // --return-nomatch turns the answer round where a member was met at all.
  const turned = lookup.returnNomatch && HOLDS_EXCEPTIONS.has(set.type);
  return sees(set.type, member === (turned ? 'nomatch' : 'in'));
}

type Readable = Exclude<CompiledIpSet, { kind: 'unsupported' }>;

function membership(set: Readable, sets: CompiledIpSets, lookup: Lookup, sees: SetLens): Membership {
  const { probe, directions } = lookup;
  const { family, counters, range, markmask } = set.source.options;
  if (directions.length < set.dimension) return 'out';
  if (family !== null && family !== probe.family) return 'out';
  const countersDecide = lookup.asksCounters && counters;
  switch (set.kind) {
    case 'list':
      return inList(set, sets, lookup, countersDecide, sees);
    case 'interfaces': {
      const found = lookUpDevice(set.interfaces, probe, directions);
      return found ? answerOf(found, set.name, countersDecide) : 'out';
    }
    case 'tries': {
      if (set.type === 'bitmap:port') return inPorts(set, lookup, countersDecide);
      if (range !== null) {
        const address = Number(probe.address(directions[0] ?? 'src'));
        if (address < range.from || address > range.to) return 'out';
      }
      const found = lookUp(set.tries, { name: set.name, probe, directions, mask: set.mask, markmask });
      if (found === 'mac') return { unknown: `the link-layer address that set ${set.name} asks for` };
      if (found === 'port') return unknownPort(set.name);
      return found ? answerOf(found, set.name, countersDecide) : 'out';
    }
  }
}

const TCP = 6;
const UDP = 17;

const unknownPort = (name: string): Membership => ({ unknown: `which port that set ${name} asks for was drawn` });

/** bitmap:port knows no protocol, and takes TCP and UDP only (bitmap_port_kadt). */
function inPorts(set: Extract<Readable, { kind: 'tries' }>, lookup: Lookup, countersDecide: boolean): Membership {
  const { probe, directions } = lookup;
  if (probe.protocol !== TCP && probe.protocol !== UDP) return 'out';
  const side = directions[0] ?? 'src';
  const port = probe.port(side);
  const among = probe.portAmong?.(side);
  const ports = set.tries.byLengths[0]?.nest;
  if (among) return ports && anyPort(ports, among, null) ? unknownPort(set.name) : 'out';
  const found = port === null ? undefined : set.tries.byLengths[0]?.nest.get(port);
  return found === undefined || found instanceof Map ? 'out' : answerOf(found, set.name, countersDecide);
}

/** The first set that holds the packet decides (list_set_ktest); counters that a rule asks for are the list's own. */
function inList(
  list: Extract<Readable, { kind: 'list' }>,
  sets: CompiledIpSets,
  lookup: Lookup,
  countersDecide: boolean,
  sees: SetLens,
): Membership {
  let unknown: Membership | null = null;
  for (const { name, entry } of list.sets) {
    const inner = sets.get(name);
    if (!inner) return { unknown: `set ${name}, which is not in ipset-save` };
    // The kernel takes no list into a list.
    if (inner.kind === 'list') return { unknown: `set ${name}, a list within a list` };
    const answer = isIn(inner, sets, { ...lookup, asksCounters: false }, sees);
    if (typeof answer === 'object') unknown ??= answer;
    else if (answer) {
      const here = answerOf(entry, list.name, countersDecide);
      if (here === 'in') return 'in';
      unknown ??= here;
    }
  }
  return unknown ?? 'out';
}
