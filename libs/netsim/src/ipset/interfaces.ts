/**
 * hash:net,iface. The members of one network stand together, and the first network that holds the address ends the search,
 * also where none of its devices is the packet's: a narrower network hides a wider one (`multi` in mtype_test_cidrs,
 * net/netfilter/ipset/ip_set_hash_gen.h, and hash_netiface4_data_equal). Members with `physdev:` are never met by a rule
 * of iptables: nothing in xt_set sets the flag that they are looked up with.
 */
import { type IpAddress, type IpSetMember, maskAddress } from '@netverdict/linux-net';
import { type Entry, entryOf } from './entry.ts';
import type { SetProbe, Side } from './probe.ts';

interface OnDevice {
  readonly name: string;
  readonly wildcard: boolean;
  readonly entry: Entry;
}

export interface Interfaces {
  readonly byLength: readonly { readonly length: number; readonly networks: ReadonlyMap<IpAddress, OnDevice[]> }[];
}

export function buildInterfaces(members: readonly IpSetMember[]): Interfaces {
  const byLength = new Map<number, Map<IpAddress, OnDevice[]>>();
  for (const member of members) {
    const [net, iface] = member.parts;
    if (net?.kind !== 'prefix' || iface?.kind !== 'iface' || iface.physdev) continue;
    const networks = byLength.get(net.prefix.length) ?? new Map<IpAddress, OnDevice[]>();
    byLength.set(net.prefix.length, networks);
    const list = networks.get(net.prefix.address) ?? [];
    networks.set(net.prefix.address, list);
    list.push({ name: iface.name, wildcard: iface.wildcard, entry: entryOf(member) });
  }
  return {
    byLength: [...byLength].sort(([a], [b]) => b - a).map(([length, networks]) => ({ length, networks })),
  };
}

export function lookUpDevice(interfaces: Interfaces, probe: SetProbe, directions: readonly Side[]): Entry | null {
  const device = probe.device(directions[1] ?? 'src');
  if (device === null) return null;
  const address = probe.address(directions[0] ?? 'src');
  for (const { length, networks } of interfaces.byLength) {
    const here = networks.get(maskAddress(address, length));
    if (!here) continue;
    const member = here.find(({ name, wildcard }) => (wildcard ? device.startsWith(name) : device === name));
    return member?.entry ?? null;
  }
  return null;
}
