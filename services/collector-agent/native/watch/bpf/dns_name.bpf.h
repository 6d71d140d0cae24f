/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The name that a question asks for, as a number: a hash under which the name itself lies in a table of so many names. The sidecar tells the names
 * that it meets and makes room of those that nobody asks for any more; what finds no room is counted without a name.
 */
#ifndef NV_DNS_NAME_H
#define NV_DNS_NAME_H

#include "probe.bpf.h"

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, NV_DNS_NAMES_MAX);
    __type(key, __u64);
    __type(value, struct nv_dns_name);
} names SEC(".maps");

/* A name is too long for the stack. Questions are sent with bottom halves disabled: nothing comes between on this CPU. */
struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct nv_dns_name);
} name_read SEC(".maps");

/* @param at where the question begins (RFC 1035, 4.1.2). @returns 0: there is none, or no room for its name */
static __always_inline __u64 nv_dns_name_of(const struct sk_buff *skb, const unsigned char *at)
{
    __u32 zero = 0;
    struct nv_dns_name *name = bpf_map_lookup_elem(&name_read, &zero);
    __s64 there = (__s64)(BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, tail) - at);
    if (!name || there <= 0)
        return 0;
    __builtin_memset(name->wire, 0, NV_DNS_NAME);
    __u32 bytes = there < NV_DNS_NAME ? (__u32)there : NV_DNS_NAME;
    if (bpf_probe_read_kernel(name->wire, bytes, at))
        return 0;
    __u64 hash = 0xcbf29ce484222325ull; /* FNV-1a */
    bool ended = false;
#pragma clang loop unroll(disable)
    for (__u32 i = 0; i < NV_DNS_NAME; i++) {
        __u8 c = name->wire[i];
        if (ended || !c) { /* type and class come after the name */
            ended = true;
            name->wire[i] = 0;
            continue;
        }
        if (c >= 'A' && c <= 'Z') /* a label's length is below */
            name->wire[i] = c |= 0x20;
        hash = (hash ^ c) * 0x100000001b3ull;
    }
    __u64 now = bpf_ktime_get_ns();
    struct nv_dns_name *known = bpf_map_lookup_elem(&names, &hash);
    if (known) {
        known->last_ns = now;
        return hash;
    }
    name->last_ns = now;
    bpf_map_update_elem(&names, &hash, name, BPF_NOEXIST);
    return bpf_map_lookup_elem(&names, &hash) ? hash : 0;
}

#endif
