// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * What a TCP connection was like, read once when it ends: round trip and jitter, bytes each way, segments sent again, per namespace and peer.
 * And who talks to whom how much: at the end, and for connections that last when the sidecar has them looked at (all sockets that a process
 * holds, of whatever namespace, in one walk). Each byte is told once: what was told of a socket before is kept and taken off.
 */
#include "../bpf/histogram.bpf.h"

enum { RTT_MICROSECONDS = 1, JITTER_MICROSECONDS = 2, BYTES_SENT = 3, BYTES_RECEIVED = 4, SENT_AGAIN = 5 };

#define SOCK_STREAM 1
#define TCP_LISTEN 10

/* Of sockets that live. When it is full, the others are told of when they end. */
struct told {
    __u64 sent, received;
    __u32 packets_out, packets_in, again, reserved;
};
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 32768);
    __type(key, __u64);
    __type(value, struct told);
} told SEC(".maps");

/* The service's port, and who connected to it: the end whose port the kernel did not choose; of two alike the lower one. */
static __always_inline void flow_key(const struct sock *sk, const struct nv_key *key, struct nv_flow_key *flow)
{
    bool own_chosen = key->source_port >= NV_EPHEMERAL, peer_chosen = key->destination_port >= NV_EPHEMERAL;
    bool in = own_chosen != peer_chosen ? peer_chosen : key->source_port < key->destination_port;
    __builtin_memset(flow, 0, sizeof *flow);
    flow->netns = key->netns;
    flow->port = in ? key->source_port : key->destination_port;
    flow->direction = in ? NV_IN : NV_OUT;
    flow->family = key->family;
    __builtin_memcpy(flow->address, key->source, 16);
    __builtin_memcpy(flow->peer, key->destination, 16);
    flow->cgroup = nv_cgroup_of(sk);
}

/* @returns null: the table has no room */
static __always_inline struct nv_flow_value *flow_sums(const struct nv_flow_key *flow)
{
    __u32 slot = 0;
    void *table = bpf_map_lookup_elem(&flows, &slot);
    if (!table)
        return 0;
    struct nv_flow_value *sums = bpf_map_lookup_elem(table, flow);
    if (sums)
        return sums;
    struct nv_flow_value fresh = {0};
    bpf_map_update_elem(table, flow, &fresh, BPF_NOEXIST);
    return bpf_map_lookup_elem(table, flow);
}

static __always_inline struct told carried(const struct tcp_sock *tp)
{
    struct told now = {
        .sent = BPF_CORE_READ(tp, bytes_acked),
        .received = BPF_CORE_READ(tp, bytes_received),
        .packets_out = BPF_CORE_READ(tp, segs_out),
        .packets_in = BPF_CORE_READ(tp, segs_in),
        .again = BPF_CORE_READ(tp, total_retrans),
    };
    return now;
}

/* What was told of this socket; false: nothing, or it was of another, which was in the same place while nobody watched. */
static __always_inline bool told_before(const struct told *there, const struct told *now, struct told *before)
{
    if (!there || there->sent > now->sent || there->received > now->received || there->packets_in > now->packets_in)
        return false;
    *before = *there;
    return true;
}

/* @returns whether it found room */
static __always_inline bool tell_flow(const struct sock *sk, const struct nv_key *key, const struct told *now, const struct told *before, bool opened, bool ended)
{
    struct nv_flow_key flow;
    flow_key(sk, key, &flow);
    struct nv_flow_value *sums = flow_sums(&flow);
    if (!sums)
        return false;
    NV_ADD(sums->sent_bytes, now->sent - before->sent);
    NV_ADD(sums->received_bytes, now->received - before->received);
    NV_ADD(sums->sent_packets, now->packets_out - before->packets_out);
    NV_ADD(sums->received_packets, now->packets_in - before->packets_in);
    if (now->again != before->again)
        NV_ADD(sums->sent_again, now->again - before->again);
    if (opened)
        NV_ADD(sums->opened, 1);
    if (ended)
        NV_ADD(sums->closed, 1);
    return true;
}

/* Runs once for each end of each connection: whatever is needed more than once is read once. */
SEC("tp_btf/tcp_destroy_sock")
int on_tcp_destroy_sock(void *ctx)
{
    const struct sock *sk = NV_ARG(ctx, 0, const struct sock *);
    const struct tcp_sock *tp = (const struct tcp_sock *)sk;
    __u32 rtt = BPF_CORE_READ(tp, srtt_us) >> 3; /* eight times the mean is kept, include/linux/tcp.h */
    if (!rtt)
        return 0; /* it never came about, or listened */
    struct nv_key key = {0};
    __u32 slot = 0;
    struct nv_tallies *t = nv_tallies_of(NV_CONNECTIONS);
    void *table = bpf_map_lookup_elem(&histograms, &slot);
    if (!t || !table || !nv_tuple_of_socket(sk, &key))
        return 0;
    key.netns = nv_netns_of_socket(sk);
    struct told now = carried(tp);
    struct nv_histogram_key at;
    nv_peer_of_tuple(NV_CONNECTIONS, &key, &at);
    __u32 room = 0, all = 5;
    at.metric = RTT_MICROSECONDS;
    room += nv_put(table, &at, rtt);
    at.metric = JITTER_MICROSECONDS;
    room += nv_put(table, &at, BPF_CORE_READ(tp, mdev_us) >> 2);
    at.metric = BYTES_SENT;
    room += nv_put(table, &at, now.sent);
    at.metric = BYTES_RECEIVED;
    room += nv_put(table, &at, now.received);
    at.metric = SENT_AGAIN;
    room += nv_put(table, &at, now.again);
    if (key.destination_port) {
        __u64 place = (__u64)sk;
        struct told before = {0}, *there = bpf_map_lookup_elem(&told, &place);
        bool known = told_before(there, &now, &before);
        if (there)
            bpf_map_delete_elem(&told, &place);
        all++;
        room += tell_flow(sk, &key, &now, &before, !known, true);
    }
    NV_ADD(t->observed, room);
    if (room != all)
        NV_ADD(t->unobserved, all - room);
    return 0;
}

SEC("iter/task_file")
int on_look(struct bpf_iter__task_file *ctx)
{
    struct file *file = ctx->file;
    if (!file)
        return 0;
    struct socket *socket = bpf_sock_from_file(file);
    if (!socket || BPF_CORE_READ(socket, type) != SOCK_STREAM)
        return 0;
    const struct sock *sk = BPF_CORE_READ(socket, sk);
    if (!sk)
        return 0;
    __u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
    if ((family != AF_INET && family != AF_INET6) || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP ||
        BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_LISTEN || !(BPF_CORE_READ((const struct tcp_sock *)sk, srtt_us) >> 3))
        return 0;
    struct told now = carried((const struct tcp_sock *)sk), before = {0};
    __u64 place = (__u64)sk;
    bool known = told_before(bpf_map_lookup_elem(&told, &place), &now, &before);
    if (known && before.packets_in == now.packets_in && before.packets_out == now.packets_out)
        return 0;
    struct nv_tallies *t = nv_tallies_of(NV_CONNECTIONS);
    struct nv_key key = {0};
    if (!t || !nv_tuple_of_socket(sk, &key) || !key.destination_port)
        return 0;
    if (bpf_map_update_elem(&told, &place, &now, BPF_ANY))
        return 0; /* too many: when it ends */
    key.netns = nv_netns_of_socket(sk);
    if (tell_flow(sk, &key, &now, &before, !known, false))
        NV_ADD(t->observed, 1);
    else
        NV_ADD(t->unobserved, 1);
    return 0;
}
