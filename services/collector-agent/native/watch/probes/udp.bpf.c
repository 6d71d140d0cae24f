// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Datagrams that a UDP socket has no room for: its receive buffer is full, or the memory of all UDP sockets. */
#include "../bpf/report.bpf.h"

/* The packet came with 6.9; before it only the socket's end is known. */
const volatile __u32 args_udp_fail_queue_rcv_skb = 2;

SEC("tp_btf/udp_fail_queue_rcv_skb")
int on_udp_fail_queue_rcv_skb(void *ctx)
{
    int error = NV_ARG(ctx, 0, int);
    const struct sock *sk = NV_ARG(ctx, 1, const struct sock *);
    const struct sk_buff *skb = args_udp_fail_queue_rcv_skb >= 3 ? NV_ARG(ctx, 2, const struct sk_buff *) : 0;
    struct nv_key key = {.probe = NV_UDP, .direction = NV_IN, .reason = error < 0 ? -error : error};
    if ((!skb || !nv_tuple_of_packet(skb, &key)) && nv_tuple_of_socket(sk, &key))
        nv_swap_ends(&key);
    key.netns = nv_netns_of_socket(sk);
    /* How much of the buffer (sk_rcvbuf) is taken. */
    struct nv_extra extra = {
        .sk = sk, .value = BPF_CORE_READ(sk, sk_backlog.rmem_alloc.counter), .length = skb ? BPF_CORE_READ(skb, len) : 0};
    key.detail = BPF_CORE_READ(sk, sk_rcvbuf);
    nv_report(&key, &extra);
    return 0;
}
