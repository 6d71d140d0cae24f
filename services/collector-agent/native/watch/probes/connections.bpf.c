// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * What a TCP connection was like, read once when it ends: round trip and jitter, bytes each way, segments sent again, per namespace and peer.
 * And who talks to whom how much: at the end, and for connections that last when the sidecar has them looked at (all sockets that a process
 * holds, of whatever namespace, in one walk). Each byte is told once: what was told of a socket before is kept and taken off.
 */
#include "../bpf/histogram.bpf.h"
#include "../bpf/place.bpf.h"
#include "../bpf/typed.bpf.h"

/* One less than the metrics' numbers, as src/watch/probes.ts names them. */
enum { RTT_MICROSECONDS = 0, JITTER_MICROSECONDS = 1, BYTES_SENT = 2, BYTES_RECEIVED = 3, SENT_AGAIN = 4 };

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

/* How many of `told` fall to each place: most sockets that end were never looked at, and nobody has to search for those. */
#define PLACE_BITS 11
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1 << PLACE_BITS);
    __type(key, __u32);
    __type(value, __u64);
} told_there SEC(".maps");

/* Too much for the stack. */
static const struct nv_connection_sums none;

/* The service's port, and who connected to it: the end whose port the kernel did not choose; of two alike the lower one. */
static __always_inline void flow_key(const struct nv_key *key, __u64 cgroup, struct nv_flow_key *flow)
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
    flow->cgroup = cgroup;
}

/* @returns null: the table has no room */
static __always_inline struct nv_connection_sums *sums_of(const struct nv_key *key, __u64 cgroup)
{
    __u32 slot = 0;
    void *table = bpf_map_lookup_elem(&flows, &slot);
    if (!table)
        return 0;
    struct nv_flow_key flow;
    flow_key(key, cgroup, &flow);
    struct nv_connection_sums *sums = bpf_map_lookup_elem(table, &flow);
    if (sums)
        return sums;
    bpf_map_update_elem(table, &flow, &none, BPF_NOEXIST);
    return bpf_map_lookup_elem(table, &flow);
}

#define CARRIED(read, tp)                                                                                                                              \
    {                                                                                                                                                  \
        .sent = read(tp, bytes_acked), .received = read(tp, bytes_received), .packets_out = read(tp, segs_out), .packets_in = read(tp, segs_in),      \
        .again = read(tp, total_retrans)                                                                                                               \
    }

/* What was told of this socket; false: nothing, or it was of another, which was in the same place while nobody watched. */
static __always_inline bool told_before(const struct told *there, const struct told *now, struct told *before)
{
    if (!there || there->sent > now->sent || there->received > now->received || there->packets_in > now->packets_in)
        return false;
    *before = *there;
    return true;
}

static __always_inline void tell_flow(struct nv_flow_value *sums, const struct told *now, const struct told *before, bool opened, bool ended)
{
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
}

static __always_inline void tell_histograms(struct nv_connection_sums *sums, const __u64 *values)
{
    NV_ADD(sums->ended, 1);
#pragma clang loop unroll(disable)
    for (__u32 i = 0; i < NV_TOLD_OF_CONNECTION; i++) {
        __u32 bucket = nv_bucket(values[i]);
        if (bucket < NV_BUCKETS) /* for the verifier */
            NV_ADD(sums->buckets[bucket][i], 1);
        if (values[i])
            NV_ADD(sums->sums[i], values[i]);
    }
}

/* Runs once for each end of each connection: whatever is needed more than once is read once. */
SEC("tp_btf/tcp_destroy_sock")
int on_tcp_destroy_sock(void *ctx)
{
    const struct sock *sk = NV_ARG(ctx, 0, const struct sock *);
    /* Typed as what it is (Linux 5.9): the tracepoint's type ends where a tcp_sock's own fields begin. */
    const struct tcp_sock *tp = nv_typed ? bpf_skc_to_tcp_sock((void *)sk) : (const struct tcp_sock *)sk;
    if (!tp)
        return 0;
    __u32 rtt = NV_READ(tp, srtt_us) >> 3; /* eight times the mean is kept, include/linux/tcp.h */
    if (!rtt)
        return 0; /* it never came about, or listened */
    struct nv_key key = {0};
    struct nv_tallies *t = nv_tallies_of(NV_CONNECTIONS);
    if (!t || !nv_tuple_of_typed(sk, &key) || !key.destination_port)
        return 0;
    key.netns = nv_netns_of_typed(sk);
    struct told now = CARRIED(NV_READ, tp);
    __u64 values[NV_TOLD_OF_CONNECTION] = {
        [RTT_MICROSECONDS] = rtt,
        [JITTER_MICROSECONDS] = NV_READ(tp, mdev_us) >> 2,
        [BYTES_SENT] = now.sent,
        [BYTES_RECEIVED] = now.received,
        [SENT_AGAIN] = now.again,
    };
    __u64 id = nv_first_as_number(ctx);
    __u32 place = nv_place_of(id, PLACE_BITS);
    __u64 *some = bpf_map_lookup_elem(&told_there, &place);
    struct told before = {0}, *there = some && *some ? bpf_map_lookup_elem(&told, &id) : 0;
    bool known = told_before(there, &now, &before);
    if (there && bpf_map_delete_elem(&told, &id) == 0)
        NV_ADD(*some, -1);
    struct nv_connection_sums *sums = sums_of(&key, nv_cgroup_of_typed(sk));
    if (!sums) {
        NV_ADD(t->unobserved, NV_TOLD_OF_CONNECTION + 1);
        return 0;
    }
    tell_flow(&sums->flow, &now, &before, !known, true);
    tell_histograms(sums, values);
    NV_ADD(t->observed, NV_TOLD_OF_CONNECTION + 1);
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
    struct told now = CARRIED(BPF_CORE_READ, (const struct tcp_sock *)sk), before = {0};
    __u64 id = (__u64)sk;
    struct told *there = bpf_map_lookup_elem(&told, &id);
    bool known = told_before(there, &now, &before);
    if (known && before.packets_in == now.packets_in && before.packets_out == now.packets_out)
        return 0;
    struct nv_tallies *t = nv_tallies_of(NV_CONNECTIONS);
    struct nv_key key = {0};
    if (!t || !nv_tuple_of_socket(sk, &key) || !key.destination_port)
        return 0;
    __u32 place = nv_place_of(id, PLACE_BITS);
    __u64 *some = bpf_map_lookup_elem(&told_there, &place);
    if (!some || bpf_map_update_elem(&told, &id, &now, BPF_ANY))
        return 0; /* too many: when it ends */
    if (!there)
        NV_ADD(*some, 1); /* it cannot end meanwhile: its file is held */
    key.netns = nv_netns_of_socket(sk);
    struct nv_connection_sums *sums = sums_of(&key, nv_cgroup_of(sk));
    if (!sums) {
        NV_ADD(t->unobserved, 1);
        return 0;
    }
    tell_flow(&sums->flow, &now, &before, !known, false);
    NV_ADD(t->observed, 1);
    return 0;
}
