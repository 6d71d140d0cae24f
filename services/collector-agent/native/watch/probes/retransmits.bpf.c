// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* TCP segments that are sent again: because a timer ran out, or since the peer's answers showed a hole. */
#include "../bpf/own.bpf.h"
#include "../bpf/report.bpf.h"

/* As src/watch/probes.ts names them. */
enum { OTHER = 0, RTO = 1, FAST = 2, LOSS_PROBE = 3, SYN = 4, SYN_ACK = 5 };

/* include/net/tcp_states.h, include/net/inet_connection_sock.h, include/uapi/linux/tcp.h */
#define SYN_SENT 2
#define ICSK_TIME_LOSS_PROBE 5
#define CA_RECOVERY 3
#define CA_LOSS 4

SEC("tp_btf/tcp_retransmit_skb")
int on_tcp_retransmit_skb(void *ctx)
{
    const struct sock *sk = NV_ARG(ctx, 0, const struct sock *);
    const struct sk_buff *skb = NV_ARG(ctx, 1, const struct sk_buff *);
    const struct inet_connection_sock *icsk = (const struct inet_connection_sock *)sk;
    struct nv_key key = {.probe = NV_RETRANSMITS, .direction = NV_OUT};
    if (nv_own_socket(sk) || !nv_tuple_of_socket(sk, &key)) {
        nv_filtered(NV_RETRANSMITS);
        return 0;
    }
    key.netns = nv_netns_of_socket(sk);
    key.detail = BPF_CORE_READ(sk, __sk_common.skc_state);
    __u8 congestion = BPF_CORE_READ_BITFIELD_PROBED(icsk, icsk_ca_state);
    key.reason = key.detail == SYN_SENT                                        ? SYN
                 : congestion == CA_LOSS                                       ? RTO
                 : congestion == CA_RECOVERY                                   ? FAST
                 : BPF_CORE_READ(icsk, icsk_pending) == ICSK_TIME_LOSS_PROBE ? LOSS_PROBE
                                                                               : OTHER;
    /* How often this timer ran out in a row: the greater, the longer the connection stands still. */
    struct nv_extra extra = {.sk = sk, .length = BPF_CORE_READ(skb, len), .value = BPF_CORE_READ(icsk, icsk_retransmits)};
    nv_report(&key, &extra);
    return 0;
}

SEC("tp_btf/tcp_retransmit_synack")
int on_tcp_retransmit_synack(void *ctx)
{
    const struct sock *sk = NV_ARG(ctx, 0, const struct sock *);
    const struct request_sock *request = NV_ARG(ctx, 1, const struct request_sock *);
    struct nv_key key = {.probe = NV_RETRANSMITS, .direction = NV_OUT, .reason = SYN_ACK, .protocol = IPPROTO_TCP};
    /* What the other end began with. */
    bool own = nv_own_sequence(BPF_CORE_READ((const struct tcp_request_sock *)request, rcv_isn));
    if (own || !nv_tuple_of_common(&request->__req_common, &key)) {
        nv_filtered(NV_RETRANSMITS);
        return 0;
    }
    key.netns = nv_netns_of_socket(sk);
    key.detail = BPF_CORE_READ(request, __req_common.skc_state);
    struct nv_extra extra = {.sk = sk, .value = BPF_CORE_READ_BITFIELD_PROBED(request, num_retrans)};
    nv_report(&key, &extra);
    return 0;
}
