/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Who talks to whom, and in which namespace: from a packet, a socket, or both. IPv4 addresses are written as ::ffff:a.b.c.d. */
#ifndef NV_TUPLE_H
#define NV_TUPLE_H

#include "probe.bpf.h"

static __always_inline void nv_mapped(__u8 *into, __u32 address)
{
    __builtin_memset(into, 0, 10);
    into[10] = into[11] = 0xff;
    __builtin_memcpy(into + 12, &address, 4);
}

static __always_inline __u32 nv_netns_of(struct net *net)
{
    __u32 inode = net ? BPF_CORE_READ(net, ns.inum) : 0;
    return inode >= NV_FIRST_INODE ? inode : 0;
}

static __always_inline __u32 nv_netns_of_socket(const struct sock *sk)
{
    return sk ? nv_netns_of(BPF_CORE_READ(sk, __sk_common.skc_net.net)) : 0;
}

static __always_inline __u32 nv_netns_of_device(const struct net_device *dev)
{
    return dev ? nv_netns_of(BPF_CORE_READ(dev, nd_net.net)) : 0;
}

/* The device, else the socket, else the route. skb->dev shares its place with other things in a socket's queues, hence the checks. */
static __always_inline __u32 nv_netns_of_packet(const struct sk_buff *skb, const struct sock *sk)
{
    __u32 inode = nv_netns_of_device(BPF_CORE_READ(skb, dev));
    if (!inode)
        inode = nv_netns_of_socket(sk);
    if (!inode)
        inode = nv_netns_of_socket(BPF_CORE_READ(skb, sk));
    if (!inode) {
        struct dst_entry *dst = (struct dst_entry *)(BPF_CORE_READ(skb, _skb_refdst) & ~1ul); /* SKB_DST_NOREF */
        if (dst)
            inode = nv_netns_of_device(BPF_CORE_READ(dst, dev));
    }
    return inode;
}

/* Ports of a header that begins at `at`; they stay 0 where the protocol has none. */
static __always_inline void nv_ports(const unsigned char *at, struct nv_key *key)
{
    __u16 ports[2];
    switch (key->protocol) {
    case IPPROTO_TCP:
    case IPPROTO_UDP:
    case IPPROTO_SCTP:
    case IPPROTO_UDPLITE:
    case IPPROTO_DCCP:
        if (bpf_probe_read_kernel(ports, sizeof ports, at) == 0) {
            key->source_port = bpf_ntohs(ports[0]);
            key->destination_port = bpf_ntohs(ports[1]);
        }
    }
}

/* An IP packet whose network header is at `at`. @returns where its transport header is, or null: none is in this packet */
static __always_inline const unsigned char *nv_addresses(const unsigned char *at, struct nv_key *key)
{
    struct iphdr ip;
    if (bpf_probe_read_kernel(&ip, sizeof ip, at))
        return 0;
    if (ip.version == 4 && ip.ihl >= 5) {
        key->family = 4;
        key->protocol = ip.protocol;
        nv_mapped(key->source, ip.saddr);
        nv_mapped(key->destination, ip.daddr);
        if (bpf_ntohs(ip.frag_off) & 0x1fff)
            return 0; /* a later fragment */
        return at + ip.ihl * 4;
    }
    if (ip.version != 6)
        return 0;
    struct ipv6hdr six;
    if (bpf_probe_read_kernel(&six, sizeof six, at))
        return 0;
    key->family = 6;
    __builtin_memcpy(key->source, &six.saddr, 16);
    __builtin_memcpy(key->destination, &six.daddr, 16);
    __u8 next = six.nexthdr;
    at += sizeof six;
#pragma unroll
    for (int i = 0; i < 4; i++) { /* extension headers before the transport's: hop-by-hop, routing, destination, fragment */
        if (next != 0 && next != 43 && next != 60 && next != 44)
            break;
        __u8 head[4];
        if (bpf_probe_read_kernel(head, sizeof head, at))
            return 0;
        if (next == 44) {
            if ((head[2] << 8 | head[3]) & 0xfff8) {
                key->protocol = head[0];
                return 0;
            }
            at += 8;
        } else {
            at += (head[1] + 1) * 8;
        }
        next = head[0];
    }
    key->protocol = next;
    return at;
}

/* @returns whether the packet's headers told the addresses (before they are written, the socket knows them) */
static __always_inline bool nv_tuple_of_packet(const struct sk_buff *skb, struct nv_key *key)
{
    __u16 network = BPF_CORE_READ(skb, network_header);
    if (network == 0 || network == 0xffff)
        return false;
    const unsigned char *at = nv_addresses(BPF_CORE_READ(skb, head) + network, key);
    if (at)
        nv_ports(at, key);
    return key->family != 0;
}

/* The own end as the source: of a socket, a connection request, or one that waits for its end (their beginnings are the same). */
static __always_inline bool nv_tuple_of_common(const struct sock_common *common, struct nv_key *key)
{
    __u16 family = BPF_CORE_READ(common, skc_family);
    if (family != AF_INET && family != AF_INET6)
        return false;
    /* The kernel keeps what it compares together side by side: a read each, since reads are most of what a program takes. */
    struct {
        __be16 dport;
        __u16 num;
    } ports = {0};
    BPF_CORE_READ_INTO(&ports, common, skc_portpair);
    key->source_port = ports.num;
    key->destination_port = bpf_ntohs(ports.dport);
    if (family == AF_INET) {
        struct {
            __be32 daddr;
            __be32 rcv_saddr;
        } addresses = {0};
        BPF_CORE_READ_INTO(&addresses, common, skc_addrpair);
        key->family = 4;
        nv_mapped(key->source, addresses.rcv_saddr);
        nv_mapped(key->destination, addresses.daddr);
        return true;
    }
    BPF_CORE_READ_INTO((struct in6_addr *)key->source, common, skc_v6_rcv_saddr);
    BPF_CORE_READ_INTO((struct in6_addr *)key->destination, common, skc_v6_daddr);
    /* A socket of IPv6 that speaks IPv4 has mapped addresses. */
    const __u32 *words = (const __u32 *)key->destination;
    key->family = words[0] == 0 && words[1] == 0 && words[2] == bpf_htonl(0xffff) ? 4 : 6;
    return true;
}

/* Of a full socket. skc_num is 0 in some transitions; inet_sport holds the same then. */
static __always_inline bool nv_tuple_of_socket(const struct sock *sk, struct nv_key *key)
{
    if (!sk || !nv_tuple_of_common(&sk->__sk_common, key))
        return false;
    key->protocol = BPF_CORE_READ(sk, sk_protocol);
    if (!key->source_port)
        key->source_port = bpf_ntohs(BPF_CORE_READ((const struct inet_sock *)sk, inet_sport));
    return true;
}

static __always_inline void nv_swap_ends(struct nv_key *key)
{
    __u8 address[16];
    __builtin_memcpy(address, key->source, 16);
    __builtin_memcpy(key->source, key->destination, 16);
    __builtin_memcpy(key->destination, address, 16);
    __u16 port = key->source_port;
    key->source_port = key->destination_port;
    key->destination_port = port;
}

/* The socket's cgroup, version 2 (in version 1's hierarchies a socket has none that would name a pod). Before 5.15 it shares its place. */
static __always_inline __u64 nv_cgroup_of(const struct sock *sk)
{
    if (!sk || !bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
        return 0;
    return BPF_CORE_READ(sk, sk_cgrp_data.cgroup, kn, id);
}

#endif
