// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* TCP resets: sent (by the kernel, for no socket or a segment that does not fit, or for a process that ends a connection so) and received. */
#include "../bpf/own.bpf.h"
#include "../bpf/report.bpf.h"

/* The reason came with 6.10. */
const volatile __u32 args_tcp_send_reset = 2;

/* The key's detail, as src/watch/probes.ts names them. */
enum { FOR_NO_SOCKET = 1, FOR_SEGMENT = 2, FOR_PROCESS = 3, RECEIVED = 4 };

SEC("tp_btf/tcp_send_reset")
int on_tcp_send_reset(void *ctx)
{
    const struct sock *sk = NV_ARG(ctx, 0, const struct sock *);
    const struct sk_buff *skb = NV_ARG(ctx, 1, const struct sk_buff *);
    struct nv_key key = {.probe = NV_RESETS, .direction = NV_OUT};
    if (args_tcp_send_reset >= 3)
        key.reason = NV_ARG(ctx, 2, __u32);
    key.detail = skb ? sk ? FOR_SEGMENT : FOR_NO_SOCKET : FOR_PROCESS;
    /* With a packet it is the answer to that; without one (tcp_send_active_reset) it is the socket's own. */
    bool told = skb && nv_tuple_of_packet(skb, &key);
    if (told) {
        nv_swap_ends(&key);
    } else if (!nv_tuple_of_socket(sk, &key)) {
        nv_filtered(NV_RESETS);
        return 0;
    }
    if (skb ? nv_own_packet(skb) : nv_own_socket(sk)) {
        nv_filtered(NV_RESETS);
        return 0;
    }
    key.protocol = IPPROTO_TCP;
    key.netns = skb ? nv_netns_of_packet(skb, sk) : nv_netns_of_socket(sk);
    struct nv_extra extra = {.ctx = skb ? 0 : ctx}; /* who ends it so */
    nv_report(&key, &extra);
    return 0;
}

SEC("tp_btf/tcp_receive_reset")
int on_tcp_receive_reset(void *ctx)
{
    const struct sock *sk = NV_ARG(ctx, 0, const struct sock *);
    struct nv_key key = {.probe = NV_RESETS, .direction = NV_IN, .detail = RECEIVED};
    if (nv_own_socket(sk) || !nv_tuple_of_socket(sk, &key)) {
        nv_filtered(NV_RESETS);
        return 0;
    }
    nv_swap_ends(&key);
    key.netns = nv_netns_of_socket(sk);
    /* The state that the connection was in: refused while it was asked for, or ended later. */
    struct nv_extra extra = {.sk = sk, .value = BPF_CORE_READ(sk, __sk_common.skc_state)};
    nv_report(&key, &extra);
    return 0;
}
