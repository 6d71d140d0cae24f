/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Probes that measure: every value goes into a histogram, one that reaches the probe's threshold is an event too. Microseconds. */
#ifndef NV_SLOW_H
#define NV_SLOW_H

#include "histogram.bpf.h"

static __always_inline bool nv_is_slow(__u32 probe, __u64 microseconds)
{
    struct nv_settings *s = bpf_map_lookup_elem(&settings, &probe);
    return s && microseconds >= s->threshold;
}

/* In a histogram of a namespace as a whole; `port` may hold a device's index. */
static __always_inline void nv_observe_netns(__u8 probe, __u8 metric, __u32 netns, __u16 port, __u64 value)
{
    struct nv_histogram_key at = {.netns = netns, .probe = probe, .metric = metric, .port = port};
    nv_observe(&at, value);
}

#endif
