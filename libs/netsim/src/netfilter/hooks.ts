/**
 * The hooks of the IP stack, and what stands there at which priority (include/uapi/linux/netfilter_ipv4.h: NF_IP_PRI_*):
 *
 *              raw  conntrack  mangle  nat(dst)                        mangle  nat(src)
 *  in ──▶ PREROUTING ──────────────────▶ routing ─▶ FORWARD ─────────▶ POSTROUTING ──▶ out
 *         -300    -200     -150    -100     │        mangle filter security   ▲
 *                                           ▼         -150    0      50       │
 *                                         INPUT ─▶ socket ─▶ OUTPUT ──────────┘
 *                      mangle filter security nat(src)   raw conntrack mangle nat(dst) filter security
 *                                               100
 *
 * Tables of both variants of iptables and base chains of native nftables all apply, sorted by priority (stations.ts). An
 * accept ends one table or base chain only; a drop ends all.
 */
export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';

/** The names that nft gives the same hooks. */
export const NFT_HOOK = {
  PREROUTING: 'prerouting',
  INPUT: 'input',
  FORWARD: 'forward',
  OUTPUT: 'output',
  POSTROUTING: 'postrouting',
} as const satisfies Readonly<Record<Hook, string>>;

/** Which half of NAT a hook does. */
export const natManip = (hook: Hook): 'dst' | 'src' => (hook === 'PREROUTING' || hook === 'OUTPUT' ? 'dst' : 'src');
