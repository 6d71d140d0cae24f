/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * For programs that run on each connection: the socket that a typed tracepoint (tp_btf) hands over is read by plain loads, which the verifier
 * proves and CO-RE relocates like any other read. A call of bpf_probe_read_kernel for each field would be a fifth of what such a program takes.
 * Only for the tracepoint's own argument and what hangs on it, never for a pointer that was read otherwise. As a raw tracepoint the same program
 * has nv_typed = 0: the verifier then knows these loads as dead and takes them out.
 */
#ifndef NV_TYPED_H
#define NV_TYPED_H

#include "tuple.bpf.h"

/* Set by the sidecar. */
const volatile __u32 nv_typed = 1;

#define NV_READ(from, field) (nv_typed ? (from)->field : BPF_CORE_READ(from, field))

static __always_inline bool nv_tuple_of_typed(const struct sock *sk, struct nv_key *key)
{
    if (!nv_typed || sk->__sk_common.skc_family != AF_INET)
        return nv_tuple_of_socket(sk, key);
    __u32 ports = sk->__sk_common.skc_portpair;
    __u64 addresses = sk->__sk_common.skc_addrpair;
    struct {
        __be16 dport;
        __u16 num;
    } pair;
    struct {
        __be32 daddr;
        __be32 rcv_saddr;
    } ends;
    __builtin_memcpy(&pair, &ports, sizeof pair);
    __builtin_memcpy(&ends, &addresses, sizeof ends);
    if (!pair.num)
        return nv_tuple_of_socket(sk, key); /* in some transitions */
    key->family = 4;
    key->protocol = sk->sk_protocol;
    key->source_port = pair.num;
    key->destination_port = bpf_ntohs(pair.dport);
    nv_mapped(key->source, ends.rcv_saddr);
    nv_mapped(key->destination, ends.daddr);
    return true;
}

static __always_inline __u32 nv_netns_of_typed(const struct sock *sk)
{
    if (!nv_typed)
        return nv_netns_of_socket(sk);
    const struct net *net = sk->__sk_common.skc_net.net;
    return net ? net->ns.inum : 0;
}

static __always_inline __u64 nv_cgroup_of_typed(const struct sock *sk)
{
    if (!nv_typed)
        return nv_cgroup_of(sk);
    if (!bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
        return 0;
    const struct cgroup *cgroup = sk->sk_cgrp_data.cgroup;
    const struct kernfs_node *node = cgroup ? cgroup->kn : 0;
    return node ? node->id : 0;
}

#endif
