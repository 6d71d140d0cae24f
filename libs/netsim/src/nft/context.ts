/** Where a chain of native nftables meets a packet (struct nft_pktinfo). */
import type { Mac, NftHook } from '@netverdict/linux-net';
import type { Devices, RuleContext } from '../netfilter/context.ts';
import type { Hook } from '../netfilter/hooks.ts';
import type { Packet } from '../packet/packet.ts';
import type { Walk } from '../walk/walk.ts';
import type { WorldNamespace } from '../world/world.ts';

export interface NftContext extends Devices {
  readonly walk: Walk;
  readonly ns: WorldNamespace;
  readonly packet: Packet;
  readonly hook: NftHook;
  /** `ip`: the packet is with the IP stack. Others see the frame, and no connection unless bridge netfilter gave one. */
  readonly layer: 'ip' | 'bridge' | 'device' | 'arp';
  /** Addresses of the frame, where they are known. */
  readonly ethernet?: { readonly source: Mac | null; readonly destination: Mac | null };
}

const HOOK: Readonly<Record<NftHook, Hook>> = {
  prerouting: 'PREROUTING',
  input: 'INPUT',
  forward: 'FORWARD',
  output: 'OUTPUT',
  postrouting: 'POSTROUTING',
  ingress: 'PREROUTING',
  egress: 'POSTROUTING',
};

/** The same place in the words of iptables, whose targets share their kernel code with nft's statements. */
export const asRuleContext = (c: NftContext, packet: Packet): RuleContext => ({ ...c, hook: HOOK[c.hook], packet });
