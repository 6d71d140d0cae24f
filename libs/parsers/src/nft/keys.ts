/** What `meta` and `ct` load: NFT_META_* and NFT_CT_* in their order (linux/netfilter/nf_tables.h). */
export const META_KEYS: readonly string[] = [
  'len protocol priority mark iif oif iifname oifname iiftype oiftype skuid skgid nftrace rtclassid secmark nfproto',
  'l4proto bri_iifname bri_oifname pkttype cpu iifgroup oifgroup cgroup prandom secpath iifkind oifkind bri_iifpvid',
  'bri_iifvproto time_ns time_day time_hour sdif sdifname bri_broute',
]
  .join(' ')
  .split(' ');

export const CT_KEYS: readonly string[] = [
  'state direction status mark secmark expiration helper l3protocol src dst protocol proto_src proto_dst labels pkts',
  'bytes avgpkt zone eventmask src_ip dst_ip src_ip6 dst_ip6 id',
]
  .join(' ')
  .split(' ');
