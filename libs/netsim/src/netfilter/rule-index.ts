/**
 * The rules of a long chain by what a packet must be for them to match: KUBE-SERVICES has a rule for each service port, each for one
 * address; KUBE-NODEPORTS one for each port; Calico's dispatch one for each device. A packet is then asked about those of its own
 * address, port and devices, and those that no index knows, in the order of the chain. What the index passes over would have
 * said no: a test compares both ways.
 */
import type { XtMatch, XtRule } from '@netverdict/linux-net';
import type { Packet } from '../packet/packet.ts';
import type { RuleContext } from './context.ts';

export interface RuleIndex {
  /** Positions of rules, ascending, for each kind of key that occurs. */
  readonly keyed: readonly { readonly keyOf: KeyOf; readonly rules: ReadonlyMap<unknown, readonly number[]> }[];
  readonly others: readonly number[];
}

type Devices = Pick<RuleContext, 'iif' | 'oif'>;
type KeyOf = (packet: Packet, devices: Devices) => unknown;

/** Shorter ones are as quickly asked one by one. */
const LONG_CHAIN = 16;

const KINDS = ['destination', 'source', 'dport', 'out-interface', 'in-interface'] as const;
type Kind = (typeof KINDS)[number];

/** What the packet has where a rule of the kind asks; a port that NAT drew could be any: see `candidates`. */
const KEYS: Readonly<Record<Kind, KeyOf>> = {
  destination: (packet) => packet.destination,
  source: (packet) => packet.source,
  dport: (packet) => packet.dport,
  'out-interface': (_, { oif }) => oif?.name ?? '',
  'in-interface': (_, { iif }) => iif?.name ?? '',
};

const ALL_BITS = (1n << 128n) - 1n;

/** undefined: it says no to more than one value. */
function keyOf(match: XtMatch): unknown {
  switch (match.kind) {
    case 'destination':
    case 'source': {
      const { address, mask } = match.value;
      return !match.negate && (mask === 0xffffffff || mask === ALL_BITS) ? address : undefined;
    }
    case 'dport':
      return !match.negate && match.range.from === match.range.to ? match.range.from : undefined;
    case 'out-interface':
    case 'in-interface':
      return !match.negate && !match.wildcard ? match.name : undefined;
    default:
      return undefined;
  }
}

/** They look and keep nothing in mind: a rule may be passed over although they would have been asked first. */
const WITHOUT_MEMORY: ReadonlySet<XtMatch['kind']> = new Set<XtMatch['kind']>([
  'source',
  'destination',
  'in-interface',
  'out-interface',
  'protocol',
  'fragment',
  'sport',
  'dport',
  'tcp-flags',
  'icmp',
  'multiport',
  'mark',
  'ctstate',
  'statistic-random',
]);

function indexedBy(rule: XtRule): { readonly kind: Kind; readonly key: unknown } | null {
  let best: { readonly kind: Kind; readonly key: unknown } | null = null;
  for (const match of rule.matches) {
    if (!WITHOUT_MEMORY.has(match.kind)) break;
    const key = keyOf(match);
    const kind = match.kind as Kind;
    if (key !== undefined && (best === null || KINDS.indexOf(kind) < KINDS.indexOf(best.kind))) best = { kind, key };
  }
  return best;
}

export function indexRules(rules: readonly XtRule[]): RuleIndex | null {
  if (rules.length < LONG_CHAIN) return null;
  const byKind = new Map<Kind, Map<unknown, number[]>>();
  const others: number[] = [];
  rules.forEach((rule, position) => {
    const by = indexedBy(rule);
    if (by === null) {
      others.push(position);
      return;
    }
    let keys = byKind.get(by.kind);
    if (!keys) {
      keys = new Map();
      byKind.set(by.kind, keys);
    }
    const list = keys.get(by.key);
    if (list) list.push(position);
    else keys.set(by.key, [position]);
  });
  return { keyed: [...byKind].map(([kind, keys]) => ({ keyOf: KEYS[kind], rules: keys })), others };
}

const NONE: readonly number[] = [];

/** Positions of the rules that can match, ascending; null: all. */
export function candidates(index: RuleIndex | null, packet: Packet, devices: Devices): readonly number[] | null {
  if (index === null || packet.dportAmong !== undefined) return null;
  let found = index.others;
  for (const { keyOf, rules } of index.keyed) found = merged(found, rules.get(keyOf(packet, devices)) ?? NONE);
  return found;
}

function merged(a: readonly number[], b: readonly number[]): readonly number[] {
  if (b.length === 0) return a;
  if (a.length === 0) return b;
  const all: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const [x, y] = [a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY];
    if (x < y) {
      all.push(x);
      i++;
    } else {
      all.push(y);
      j++;
    }
  }
  return all;
}
