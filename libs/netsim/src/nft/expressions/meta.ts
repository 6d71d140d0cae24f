/** net/netfilter/nft_meta.c: one reader for each NFT_META_* key that the model knows. */
import type { Hex, Link, NftExpr } from '@netverdict/linux-net';
import { madeHere, ofKernel, ownerId } from '../../netfilter/matches/host.ts';
import { castOf } from '../../netfilter/matches/placement.ts';
import { isMulticast } from '../../route/lookup.ts';
import { be, nameBytes } from '../bytes.ts';
import { asRuleContext } from '../context.ts';
import type { Evaluation } from '../evaluation.ts';
import type { Outcome } from '../outcome.ts';
import { isKnown, unknownBytes } from '../registers.ts';

type Of<K extends NftExpr['kind']> = Extract<NftExpr, { kind: K }>;

/** null: there is no such thing, and the rule does not match (nft_meta_get_eval's `err`). */
type Reader = (e: Evaluation) => Hex | null;

const u32 = (e: Evaluation, value: number): Hex => e.table.host.bytes(value, 4);
const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;
const ARPHRD_NONE = 0xfffe;

/** Without a device the index is 0 and the name empty. */
const index =
  (side: 'iif' | 'oif'): Reader =>
  (e) =>
    u32(e, e.context[side]?.ifindex ?? 0);
const name =
  (side: 'iif' | 'oif'): Reader =>
  (e) =>
    nameBytes(e.context[side]?.name ?? '');
const hardwareType =
  (side: 'iif' | 'oif'): Reader =>
  (e) => {
    const link = e.context[side];
    return link && e.table.host.bytes(typeOf(link), 2);
  };
const typeOf = (link: Link): number =>
  link.loopback
    ? ARPHRD_LOOPBACK
    : link.detail.kind === 'tun' && link.detail.mode === 'tun'
      ? ARPHRD_NONE
      : ARPHRD_ETHER;
/** rtnl_link_ops: hardware and the loopback device have none. */
const kind =
  (side: 'iif' | 'oif'): Reader =>
  (e) => {
    const detail = e.context[side]?.detail;
    if (!detail || detail.kind === 'physical' || detail.kind === 'loopback') return null;
    return nameBytes(detail.kind === 'other' ? detail.name : detail.kind);
  };
const group = (e: Evaluation, side: 'iif' | 'oif'): Hex | null => {
  const link = e.context[side];
  return link && u32(e, link.group ?? 0);
};
/** By the port the frame came in or leaves by; the rule matches none where nothing is bridged. */
const bridge =
  (side: 'iif' | 'oif'): Reader =>
  (e) => {
    const port = side === 'iif' ? e.context.iif : e.context.oif;
    const master = port?.master == null ? undefined : e.context.ns.net.linkByIndex.get(port.master);
    return master?.detail.kind === 'bridge' ? nameBytes(master.name) : null;
  };
/** nft_meta_get_eval_skugid: of a socket with a file behind it; what the kernel itself sends has none. */
const owner =
  (key: 'uid' | 'gid'): Reader =>
  (e) => {
    const context = asRuleContext(e.context, e.packet);
    if (!madeHere(context) || ofKernel(context)) return null;
    const id = ownerId(key, context);
    return id === null ? unknownBytes(4) : u32(e, id);
  };
const READERS: Readonly<Record<string, Reader>> = {
  len: (e) => u32(e, e.packet.sizeBytes),
  protocol: (e) => be(e.packet.family === 'ipv4' ? 0x0800 : 0x86dd, 2),
  nfproto: (e) => be(e.packet.family === 'ipv4' ? 2 : 10, 1),
  l4proto: (e) => be(e.packet.protocol, 1),
  mark: (e) => u32(e, e.packet.mark),
  iif: index('iif'),
  oif: index('oif'),
  iifname: name('iif'),
  oifname: name('oif'),
  iiftype: hardwareType('iif'),
  oiftype: hardwareType('oif'),
  iftype: hardwareType('iif'),
  iifkind: kind('iif'),
  oifkind: kind('oif'),
  iifgroup: (e) => group(e, 'iif'),
  oifgroup: (e) => group(e, 'oif'),
  bri_iifname: bridge('iif'),
  bri_oifname: bridge('oif'),
  sdif: (e) => u32(e, 0),
  sdifname: () => nameBytes(''),
  skuid: owner('uid'),
  skgid: owner('gid'),
  // Set by debugging tables: it changes nothing.
  nftrace: () => unknownBytes(1),
  pkttype: (e) => be(packetType(e), 1),
  secpath: () => '00',
};

/** PACKET_* of linux/if_packet.h. */
const CASTS = { host: 0, broadcast: 1, multicast: 2, otherhost: 3 } as const;

function packetType(e: Evaluation): number {
  const { destination, frame } = e.packet;
  // The loopback device sends to its own address, be it to a group (arp_constructor, eth_type_trans).
  if (e.context.iif === null || e.context.iif.loopback) return CASTS.host;
  // nft_meta_get_eval_pkttype_lo: of what a device gives back to its sender the address tells.
  if (!frame)
    return destination === 0xffffffff ? CASTS.broadcast : isMulticast(destination) ? CASTS.multicast : CASTS.host;
  return CASTS[castOf(e.packet, e.context)];
}

/** How many bytes a key without a reader fills. */
const LENGTHS: Readonly<Record<string, number>> = {
  priority: 4,
  rtclassid: 4,
  secmark: 4,
  cpu: 4,
  cgroup: 4,
  prandom: 4,
  bri_iifpvid: 2,
  bri_iifvproto: 2,
  time_ns: 8,
  time_day: 1,
  time_hour: 4,
  bri_broute: 1,
};

export function meta(x: Of<'meta'>, e: Evaluation): Outcome {
  const reader = READERS[x.key];
  const data = reader ? reader(e) : unknownBytes(LENGTHS[x.key] ?? 16);
  if (data === null) return 'break';
  e.registers.store(x.dreg, data);
  if (!isKnown(data)) e.unread.add(`meta ${x.key}`);
  return 'next';
}

export function metaSet(x: Of<'meta-set'>, e: Evaluation): Outcome {
  switch (x.key) {
    case 'mark': {
      const data = e.registers.load(x.sreg, 4);
      if (!isKnown(data)) return e.unknownEffect(`the mark that it sets, from ${e.unreadText()}`);
      const mark = e.table.host.number(data);
      if (mark === e.packet.mark) return 'next';
      e.packet = { ...e.packet, mark };
      return { does: 'next', said: `mark becomes 0x${mark.toString(16)}` };
    }
    case 'nftrace':
    case 'priority':
    case 'secmark':
      return 'next';
    default:
      return e.unknownEffect(`meta ${x.key} being set`);
  }
}
