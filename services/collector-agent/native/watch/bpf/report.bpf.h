/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * From an event to the reader: filter, sample, count under its key, and let the first ones of a key go out in full.
 * Each event ends in exactly one tally. All additions are atomic: a program may be interrupted by another on the same CPU.
 */
#ifndef NV_REPORT_H
#define NV_REPORT_H

#include "tuple.bpf.h"

#define NV_ADD(place, n) __sync_fetch_and_add(&(place), (n))

/* Ports from here on are chosen by the kernel (the default of net.ipv4.ip_local_port_range). */
#define NV_EPHEMERAL 32768

static __always_inline struct nv_tallies *nv_tallies_of(__u32 probe)
{
    return bpf_map_lookup_elem(&tallies, &probe);
}

static __always_inline bool nv_address_wanted(const struct nv_settings *s, const __u8 *address)
{
    __u64 words[2];
    __builtin_memcpy(words, address, 16);
    return (words[0] & s->mask[0]) == s->address[0] && (words[1] & s->mask[1]) == s->address[1];
}

static __always_inline bool nv_excluded(const struct nv_settings *s, __u32 reason)
{
    return reason < 64 * NV_REASON_WORDS && (s->excluded[(reason >> 6) & (NV_REASON_WORDS - 1)] >> (reason & 63)) & 1;
}

static __always_inline bool nv_wanted(const struct nv_settings *s, const struct nv_key *key)
{
    if (nv_excluded(s, key->reason))
        return false;
    if (s->netns && s->netns != key->netns)
        return false;
    if (s->protocol && s->protocol != key->protocol)
        return false;
    if (s->port && s->port != key->source_port && s->port != key->destination_port)
        return false;
    return !s->filter_address || nv_address_wanted(s, key->source) || nv_address_wanted(s, key->destination);
}

/* Of the two ports the one that the kernel chose says nothing: connections to one service are counted together. */
static __always_inline void nv_fold(struct nv_key *key)
{
    if (key->source_port >= NV_EPHEMERAL && key->source_port >= key->destination_port)
        key->source_port = 0;
    else if (key->destination_port >= NV_EPHEMERAL)
        key->destination_port = 0;
}

/* @returns the key's sums, made if need be; null when the table is full */
static __always_inline struct nv_sums *nv_sums_of(__u32 which, const struct nv_key *key, __u64 now)
{
    void *table = bpf_map_lookup_elem(&aggregates, &which);
    if (!table)
        return 0;
    struct nv_sums *sums = bpf_map_lookup_elem(table, key);
    if (sums)
        return sums;
    struct nv_sums fresh = {.first_ns = now, .coarse = which};
    bpf_map_update_elem(table, key, &fresh, BPF_NOEXIST); /* another CPU may be first */
    return bpf_map_lookup_elem(table, key);
}

struct nv_extra {
    void *ctx; /* for the stack; null: none is taken */
    const struct sock *sk;
    __u64 value;
    __u32 length;
    __u32 pid;
};

static __always_inline void nv_send_sample(const struct nv_key *key, __u64 now, const struct nv_extra *extra, struct nv_tallies *t)
{
    struct nv_sample *sample = bpf_ringbuf_reserve(&ring, sizeof *sample, 0);
    if (!sample) {
        NV_ADD(t->samples_lost, 1);
        return;
    }
    sample->ns = now;
    sample->key = *key;
    sample->cgroup = nv_cgroup_of(extra->sk);
    sample->value = extra->value;
    sample->length = extra->length;
    sample->pid = extra->pid;
    __builtin_memset(sample->stack, 0, sizeof sample->stack);
    if (extra->ctx)
        bpf_get_stack(extra->ctx, sample->stack, sizeof sample->stack, 2); /* without this program and who called it */
    /* Waking the reader for each would cost more than all the rest: it looks by itself, and is woken when much waits. */
    bpf_ringbuf_submit(sample, bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >= NV_WAKE_BYTES ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
    NV_ADD(t->samples, 1);
}

/* Called once per event seen, after `seen` was raised. */
static __always_inline void nv_report(struct nv_key *key, const struct nv_extra *extra)
{
    __u32 probe = key->probe;
    struct nv_tallies *t = nv_tallies_of(probe);
    struct nv_settings *s = bpf_map_lookup_elem(&settings, &probe);
    if (!t || !s)
        return;
    NV_ADD(t->seen, 1);
    if (!nv_wanted(s, key)) {
        NV_ADD(t->filtered, 1);
        return;
    }
    if (s->one_in > 1 && bpf_get_prandom_u32() % s->one_in != 0) {
        NV_ADD(t->sampled_away, 1);
        return;
    }
    __u64 now = bpf_ktime_get_ns();
    struct nv_key folded = *key;
    nv_fold(&folded);
    struct nv_sums *sums = nv_sums_of(0, &folded, now);
    if (sums) {
        NV_ADD(t->aggregated, 1);
    } else {
        __builtin_memset(folded.source, 0, 32);
        folded.source_port = folded.destination_port = 0;
        folded.ifindex = 0;
        sums = nv_sums_of(1, &folded, now);
        if (!sums) {
            NV_ADD(t->lost, 1);
            return;
        }
        NV_ADD(t->coarse, 1);
    }
    NV_ADD(sums->count, 1);
    NV_ADD(sums->bytes, extra->length);
    sums->last_ns = now;
    if (sums->samples < s->samples) {
        NV_ADD(sums->samples, 1);
        nv_send_sample(key, now, extra, t);
    }
}

/* An event that the program itself finds to be none of its business. */
static __always_inline void nv_filtered(__u32 probe)
{
    struct nv_tallies *t = nv_tallies_of(probe);
    if (t) {
        NV_ADD(t->seen, 1);
        NV_ADD(t->filtered, 1);
    }
}

#endif
