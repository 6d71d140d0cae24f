/** Words of `ip -d link` that have one behind them each: of a bridge, of its ports, of a tun device (ip/iplink_bridge*.c, iplink.c of iproute2). */
import type { WordReader } from '../words.ts';
import { type Building, type Grammar, skip } from './pasted.ts';

const pair: Grammar[string] = (words, data, word) => {
  const text = words.value(`what "${word}" is`);
  data[word] = /^\d+$/.test(text) ? Number(text) : text;
};
const pairs = (names: string): Grammar => Object.fromEntries(names.split(' ').map((name) => [name, pair]));

export const BRIDGE: Grammar = pairs(
  'forward_delay hello_time max_age ageing_time stp_state priority vlan_filtering vlan_protocol bridge_id designated_root ' +
    'root_port root_path_cost topology_change topology_change_detected hello_timer tcn_timer topology_change_timer gc_timer ' +
    'fdb_n_learned fdb_max_learned vlan_default_pvid vlan_stats_enabled vlan_stats_per_port group_fwd_mask ' +
    'group_fwd_mask_str group_address mcast_snooping no_linklocal_learn mcast_vlan_snooping mst_enabled fdb_local_vlan_0 ' +
    'mcast_router mcast_query_use_ifaddr mcast_querier mcast_hash_elasticity mcast_hash_max mcast_last_member_count ' +
    'mcast_startup_query_count mcast_last_member_interval mcast_membership_interval mcast_querier_interval ' +
    'mcast_query_interval mcast_query_response_interval mcast_startup_query_interval mcast_stats_enabled ' +
    'mcast_igmp_version mcast_mld_version nf_call_iptables nf_call_ip6tables nf_call_arptables',
);

export const BRIDGE_PORT: Grammar = pairs(
  'state priority cost hairpin guard root_block fastleave learning flood port_id port_no designated_port ' +
    'designated_cost designated_bridge designated_root hold_timer message_age_timer forward_delay_timer ' +
    'topology_change_ack config_pending proxy_arp proxy_arp_wifi mcast_router mcast_fast_leave mcast_flood bcast_flood ' +
    'mcast_to_unicast mcast_to_ucast neigh_suppress neigh_vlan_suppress group_fwd_mask group_fwd_mask_str vlan_tunnel ' +
    'isolated locked mab backup_port backup_nhid mcast_n_groups mcast_max_groups',
);

export const TUN: Grammar = {
  ...pairs('type pi vnet_hdr persist user group numqueues numdisabled'),
  multi_queue: (words: WordReader, _data: Building) => {
    if (words.peek() === 'on' || words.peek() === 'off') words.next();
  },
};

/** Of every link, at the end of the last line that -d gives it. */
export const COMMON: Grammar = Object.fromEntries(
  (
    'addrgenmode numtxqueues numrxqueues gso_max_size gso_max_segs tso_max_size tso_max_segs gro_max_size ' +
    'gso_ipv4_max_size gro_ipv4_max_size max_pacing_offload_horizon portname portid switchid parentbus parentdev'
  )
    .split(' ')
    .map((name) => [name, skip(1)]),
);
