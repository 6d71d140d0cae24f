/** Where an act stands in the kernel's own list of hooks, where it has one (net/netfilter/nfnetlink_hook.c). */
import type { Family, Known, NetfilterHook } from '@netverdict/linux-net';
import type { Hook } from './hooks.ts';
import type { Act } from './stations.ts';

/** Its place among those of the family and hook; below 0: the list does not have it. */
export type PlaceOf = (act: Act | undefined, priority: number, hook: Hook) => number;

/** A legacy table is told by its priority: which table a function is called for is not listed. */
const LEGACY = /^(ip6?t_do_table|ip6?table_[a-z]+_hook)$/;
const CONNTRACK = /^(ipv[46]|nf)_conntrack_(in|local)$/;
const NAT = /^nf_nat_ipv[46]_/;

export function placesOf(
  listed: Known<readonly NetfilterHook[] | null>,
  family: Family,
  nftHook: string,
): PlaceOf | null {
  if (!listed.known || listed.value === null) return null;
  const short = family === 'ipv4' ? 'ip' : 'ip6';
  const here = listed.value.filter((h) => h.family === short && h.hook === nftHook);
  const called = (name: RegExp, priority: number): number =>
    here.findIndex((h) => h.priority === priority && h.chain === null && h.function !== null && name.test(h.function));
  const ofChain = (of: string, table: string, name: string): number =>
    here.findIndex((h) => h.chain?.family === of && h.chain.table === table && h.chain.name === name);
  return (act, priority, hook) => {
    switch (act?.kind) {
      case 'conntrack':
        return called(CONNTRACK, priority);
      case 'nat':
        return called(NAT, priority);
      case 'xt':
        return act.ruleset.variant === 'nft' ? ofChain(short, act.table.name, hook) : called(LEGACY, priority);
      case 'nft':
        return ofChain(act.base.table.family, act.base.table.name, act.base.chain.chain.name);
      case undefined:
        return -1;
    }
  };
}
