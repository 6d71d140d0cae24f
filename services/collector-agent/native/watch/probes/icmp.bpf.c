// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * ICMP errors: sent by this machine (IPv4; icmp6_send has no tracepoint), and received for one of its sockets. The tuple is that of the packet
 * that the error is about, not of the ICMP packet.
 */
#include "../bpf/own.bpf.h"
#include "../bpf/report.bpf.h"

/* include/uapi/linux/errqueue.h */
#define SO_EE_ORIGIN_ICMP 2
#define SO_EE_ORIGIN_ICMP6 3

/* detail: 1 << 16 | type << 8 | code, or 0 where only the error that it became is known (then that is the reason) */
static __always_inline __u32 detail_of(__u32 type, __u32 code)
{
    return 1u << 16 | (type & 0xff) << 8 | (code & 0xff);
}

/*
 * What waits in the error queue is the ICMP packet; addr_offset leads from its network header to the destination in the header of the packet that it
 * is about (ip_icmp_error, ipv6_icmp_error), which lies `before` bytes into that header. A socket that is not connected knows no far end itself.
 */
static __always_inline const unsigned char *quoted(const struct sk_buff *skb, const struct sock_exterr_skb *error, __u32 before)
{
    return BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, network_header) + BPF_CORE_READ(error, addr_offset) - before;
}

static __always_inline void inner_tuple(const unsigned char *at, struct nv_key *key)
{
    const unsigned char *transport = nv_addresses(at, key);
    if (transport)
        nv_ports(transport, key);
}

SEC("tp_btf/icmp_send")
int on_icmp_send(void *ctx)
{
    const struct sk_buff *skb = NV_ARG(ctx, 0, const struct sk_buff *);
    struct nv_key key = {.probe = NV_ICMP, .direction = NV_OUT};
    if (nv_own_packet(skb) || !nv_tuple_of_packet(skb, &key)) {
        nv_filtered(NV_ICMP);
        return 0;
    }
    key.detail = detail_of(NV_ARG(ctx, 1, __u32), NV_ARG(ctx, 2, __u32));
    key.netns = nv_netns_of_packet(skb, 0);
    struct nv_extra extra = {.length = BPF_CORE_READ(skb, len)};
    nv_report(&key, &extra);
    return 0;
}

SEC("tp_btf/inet_sk_error_report")
int on_inet_sk_error_report(void *ctx)
{
    const struct sock *sk = NV_ARG(ctx, 0, const struct sock *);
    struct nv_key key = {.probe = NV_ICMP, .direction = NV_IN};
    if (!nv_tuple_of_socket(sk, &key))
        return 0;
    struct nv_extra extra = {.sk = sk};
    const struct sk_buff *last = BPF_CORE_READ(sk, sk_error_queue.prev);
    if (last != (const struct sk_buff *)&sk->sk_error_queue) {
        const struct sock_exterr_skb *error = (const struct sock_exterr_skb *)last->cb;
        __u8 origin = BPF_CORE_READ(error, ee.ee_origin);
        if (origin != SO_EE_ORIGIN_ICMP && origin != SO_EE_ORIGIN_ICMP6)
            return 0; /* a time stamp, a finished zero copy: no error */
        key.reason = BPF_CORE_READ(error, ee.ee_errno);
        key.detail = detail_of(BPF_CORE_READ(error, ee.ee_type), BPF_CORE_READ(error, ee.ee_code));
        const __u32 before = origin == SO_EE_ORIGIN_ICMP6 ? 24 : 16;
        if (nv_own_quoted(quoted(last, error, before))) {
            nv_filtered(NV_ICMP);
            return 0;
        }
        inner_tuple(quoted(last, error, before), &key);
        extra.value = BPF_CORE_READ(error, ee.ee_info); /* the path's MTU, where the error is about that */
    } else {
        key.reason = BPF_CORE_READ(sk, sk_err);
        if (key.protocol == IPPROTO_TCP || !key.reason)
            return 0; /* TCP's errors come from resets and timers too: `connects` and `resets` tell those */
    }
    key.netns = nv_netns_of_socket(sk);
    nv_report(&key, &extra);
    return 0;
}
