/**
 * A namespace prepared for evaluation: links by index, routes by prefix, chains by name. Depends on nothing but
 * the parsed state, so it can be cached by the digests of the sections that the state was parsed from.
 */
import type {
  Family,
  IfIndex,
  InterfaceAddress,
  IpAddress,
  Known,
  Link,
  Neighbour,
  NetnsState,
  Route,
  XtRuleset,
} from '@netverdict/linux-net';
import { type CompiledIpSets, compileIpSets } from '../ipset/compiled.ts';
import { type CompiledRuleset, compileRuleset } from '../netfilter/ruleset.ts';
import { type CompiledHooks, compileHooks } from '../netfilter/stations.ts';
import { type CompiledNft, compileNft } from '../nft/compile.ts';
import { PrefixIndex } from '../route/prefix-index.ts';

export type RouteTables = ReadonlyMap<number, PrefixIndex>;

export interface CompiledNetns {
  readonly state: NetnsState;
  readonly linkByIndex: ReadonlyMap<IfIndex, Link>;
  readonly linkByName: ReadonlyMap<string, Link>;
  readonly loopback: Link | null;
  readonly hasVrf: boolean;
  /** Entries that are not proxies', the first of each address on each device. */
  readonly neighbours: ReadonlyMap<IfIndex, ReadonlyMap<IpAddress, Neighbour>>;
  readonly routes: Readonly<Record<Family, Known<RouteTables>>>;
  /** Legacy first, then nft; each with its own base chains, all of which apply. */
  readonly rulesets: Readonly<Record<Family, readonly Known<CompiledRuleset>[]>>;
  readonly nft: Known<CompiledNft>;
  /** What stands at each hook, by priority. */
  readonly hooks: CompiledHooks;
  readonly ipsets: Known<CompiledIpSets>;
  /** Is the address one of the namespace's own (any device)? */
  readonly own: ReadonlySet<IpAddress>;
  addressesOn(ifindex: IfIndex): readonly InterfaceAddress[];
  /** Switches of devices that were asked for, by name and device: a packet asks some dozen at every device. */
  readonly switches: Readonly<Record<Family, Map<string, Map<string, number | null>>>>;
  /** Rulesets that were not read. */
  readonly unreadRulesets: Readonly<Record<Family, readonly Extract<Known<unknown>, { readonly known: false }>[]>>;
  /** The devices that are enslaved to the device. */
  portsOf(ifindex: IfIndex): readonly Link[];
}

/** `previous`: the compiled form of an earlier state; its parts are reused where the state's are the same object. */
export function compileNamespace(state: NetnsState, previous?: CompiledNetns): CompiledNetns {
  const old = previous?.state;
  const links = state.links.known ? state.links.value : [];
  const addresses = state.addresses.known ? state.addresses.value : [];
  const ports = new Map<IfIndex, Link[]>();
  for (const link of links) {
    if (link.master === null) continue;
    const list = ports.get(link.master);
    if (list) list.push(link);
    else ports.set(link.master, [link]);
  }
  const byLink = new Map<IfIndex, InterfaceAddress[]>();
  for (const address of addresses) {
    const list = byLink.get(address.ifindex);
    if (list) list.push(address);
    else byLink.set(address.ifindex, [address]);
  }
  const routes = (
    family: Family,
    source: Known<readonly Route[]>,
    was?: Known<readonly Route[]>,
  ): Known<RouteTables> => (previous && source === was ? previous.routes[family] : mapKnown(source, indexRoutes));
  const ruleset = (
    family: Family,
    position: number,
    source: Known<XtRuleset>,
    was?: Known<XtRuleset>,
  ): Known<CompiledRuleset> =>
    (source === was ? previous?.rulesets[family][position] : undefined) ??
    mapKnown(source, (value) => compileRuleset(value, source.known ? source.section : null));
  const rulesets = {
    ipv4: [
      ruleset('ipv4', 0, state.iptablesLegacy, old?.iptablesLegacy),
      ruleset('ipv4', 1, state.iptablesNft, old?.iptablesNft),
    ],
    ipv6: [
      ruleset('ipv6', 0, state.ip6tablesLegacy, old?.ip6tablesLegacy),
      ruleset('ipv6', 1, state.ip6tablesNft, old?.ip6tablesNft),
    ],
  };
  const nft =
    previous && state.nftables === old?.nftables
      ? previous.nft
      : mapKnown(state.nftables, (value) => compileNft(value, state.nftables.known ? state.nftables.section : null));
  return {
    state,
    linkByIndex: new Map(links.map((link) => [link.ifindex, link])),
    linkByName: new Map(links.map((link) => [link.name, link])),
    loopback: links.find((link) => link.loopback) ?? null,
    hasVrf: links.some(({ detail }) => detail.kind === 'other' && detail.name === 'vrf'),
    neighbours: indexNeighbours(state.neighbours.known ? state.neighbours.value : []),
    routes: {
      ipv4: routes('ipv4', state.routes4, old?.routes4),
      ipv6: routes('ipv6', state.routes6, old?.routes6),
    },
    rulesets,
    nft,
    switches: previous && state.sysctls === old?.sysctls ? previous.switches : { ipv4: new Map(), ipv6: new Map() },
    unreadRulesets: { ipv4: unknownOf([...rulesets.ipv4, nft]), ipv6: unknownOf([...rulesets.ipv6, nft]) },
    hooks: sameRules(previous, state, rulesets, nft) ?? compileHooks(rulesets, nft, state.netfilterHooks),
    ipsets: previous && state.ipsets === old?.ipsets ? previous.ipsets : mapKnown(state.ipsets, compileIpSets),
    own: new Set(addresses.filter((a) => !a.tentative || a.dadFailed === false).map((a) => a.address)),
    addressesOn: (ifindex) => byLink.get(ifindex) ?? [],
    portsOf: (ifindex) => ports.get(ifindex) ?? [],
  };
}

const unknownOf = (parts: readonly Known<unknown>[]): readonly Extract<Known<unknown>, { readonly known: false }>[] =>
  parts.filter((part) => !part.known);

/** The hooks of before, where no ruleset is another one. */
const sameRules = (
  previous: CompiledNetns | undefined,
  state: NetnsState,
  rulesets: CompiledNetns['rulesets'],
  nft: CompiledNetns['nft'],
): CompiledHooks | undefined =>
  previous?.nft === nft &&
  previous.state.netfilterHooks === state.netfilterHooks &&
  (['ipv4', 'ipv6'] as const).every((family) =>
    rulesets[family].every((ruleset, i) => ruleset === previous.rulesets[family][i]),
  )
    ? previous.hooks
    : undefined;

function mapKnown<T, U>(known: Known<T>, change: (value: T) => U): Known<U> {
  return known.known ? { known: true, value: change(known.value), section: known.section } : known;
}

function indexNeighbours(entries: readonly Neighbour[]): CompiledNetns['neighbours'] {
  const index = new Map<IfIndex, Map<IpAddress, Neighbour>>();
  for (const entry of entries) {
    if (entry.proxy) continue;
    let here = index.get(entry.dev);
    if (!here) {
      here = new Map();
      index.set(entry.dev, here);
    }
    if (!here.has(entry.address)) here.set(entry.address, entry);
  }
  return index;
}

function indexRoutes(routes: readonly Route[]): RouteTables {
  const tables = new Map<number, Route[]>();
  for (const route of routes) {
    const list = tables.get(route.table);
    if (list) list.push(route);
    else tables.set(route.table, [route]);
  }
  return new Map([...tables].map(([id, list]) => [id, new PrefixIndex(list)]));
}
