/** Where an nft rule stands: what may be said there. */
import { address } from '../addresses.ts';
import type { Draft, DraftNamespace } from '../draft.ts';

export type NftHook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

export interface NftPlace {
  readonly draft: Draft;
  readonly ns: DraftNamespace;
  readonly table: 'ip' | 'ip6' | 'inet';
  readonly chainType: 'filter' | 'nat' | 'route';
  /** Hooks that the chain can be reached from. */
  readonly hooks: readonly NftHook[];
  readonly protocol: 'tcp' | 'udp' | 'icmp' | null;
  /** Which family's words the rule may use: that of the table, or in `inet` one that the rule has asked for. */
  readonly family: 'ipv4' | 'ipv6';
  /** Named sets of the table. */
  readonly sets: readonly NamedSet[];
}

/** A named set or map of a table, and the words of the key that it is looked up with. */
export interface NamedSet {
  readonly name: string;
  readonly key: 'address' | 'port' | 'address-port' | 'mark' | 'ifname' | 'address-proto-port';
  readonly family: 'ipv4' | 'ipv6';
  readonly gives: 'nothing' | 'verdict' | 'address' | 'mark' | 'address-port';
  /** `set …` or `map …`, as nft reads it. */
  readonly text: readonly string[];
}

export const ipWord = ({ family }: NftPlace): string => (family === 'ipv4' ? 'ip' : 'ip6');
export const within = (place: NftPlace, ...hooks: NftHook[]): boolean => place.hooks.every((h) => hooks.includes(h));
export const hasPorts = ({ protocol }: NftPlace): boolean => protocol === 'tcp' || protocol === 'udp';

/** The address of some end of the world. */
export function anEnd(draft: Draft, family: 'ipv4' | 'ipv6'): string {
  const devices = draft.namespaces.flatMap((ns) => ns.devices).filter((d) => d.subnet !== null);
  const { subnet, host } = draft.random.pick(devices);
  return address(family, subnet ?? 1, host ?? 1);
}

/** An address, a prefix, or a range. */
export function someAddresses(draft: Draft, family: 'ipv4' | 'ipv6'): string {
  const { random } = draft;
  const subnet = random.int(1, 3);
  return random.weighted<() => string>([
    [4, () => anEnd(draft, family)],
    [2, () => (family === 'ipv4' ? `10.${subnet}.0.0/24` : `fd00:${subnet}::/64`)],
    [1, () => `${address(family, subnet, 1)}-${address(family, subnet, 2)}`],
    [1, () => (family === 'ipv4' ? '10.0.0.0/8' : 'fd00::/16')],
  ])();
}
