// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * What a TCP connection was like, read once when it ends: round trip and jitter, bytes each way, segments sent again. Per namespace and peer;
 * the sums are the traffic of each pair of them.
 */
#include "../bpf/histogram.bpf.h"

enum { RTT_MICROSECONDS = 1, JITTER_MICROSECONDS = 2, BYTES_SENT = 3, BYTES_RECEIVED = 4, SENT_AGAIN = 5 };

SEC("tp_btf/tcp_destroy_sock")
int on_tcp_destroy_sock(void *ctx)
{
    const struct sock *sk = NV_ARG(ctx, 0, const struct sock *);
    const struct tcp_sock *tp = (const struct tcp_sock *)sk;
    __u32 rtt = BPF_CORE_READ(tp, srtt_us) >> 3; /* eight times the mean is kept, include/linux/tcp.h */
    if (!rtt)
        return 0; /* it never came about, or listened */
    struct nv_histogram_key at;
    if (!nv_peer_of_socket(NV_CONNECTIONS, sk, &at))
        return 0;
    at.metric = RTT_MICROSECONDS;
    nv_observe(&at, rtt);
    at.metric = JITTER_MICROSECONDS;
    nv_observe(&at, BPF_CORE_READ(tp, mdev_us) >> 2);
    at.metric = BYTES_SENT;
    nv_observe(&at, BPF_CORE_READ(tp, bytes_acked));
    at.metric = BYTES_RECEIVED;
    nv_observe(&at, BPF_CORE_READ(tp, bytes_received));
    at.metric = SENT_AGAIN;
    nv_observe(&at, BPF_CORE_READ(tp, total_retrans));
    return 0;
}
