/** nftables' expressions, its sets, and where its chains are hooked in. */
import type { NftExpr, NftFamily, NftHook } from '@netverdict/linux-net';
import type { SetShape } from '../../nft/set.ts';
import type { Held } from './held.ts';

export const EXPRESSIONS = {
  payload: 'kernel',
  'payload-set': 'kernel',
  meta: 'kernel',
  'meta-set': 'kernel',
  ct: 'kernel',
  'ct-set': 'kernel',
  cmp: 'kernel',
  range: 'kernel',
  bitwise: 'kernel',
  immediate: 'kernel',
  verdict: 'kernel',
  lookup: 'kernel',
  dynset: 'rows',
  fib: 'kernel',
  rt: 'kernel',
  socket: 'kernel',
  numgen: 'kernel',
  hash: 'kernel',
  exthdr: 'kernel',
  'exthdr-set': 'rows',
  'exthdr-strip': 'rows',
  byteorder: 'kernel',
  counter: 'rows',
  log: 'rows',
  last: 'rows',
  limit: 'unknown',
  quota: 'unknown',
  connlimit: 'unknown',
  reject: 'kernel',
  nat: 'kernel',
  masq: 'kernel',
  redir: 'kernel',
  tproxy: 'kernel',
  notrack: 'kernel',
  queue: 'unknown',
  dup: 'rows',
  fwd: 'unknown',
  'flow-offload': 'unknown',
  synproxy: 'unknown',
  objref: 'rows',
  xt: 'unknown',
  unsupported: 'unknown',
} as const satisfies Readonly<Record<NftExpr['kind'], Held>>;

type Map = '' | '-verdict-map' | '-data-map' | '-object-map';

/** By what looks a key up, and what it gives. */
export const NFT_SETS = {
  hash: 'kernel',
  'hash-verdict-map': 'kernel',
  'hash-data-map': 'kernel',
  'hash-object-map': 'rows',
  interval: 'kernel',
  'interval-verdict-map': 'kernel',
  'interval-data-map': 'kernel',
  'interval-object-map': 'rows',
  // nft tells the kernel of a key's fields only where elements have ranges (NFTA_SET_DESC_CONCAT): others are a hash of the whole key.
  concatenation: 'rows',
  'concatenation-verdict-map': 'rows',
  'concatenation-data-map': 'rows',
  'concatenation-object-map': 'rows',
  'concatenation-of-intervals': 'kernel',
  'concatenation-of-intervals-verdict-map': 'kernel',
  'concatenation-of-intervals-data-map': 'kernel',
  'concatenation-of-intervals-object-map': 'rows',
  'catch-all': 'kernel',
} as const satisfies Readonly<Record<`${SetShape}${Map}` | 'catch-all', Held>>;

type IpHook = Exclude<NftHook, 'ingress' | 'egress'>;
type Hooked = `${Exclude<NftFamily, 'arp' | 'netdev'>}-${IpHook}` | 'inet-ingress' | 'netdev-ingress' | 'netdev-egress';

/** Base chains of native tables. */
export const HOOKS = {
  'ip-prerouting': 'kernel',
  'ip-input': 'kernel',
  'ip-forward': 'kernel',
  'ip-output': 'kernel',
  'ip-postrouting': 'kernel',
  'ip6-prerouting': 'kernel',
  'ip6-input': 'kernel',
  'ip6-forward': 'kernel',
  'ip6-output': 'kernel',
  'ip6-postrouting': 'kernel',
  'inet-prerouting': 'kernel',
  'inet-input': 'kernel',
  'inet-forward': 'kernel',
  'inet-output': 'kernel',
  'inet-postrouting': 'kernel',
  'inet-ingress': 'kernel',
  'bridge-prerouting': 'kernel',
  'bridge-input': 'kernel',
  'bridge-forward': 'kernel',
  'bridge-output': 'kernel',
  'bridge-postrouting': 'kernel',
  'netdev-ingress': 'kernel',
  'netdev-egress': 'kernel',
} as const satisfies Readonly<Record<Hooked, Held>>;

/** Only combinations that nft takes, and none of ARP's: no packet here is one. */
export const hookFeature = (family: NftFamily, hook: NftHook): `hook/${keyof typeof HOOKS}` =>
  `hook/${family}-${hook}` as `hook/${keyof typeof HOOKS}`;
