// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Neighbours that do not answer (ARP, neighbour discovery), and a table that has no room for another one. */
#include "../bpf/report.bpf.h"

/* The key's reason, as src/watch/probes.ts names it. */
enum { UNANSWERED = 1, TABLE_FULL = 2 };

/* include/uapi/linux/neighbour.h */
#define NUD_FAILED 0x20

/* The neighbour's address is the destination; there are no ports and no protocol. */
static __always_inline void report(__u16 family, const void *address, const struct net_device *dev, __u32 reason)
{
    struct nv_key key = {.probe = NV_NEIGHBOURS, .direction = NV_OUT, .reason = reason};
    if (family == AF_INET) {
        __u32 four = 0;
        bpf_probe_read_kernel(&four, sizeof four, address);
        key.family = 4;
        nv_mapped(key.destination, four);
    } else if (family == AF_INET6) {
        key.family = 6;
        bpf_probe_read_kernel(key.destination, 16, address);
    } else {
        nv_filtered(NV_NEIGHBOURS);
        return;
    }
    key.netns = nv_netns_of_device(dev);
    key.ifindex = BPF_CORE_READ(dev, ifindex);
    struct nv_extra extra = {0};
    nv_report(&key, &extra);
}

/* At the end of the timer that counts the questions: failed means that the last one was not answered either. */
SEC("tp_btf/neigh_timer_handler")
int on_neigh_timer_handler(void *ctx)
{
    const struct neighbour *n = NV_ARG(ctx, 0, const struct neighbour *);
    if (BPF_CORE_READ(n, nud_state) & NUD_FAILED)
        report(BPF_CORE_READ(n, tbl, family), n->primary_key, BPF_CORE_READ(n, dev), UNANSWERED);
    return 0;
}

SEC("tp_btf/neigh_create")
int on_neigh_create(void *ctx)
{
    const struct neigh_table *table = NV_ARG(ctx, 0, const struct neigh_table *);
    if (!NV_ARG(ctx, 3, const struct neighbour *))
        report(BPF_CORE_READ(table, family), NV_ARG(ctx, 2, const void *), NV_ARG(ctx, 1, const struct net_device *), TABLE_FULL);
    return 0;
}
