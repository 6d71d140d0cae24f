// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Packets that the kernel threw away: why (its own reason), in which function, and whose they were. */
#include "../bpf/own.bpf.h"
#include "../bpf/report.bpf.h"

/* Set by the sidecar: how many arguments this kernel's tracepoint has (the reason came with 5.17, the receiving socket with 6.11). */
const volatile __u32 args_kfree_skb = 2;

/* Every host hears multicast of groups that it is not in, and throws it away without giving a reason. */
static __always_inline bool nobodys_multicast(const struct nv_key *key)
{
    if (key->reason != bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_NOT_SPECIFIED))
        return false;
    return key->family == 6 ? key->destination[0] == 0xff : key->family == 4 && (key->destination[12] & 0xf0) == 0xe0;
}

SEC("tp_btf/kfree_skb")
int on_kfree_skb(void *ctx)
{
    struct sk_buff *skb = NV_ARG(ctx, 0, struct sk_buff *);
    struct sock *sk = 0;
    struct nv_key key = {.probe = NV_DROPS, .location = NV_ARG(ctx, 1, __u64)};
    if (args_kfree_skb >= 3)
        key.reason = NV_ARG(ctx, 2, __u32);
    /* First of all: most connections end with a packet that is freed for such a reason, and who it was of takes long to read. */
    __u32 probe = NV_DROPS;
    const struct nv_settings *s = bpf_map_lookup_elem(&settings, &probe);
    if (!s || nv_excluded(s, key.reason)) {
        nv_filtered(NV_DROPS);
        return 0;
    }
    if (args_kfree_skb >= 4)
        sk = NV_ARG(ctx, 3, struct sock *);
    if (!sk)
        sk = BPF_CORE_READ(skb, sk);

    __u16 protocol = bpf_ntohs(BPF_CORE_READ(skb, protocol));
    bool told = (protocol == ETH_P_IP || protocol == ETH_P_IPV6 || protocol == 0) && nv_tuple_of_packet(skb, &key);
    if (!told && !nv_tuple_of_socket(sk, &key) && protocol != ETH_P_IP && protocol != ETH_P_IPV6 && protocol != ETH_P_ARP) {
        nv_filtered(NV_DROPS); /* unix and netlink sockets free their messages here too */
        return 0;
    }
    if (nobodys_multicast(&key) || nv_own_packet(skb)) {
        nv_filtered(NV_DROPS);
        return 0;
    }
    key.netns = nv_netns_of_packet(skb, sk);
    if (!key.netns) {
        /* No packet of its own: the pieces of a reassembled one hang on the first and are freed with it, even when that was delivered. */
        nv_filtered(NV_DROPS);
        return 0;
    }
    __u32 arrived = BPF_CORE_READ(skb, skb_iif);
    key.direction = arrived ? NV_IN : sk ? NV_OUT : NV_UNKNOWN;
    key.ifindex = arrived;
    struct nv_extra extra = {.ctx = ctx, .sk = sk, .length = BPF_CORE_READ(skb, len)};
    nv_report(&key, &extra);
    return 0;
}
