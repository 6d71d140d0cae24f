// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* TCP connections that stand still because one end has no room: the peer's window is zero, or our own is. */
#include "../bpf/report.bpf.h"

/* The key's reason, as src/watch/probes.ts names it. */
enum { PEER_FULL = 1, OWN_FULL = 2 };

/* Runs at the head of tcp_rcv_established, so a zero window is seen with the segment after the one that told it (a window probe's answer). */
SEC("tp_btf/tcp_probe")
int on_tcp_probe(void *ctx)
{
    const struct sock *sk = NV_ARG(ctx, 0, const struct sock *);
    const struct tcp_sock *tp = (const struct tcp_sock *)sk;
    bool peer = BPF_CORE_READ(tp, snd_wnd) == 0, own = BPF_CORE_READ(tp, rcv_wnd) == 0;
    if (!peer && !own)
        return 0;
    struct nv_key key = {.probe = NV_WINDOWS, .direction = peer ? NV_OUT : NV_IN, .reason = peer ? PEER_FULL : OWN_FULL};
    nv_tuple_of_socket(sk, &key);
    if (!peer)
        nv_swap_ends(&key);
    key.netns = nv_netns_of_socket(sk);
    /* What waits: unsent here, or unread. */
    struct nv_extra extra = {.sk = sk, .value = peer ? BPF_CORE_READ(tp, write_seq) - BPF_CORE_READ(tp, snd_nxt)
                                                     : BPF_CORE_READ(tp, rcv_nxt) - BPF_CORE_READ(tp, copied_seq)};
    nv_report(&key, &extra);
    return 0;
}
