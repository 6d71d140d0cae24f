/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Values by their size, in powers of two, per namespace, metric and peer. */
#ifndef NV_HISTOGRAM_H
#define NV_HISTOGRAM_H

#include "report.bpf.h"

static __always_inline __u32 nv_bucket(__u64 value)
{
    __u32 bucket = 0;
    if (value >= 1ull << (NV_BUCKETS - 1))
        return NV_BUCKETS - 1;
    __u32 v = (__u32)value;
    if (v >= 1u << 16) { bucket += 16; v >>= 16; }
    if (v >= 1u << 8) { bucket += 8; v >>= 8; }
    if (v >= 1u << 4) { bucket += 4; v >>= 4; }
    if (v >= 1u << 2) { bucket += 2; v >>= 2; }
    if (v >= 1u << 1) { bucket += 1; v >>= 1; }
    return bucket + (v ? 1 : 0);
}

/* @returns whether it found room */
static __always_inline bool nv_put(void *table, const struct nv_histogram_key *key, __u64 value)
{
    struct nv_histogram_value *sums = bpf_map_lookup_elem(table, key);
    if (!sums) {
        struct nv_histogram_value fresh = {0};
        bpf_map_update_elem(table, key, &fresh, BPF_NOEXIST);
        sums = bpf_map_lookup_elem(table, key);
        if (!sums)
            return false;
    }
    __u32 bucket = nv_bucket(value);
    if (bucket < NV_BUCKETS) /* for the verifier */
        NV_ADD(sums->buckets[bucket], 1);
    NV_ADD(sums->count, 1);
    NV_ADD(sums->sum, value);
    return true;
}

static __always_inline void nv_observe(const struct nv_histogram_key *key, __u64 value)
{
    __u32 slot = 0, probe = key->probe;
    struct nv_tallies *t = nv_tallies_of(probe);
    void *table = bpf_map_lookup_elem(&histograms, &slot);
    if (!t || !table)
        return;
    if (nv_put(table, key, value))
        NV_ADD(t->observed, 1);
    else
        NV_ADD(t->unobserved, 1);
}

/* A value that cannot be told. */
static __always_inline void nv_unobserved(__u32 probe)
{
    struct nv_tallies *t = nv_tallies_of(probe);
    if (t)
        NV_ADD(t->unobserved, 1);
}

static __always_inline void nv_peer_of_tuple(__u8 probe, const struct nv_key *key, struct nv_histogram_key *at)
{
    struct nv_key folded = *key;
    nv_fold(&folded);
    __builtin_memset(at, 0, sizeof *at);
    at->netns = key->netns;
    at->probe = probe;
    at->port = folded.destination_port;
    __builtin_memcpy(at->peer, key->destination, 16);
}

/* Under the socket's far end; its port where that is a service's. */
static __always_inline bool nv_peer_of_socket(__u8 probe, const struct sock *sk, struct nv_histogram_key *at)
{
    struct nv_key key = {0};
    if (!nv_tuple_of_socket(sk, &key))
        return false;
    key.netns = nv_netns_of_socket(sk);
    nv_peer_of_tuple(probe, &key, at);
    return true;
}

static __always_inline void nv_observe_socket(__u8 probe, __u8 metric, const struct sock *sk, __u64 value)
{
    struct nv_histogram_key at;
    if (!nv_peer_of_socket(probe, sk, &at))
        return;
    at.metric = metric;
    nv_observe(&at, value);
}

#endif
