/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Our own live probes, known by the packet itself on any node that it passes (native/own_packets.h): what befalls them is told in the probe's
 * answer and is no anomaly. A datagram's and an echo's payload begins with a word; a connection's first sequence number does, and its packets,
 * with at most 3,000 bytes of data, stay within 4,096 of it. By chance one in 500,000 packets without data is taken for one.
 */
#ifndef NV_OWN_H
#define NV_OWN_H

#include "../../own_packets.h"
#include "tuple.bpf.h"

/* include/uapi/linux/in6.h, icmp.h, icmpv6.h */
#define NV_IPPROTO_ICMPV6 58
#define NV_ICMP_ECHO_REPLY 0
#define NV_ICMP_ECHO 8
#define NV_ICMP6_ECHO 128
#define NV_ICMP6_ECHO_REPLY 129

/* The sequence numbers that such a connection uses: of the SYN, the bytes after it, and the one after its FIN. */
static __always_inline bool nv_own_sequence(__u32 number)
{
    return (number & NV_OWN_SEQUENCE_MASK) == NV_OWN_SEQUENCE;
}

static __always_inline bool nv_own_word(const unsigned char *at)
{
    __u32 word = 0;
    return bpf_probe_read_kernel(&word, sizeof word, at) == 0 && word == bpf_htonl(NV_OWN_WORD);
}

/* @param at the transport header, of a packet or of what an ICMP error quotes of it (eight bytes at the least) */
static __always_inline bool nv_own_transport(const unsigned char *at, __u8 protocol, bool quoted)
{
    if (protocol == IPPROTO_UDP)
        return nv_own_word(at + 8);
    if (protocol != IPPROTO_TCP)
        return false;
    struct {
        __u32 ports, sequence, acknowledged;
        __u8 offset, flags;
    } tcp;
    if (quoted)
        return bpf_probe_read_kernel(&tcp, 8, at) == 0 && nv_own_sequence(bpf_ntohl(tcp.sequence));
    if (bpf_probe_read_kernel(&tcp, 14, at))
        return false;
    return nv_own_sequence(bpf_ntohl(tcp.sequence)) || ((tcp.flags & 0x10) && nv_own_sequence(bpf_ntohl(tcp.acknowledged)));
}

/* @param at an IP header */
static __always_inline bool nv_own_quoted(const unsigned char *at)
{
    struct nv_key inner = {0};
    const unsigned char *transport = nv_addresses(at, &inner);
    if (!transport)
        return false;
    if (inner.protocol == IPPROTO_ICMP || inner.protocol == NV_IPPROTO_ICMPV6)
        return nv_own_word(transport + 8);
    return nv_own_transport(transport, inner.protocol, true);
}

/* A packet of a probe, its answer, or an ICMP error about one of them. */
static __always_inline bool nv_own_packet(const struct sk_buff *skb)
{
    __u16 network = BPF_CORE_READ(skb, network_header);
    if (network == 0 || network == 0xffff)
        return false;
    struct nv_key key = {0};
    const unsigned char *at = nv_addresses(BPF_CORE_READ(skb, head) + network, &key);
    if (!at)
        return false;
    if (key.protocol != IPPROTO_ICMP && key.protocol != NV_IPPROTO_ICMPV6)
        return nv_own_transport(at, key.protocol, false);
    __u8 type = 0;
    if (bpf_probe_read_kernel(&type, sizeof type, at))
        return false;
    bool echo = key.family == 4 ? type == NV_ICMP_ECHO || type == NV_ICMP_ECHO_REPLY : type == NV_ICMP6_ECHO || type == NV_ICMP6_ECHO_REPLY;
    return echo ? nv_own_word(at + 8) : nv_own_quoted(at + 8);
}

/* Either end's socket of such a connection. */
static __always_inline bool nv_own_socket(const struct sock *sk)
{
    if (!sk || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
        return false;
    const struct tcp_sock *tcp = (const struct tcp_sock *)sk;
    return nv_own_sequence(BPF_CORE_READ(tcp, write_seq)) || nv_own_sequence(BPF_CORE_READ(tcp, rcv_nxt));
}

#endif
