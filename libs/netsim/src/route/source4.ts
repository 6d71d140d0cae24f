/** Which of its own IPv4 addresses a host takes as source (inet_select_addr in net/ipv4/devinet.c). */
import { type IfIndex, type InterfaceAddress, type Ipv4, SCOPE } from '@netverdict/linux-net';
import { confOf } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';

type Own = InterfaceAddress & { readonly address: Ipv4 };

const addressesOf = (ns: WorldNamespace, dev: IfIndex): readonly Own[] =>
  ns.net.addressesOn(dev).filter((a): a is Own => typeof a.address === 'number');

/**
 * The first of the device's primary ones in whose prefix `towards` lies, else its first, else the first of any device, the
 * loopback device's before others'. `widest`: RT_SCOPE_* that the address may have at most.
 */
export function selectAddress4(ns: WorldNamespace, dev: IfIndex, towards: Ipv4 | null, widest: number): Ipv4 | null {
  const name = ns.net.linkByIndex.get(dev)?.name ?? '';
  const localnet =
    confOf(ns, 'ipv4', 'all', 'route_localnet') || confOf(ns, 'ipv4', name, 'route_localnet') ? SCOPE.link : SCOPE.host;
  let first: Ipv4 | null = null;
  for (const own of addressesOf(ns, dev)) {
    if (own.secondary || Math.min(own.scope, localnet) > widest) continue;
    // 0.0.0.0 asks for no prefix.
    if (towards === null || towards === 0 || holds(own, towards)) return own.address;
    first ??= own.address;
  }
  if (first !== null) return first;
  for (const link of ns.net.linkByIndex.values()) {
    const found = addressesOf(ns, link.ifindex).find(
      (a) => !a.secondary && a.scope !== SCOPE.link && a.scope <= widest,
    );
    if (found) return found.address;
  }
  return null;
}

/** The prefix is that of the far end where there is one (ifa_address). */
function holds({ address, peer, prefixLength }: Own, towards: Ipv4): boolean {
  if (prefixLength === 0) return true;
  return ((typeof peer === 'number' ? peer : address) ^ towards) >>> (32 - prefixLength) === 0;
}
