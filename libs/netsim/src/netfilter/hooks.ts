/**
 * The order in which a packet meets the tables (include/uapi/linux/netfilter_ipv4.h: NF_IP_PRI_*):
 *
 *              raw  conntrack  mangle  nat(dst)                        mangle  nat(src)
 *  in ──▶ PREROUTING ──────────────────▶ routing ─▶ FORWARD ─────────▶ POSTROUTING ──▶ out
 *                                           │        mangle filter security   ▲
 *                                           ▼                                 │
 *                                         INPUT ─▶ socket ─▶ OUTPUT ──────────┘
 *                      mangle filter security nat(src)   raw conntrack mangle nat(dst) filter security
 *
 * Legacy and nft tables of the same priority both apply; legacy is listed first, the kernel's own order being
 * that of their registration. An accept in one does not spare the packet the other.
 */
import type { XtTableName } from '@netverdict/linux-net';

export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';

export type Station =
  | { readonly at: 'table'; readonly table: XtTableName; readonly priority: number }
  | { readonly at: 'conntrack'; readonly priority: number };

const table = (name: XtTableName, priority: number): Station => ({ at: 'table', table: name, priority });
const conntrack: Station = { at: 'conntrack', priority: -200 };

export const HOOKS: Readonly<Record<Hook, readonly Station[]>> = {
  PREROUTING: [table('raw', -300), conntrack, table('mangle', -150), table('nat', -100)],
  INPUT: [table('mangle', -150), table('filter', 0), table('security', 50), table('nat', 100)],
  FORWARD: [table('mangle', -150), table('filter', 0), table('security', 50)],
  OUTPUT: [
    table('raw', -300),
    conntrack,
    table('mangle', -150),
    table('nat', -100),
    table('filter', 0),
    table('security', 50),
  ],
  POSTROUTING: [table('mangle', -150), table('nat', 100)],
};

/** The names that nft gives the same hooks. */
export const NFT_HOOK: Readonly<Record<Hook, string>> = {
  PREROUTING: 'prerouting',
  INPUT: 'input',
  FORWARD: 'forward',
  OUTPUT: 'output',
  POSTROUTING: 'postrouting',
};

/** Which half of NAT a hook does. */
export const natManip = (hook: Hook): 'dst' | 'src' => (hook === 'PREROUTING' || hook === 'OUTPUT' ? 'dst' : 'src');
