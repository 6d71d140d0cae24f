// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* The way out of the machine by stage: in the queueing discipline, then in the driver. */
#include "../bpf/slow.bpf.h"

/* The metrics, and the key's reason. A histogram's port is the device's index. */
enum { QUEUED = 1, DRIVER = 2 };

struct stages {
    __u64 queued, started;
};
/* By the packet's address, which the kernel uses again: a packet that never gets to the driver stays until its place is needed. */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 16384);
    __type(key, __u64);
    __type(value, struct stages);
} packets SEC(".maps");

static __always_inline void took(struct nv_key *key, const struct net_device *dev, __u8 metric, __u64 nanoseconds)
{
    __u64 microseconds = nanoseconds / 1000;
    key->netns = nv_netns_of_device(dev);
    key->ifindex = BPF_CORE_READ(dev, ifindex);
    nv_observe_netns(NV_TRANSMIT, metric, key->netns, key->ifindex, microseconds);
    if (!nv_is_slow(NV_TRANSMIT, microseconds))
        return;
    key->reason = metric;
    struct nv_extra extra = {.value = microseconds};
    nv_report(key, &extra);
}

SEC("tp_btf/net_dev_queue")
int on_net_dev_queue(void *ctx)
{
    __u64 id = NV_ARG(ctx, 0, __u64);
    struct stages fresh = {.queued = bpf_ktime_get_ns()};
    bpf_map_update_elem(&packets, &id, &fresh, BPF_ANY);
    return 0;
}

SEC("tp_btf/net_dev_start_xmit")
int on_net_dev_start_xmit(void *ctx)
{
    const struct sk_buff *skb = NV_ARG(ctx, 0, const struct sk_buff *);
    __u64 id = (__u64)skb;
    struct stages *s = bpf_map_lookup_elem(&packets, &id);
    if (!s)
        return 0; /* a piece of a packet that was cut up on the way */
    s->started = bpf_ktime_get_ns();
    struct nv_key key = {.probe = NV_TRANSMIT, .direction = NV_OUT};
    if (nv_is_slow(NV_TRANSMIT, (s->started - s->queued) / 1000))
        nv_tuple_of_packet(skb, &key);
    took(&key, NV_ARG(ctx, 1, const struct net_device *), QUEUED, s->started - s->queued);
    return 0;
}

/* The packet may be gone by now: only its address is used. */
SEC("tp_btf/net_dev_xmit")
int on_net_dev_xmit(void *ctx)
{
    __u64 id = NV_ARG(ctx, 0, __u64);
    struct stages *s = bpf_map_lookup_elem(&packets, &id);
    if (!s || !s->started)
        return 0;
    __u64 nanoseconds = bpf_ktime_get_ns() - s->started;
    bpf_map_delete_elem(&packets, &id);
    struct nv_key key = {.probe = NV_TRANSMIT, .direction = NV_OUT};
    took(&key, NV_ARG(ctx, 2, const struct net_device *), DRIVER, nanoseconds);
    return 0;
}
