/** Which of its own IPv6 addresses a host takes as source (ipv6_dev_get_saddr in net/ipv6/addrconf.c; RFC 6724, 5). */
import { type IfIndex, type InterfaceAddress, type Ipv6, prefix, prefixContains } from '@netverdict/linux-net';
import { confOf } from '../world/facts.ts';
import type { WorldNamespace } from '../world/world.ts';
import { isMulticast, SCOPE6, scope6 } from './addresses.ts';

type Own = InterfaceAddress & { readonly address: Ipv6 };

/** The kernel's own table (ip6_init_policy); `ip addrlabel` could change it. Longest first. */
const LABELS = [
  ['::1/128', 0],
  ['::ffff:0:0/96', 4],
  ['::/96', 3],
  ['2001::/32', 6],
  ['2001:10::/28', 7],
  ['2002::/16', 2],
  ['3ffe::/16', 12],
  ['fec0::/10', 11],
  ['fc00::/7', 5],
] as const;
const labels = LABELS.map(([text, label]) => ({ at: prefix(text), label }));
const labelOf = (address: Ipv6): number => labels.find(({ at }) => prefixContains(at, address))?.label ?? 1;

export function selectAddress6(ns: WorldNamespace, dev: IfIndex | null, towards: Ipv6): Ipv6 | null {
  const scope = scope6(towards);
  const name = dev === null ? null : (ns.net.linkByIndex.get(dev)?.name ?? '');
  const ownOnly =
    name !== null &&
    (isMulticast(towards) || scope <= SCOPE6.linkLocal || Boolean(confOf(ns, 'ipv6', name, 'use_oif_addrs_only')));
  const devices = ownOnly && dev !== null ? [dev] : [...ns.net.linkByIndex.keys()];
  let best: { readonly own: Own; readonly scores: readonly number[] } | null = null;
  for (const device of devices)
    for (const own of ns.net.addressesOn(device)) {
      if (typeof own.address !== 'bigint' || (own.tentative && !own.optimistic) || own.dadFailed) continue;
      if (own.address === 0n || isMulticast(own.address)) continue;
      const candidate = own as Own;
      const scores = scoresOf(ns, candidate, towards, scope, dev);
      if (best === null || better(scores, best.scores)) best = { own: candidate, scores };
    }
  return best?.own.address ?? null;
}

function better(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return (a[i] as number) > (b[i] as number);
  return false;
}

/** One number a rule, in the order of IPV6_SADDR_RULE_*; more is better. */
function scoresOf(ns: WorldNamespace, own: Own, towards: Ipv6, scope: number, dev: IfIndex | null): readonly number[] {
  const mine = scope6(own.address);
  const name = ns.net.linkByIndex.get(own.ifindex)?.name ?? '';
  const conf = (key: string): number => confOf(ns, 'ipv6', name, key) || 0;
  const preferTemporary = conf('use_tempaddr') >= 2;
  const useOptimistic = Boolean(confOf(ns, 'ipv6', 'all', 'use_optimistic')) || conf('use_optimistic') > 0;
  const optimistic = own.optimistic === true;
  const alike = Math.min(commonBits(own.address, towards), own.prefixLength);
  return [
    Number(own.address === towards),
    mine >= scope ? -mine : mine - 128,
    Number(own.address === 1n || (!own.deprecated && (useOptimistic || !optimistic))),
    Number(dev === null || own.ifindex === dev),
    Number(labelOf(own.address) === labelOf(towards)),
    Number((own.temporary === true) === preferTemporary),
    Number(isOrchid(own.address) === isOrchid(towards)),
    alike,
    Number(!optimistic),
  ];
}

/** ipv6_addr_orchid: 2001:10::/28. */
const isOrchid = (address: Ipv6): boolean => address >> 100n === 0x2001001n;

function commonBits(a: Ipv6, b: Ipv6): number {
  const differ = a ^ b;
  return differ === 0n ? 128 : 128 - differ.toString(2).length;
}
