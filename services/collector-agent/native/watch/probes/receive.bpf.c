// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* The way into the machine by stage: in the CPU's backlog (virtual devices put packets there), then through the stack until a process has read it.
 * (TCP's way; UDP copies small datagrams without passing this tracepoint, copy_linear_skb in net/ipv4/udp.c.) */
#include "../bpf/slow.bpf.h"

/* The metrics, and the key's reason. */
enum { BACKLOG = 1, TO_READER = 2 };

struct arrival {
    __u64 backlog, received;
    __u32 netns, ifindex;
};
/* By the packet's address, which the kernel uses again. */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 16384);
    __type(key, __u64);
    __type(value, struct arrival);
} packets SEC(".maps");

static __always_inline void took(const struct sk_buff *skb, const struct arrival *a, __u8 metric, __u64 nanoseconds)
{
    __u64 microseconds = nanoseconds / 1000;
    nv_observe_netns(NV_RECEIVE, metric, a->netns, metric == BACKLOG ? a->ifindex : 0, microseconds);
    if (!nv_is_slow(NV_RECEIVE, microseconds))
        return;
    struct nv_key key = {.probe = NV_RECEIVE, .direction = NV_IN, .reason = metric, .netns = a->netns, .ifindex = a->ifindex};
    nv_tuple_of_packet(skb, &key);
    struct nv_extra extra = {.value = microseconds, .length = BPF_CORE_READ(skb, len)};
    nv_report(&key, &extra);
}

SEC("tp_btf/netif_rx")
int on_netif_rx(void *ctx)
{
    __u64 id = NV_ARG(ctx, 0, __u64);
    struct arrival fresh = {.backlog = bpf_ktime_get_ns()};
    bpf_map_update_elem(&packets, &id, &fresh, BPF_ANY);
    return 0;
}

SEC("tp_btf/netif_receive_skb")
int on_netif_receive_skb(void *ctx)
{
    const struct sk_buff *skb = NV_ARG(ctx, 0, const struct sk_buff *);
    const struct net_device *dev = BPF_CORE_READ(skb, dev);
    __u64 id = (__u64)skb, now = bpf_ktime_get_ns();
    struct arrival *before = bpf_map_lookup_elem(&packets, &id);
    struct arrival a = {.received = now, .netns = nv_netns_of_device(dev), .ifindex = BPF_CORE_READ(dev, ifindex)};
    __u64 backlog = before ? before->backlog : 0; /* 0: an older life of this packet's memory */
    bpf_map_update_elem(&packets, &id, &a, BPF_ANY);
    if (backlog)
        took(skb, &a, BACKLOG, now - backlog);
    return 0;
}

SEC("tp_btf/skb_copy_datagram_iovec")
int on_skb_copy_datagram_iovec(void *ctx)
{
    const struct sk_buff *skb = NV_ARG(ctx, 0, const struct sk_buff *);
    /* Of local sockets (unix, netlink) the same memory is copied from, which was a packet's once. */
    __u16 protocol = bpf_ntohs(BPF_CORE_READ(skb, protocol));
    if (protocol != ETH_P_IP && protocol != ETH_P_IPV6)
        return 0;
    __u64 id = (__u64)skb;
    struct arrival *found = bpf_map_lookup_elem(&packets, &id);
    if (!found || !found->received)
        return 0;
    struct arrival a = *found;
    bpf_map_delete_elem(&packets, &id);
    took(skb, &a, TO_READER, bpf_ktime_get_ns() - a.received);
    return 0;
}
