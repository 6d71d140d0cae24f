// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* How long the network's softirqs wait until they run, and how long they run: a CPU that is late with them delays every packet. */
#include "../bpf/slow.bpf.h"

/* include/linux/interrupt.h */
#define NET_TX 2
#define NET_RX 3

/* Metrics by number: wait and run, of transmission and reception. The key's reason is the metric too. */
enum { TX_WAIT = 1, TX_RUN = 2, RX_WAIT = 3, RX_RUN = 4 };

struct times {
    __u64 raised, entered;
};
struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 2);
    __type(key, __u32);
    __type(value, struct times);
} current SEC(".maps");

static __always_inline struct times *times_of(__u32 vector)
{
    __u32 index = vector == NET_RX;
    return vector == NET_RX || vector == NET_TX ? bpf_map_lookup_elem(&current, &index) : 0;
}

static __always_inline void took(__u32 vector, bool run, __u64 nanoseconds)
{
    __u64 microseconds = nanoseconds / 1000;
    __u8 metric = (vector == NET_RX ? RX_WAIT : TX_WAIT) + run;
    nv_observe_netns(NV_SOFTIRQ, metric, 0, 0, microseconds);
    if (!nv_is_slow(NV_SOFTIRQ, microseconds))
        return;
    struct nv_key key = {.probe = NV_SOFTIRQ, .reason = metric, .detail = bpf_get_smp_processor_id()};
    struct nv_extra extra = {.value = microseconds};
    nv_report(&key, &extra);
}

SEC("tp_btf/softirq_raise")
int on_softirq_raise(void *ctx)
{
    struct times *t = times_of(NV_ARG(ctx, 0, __u32));
    if (t && !t->raised)
        t->raised = bpf_ktime_get_ns();
    return 0;
}

SEC("tp_btf/softirq_entry")
int on_softirq_entry(void *ctx)
{
    __u32 vector = NV_ARG(ctx, 0, __u32);
    struct times *t = times_of(vector);
    if (!t)
        return 0;
    t->entered = bpf_ktime_get_ns();
    if (t->raised)
        took(vector, false, t->entered - t->raised);
    t->raised = 0;
    return 0;
}

SEC("tp_btf/softirq_exit")
int on_softirq_exit(void *ctx)
{
    __u32 vector = NV_ARG(ctx, 0, __u32);
    struct times *t = times_of(vector);
    if (!t || !t->entered)
        return 0;
    took(vector, true, bpf_ktime_get_ns() - t->entered);
    t->entered = 0;
    return 0;
}
