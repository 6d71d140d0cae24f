// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* How long data wait in a socket until the process reads them, how long a process is held when it writes, and how long a server takes between reading
 * a request and writing its answer: is it the network, or who uses it? And who does not read at all, so that no read would ever tell it. */
#include "../bpf/slow.bpf.h"

/* The metrics, and the key's reason. */
enum { READ_WAIT = 1, WRITE = 2, ANSWER = 3, UNREAD = 4 };

#define MSG_PEEK 2
#define LISTEN 10
/* Descriptors of one socket are met one after another; the next look comes later. */
#define SAME_LOOK_NS 100000000ull

/* Who has a port that the kernel did not choose is the one who is asked. Between a client's read and its next write it is merely idle. */
static __always_inline bool is_server(const struct sock *sk)
{
    return BPF_CORE_READ(sk, __sk_common.skc_num) < NV_EPHEMERAL;
}

/* Sockets with data that nobody has read yet, since when. A socket that is closed unread stays until its place is needed. */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 16384);
    __type(key, __u64);
    __type(value, __u64);
} unread SEC(".maps");

/* Threads within a write, since when. */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 4096);
    __type(key, __u64);
    __type(value, __u64);
} writing SEC(".maps");

/* Servers' sockets whose process has read and not written since: the time of the last read, with which a request is whole. */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 16384);
    __type(key, __u64);
    __type(value, __u64);
} asked SEC(".maps");

/* Sockets whose receive window was full when they were looked at: since when, and what of their data had been read. */
struct full {
    __u64 since_ns, told_ns;
    __u32 copied, reserved;
};
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 4096);
    __type(key, __u64);
    __type(value, struct full);
} full SEC(".maps");

static __always_inline void took(const struct sock *sk, __u8 metric, __u64 nanoseconds, __u32 pid)
{
    __u64 microseconds = nanoseconds / 1000;
    nv_observe_socket(NV_SOCKETS, metric, sk, microseconds);
    if (!nv_is_slow(NV_SOCKETS, microseconds))
        return;
    struct nv_key key = {.probe = NV_SOCKETS, .reason = metric, .direction = metric == WRITE ? NV_OUT : NV_IN};
    nv_tuple_of_socket(sk, &key);
    if (metric == READ_WAIT || metric == UNREAD)
        nv_swap_ends(&key);
    key.netns = nv_netns_of_socket(sk);
    struct nv_extra extra = {.sk = sk, .value = microseconds, .pid = pid};
    nv_report(&key, &extra);
}

static __always_inline __u32 current_process(void)
{
    return bpf_get_current_pid_tgid() >> 32;
}

/* What a reader leaves, or what came while it read: a sender that had to wait for room is let go by the read itself, and its data are there before the read
 * has returned. When the first of them came is not known; that they were there when the read ended is. */
static __always_inline bool more_to_read(const struct sock *sk)
{
    switch (BPF_CORE_READ(sk, sk_protocol)) {
    case IPPROTO_TCP: {
        const struct tcp_sock *tp = (const struct tcp_sock *)sk;
        return BPF_CORE_READ(tp, rcv_nxt) != BPF_CORE_READ(tp, copied_seq);
    }
    case IPPROTO_UDP:
        return BPF_CORE_READ((const struct udp_sock *)sk, reader_queue.qlen) || BPF_CORE_READ(sk, sk_receive_queue.qlen);
    default:
        return BPF_CORE_READ(sk, sk_receive_queue.qlen) != 0;
    }
}

SEC("tp_btf/sk_data_ready")
int on_sk_data_ready(void *ctx)
{
    const struct sock *sk = NV_ARG(ctx, 0, const struct sock *);
    __u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
    if ((family != AF_INET && family != AF_INET6) || BPF_CORE_READ(sk, __sk_common.skc_state) == LISTEN)
        return 0;
    __u64 id = (__u64)sk, now = bpf_ktime_get_ns();
    bpf_map_update_elem(&unread, &id, &now, BPF_NOEXIST); /* the first of them counts */
    return 0;
}

SEC("tp_btf/sock_recv_length")
int on_sock_recv_length(void *ctx)
{
    const struct sock *sk = NV_ARG(ctx, 0, const struct sock *);
    int bytes = NV_ARG(ctx, 1, int), flags = NV_ARG(ctx, 2, int);
    __u64 id = (__u64)sk, now = bpf_ktime_get_ns();
    if (bytes > 0 && !(flags & MSG_PEEK) && is_server(sk))
        bpf_map_update_elem(&asked, &id, &now, BPF_ANY);
    __u64 *since = bpf_map_lookup_elem(&unread, &id);
    if (!since || bytes < 0 || flags & MSG_PEEK)
        return 0;
    __u64 nanoseconds = now - *since;
    bpf_map_delete_elem(&unread, &id); /* first, so that what comes meanwhile is not missed */
    if (bytes > 0 && more_to_read(sk))
        bpf_map_update_elem(&unread, &id, &now, BPF_NOEXIST);
    if (bytes > 0)
        took(sk, READ_WAIT, nanoseconds, current_process());
    return 0;
}

/* Once per segment begun: the first one before it may have to wait for room. Kernels before 6.16 have no such tracepoint, and no times of writes and answers. */
SEC("tp_btf/tcp_sendmsg_locked")
int on_tcp_sendmsg_locked(void *ctx)
{
    const struct sock *sk = NV_ARG(ctx, 0, const struct sock *);
    __u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns(), socket = (__u64)sk;
    bpf_map_update_elem(&writing, &id, &now, BPF_NOEXIST);
    __u64 *since = bpf_map_lookup_elem(&asked, &socket);
    if (since) {
        if (is_server(sk)) /* and not a client in the place of a server that ended without an answer */
            nv_observe_socket(NV_SOCKETS, ANSWER, sk, (now - *since) / 1000);
        bpf_map_delete_elem(&asked, &socket);
    }
    return 0;
}

SEC("tp_btf/sock_send_length")
int on_sock_send_length(void *ctx)
{
    __u64 id = bpf_get_current_pid_tgid();
    __u64 *since = bpf_map_lookup_elem(&writing, &id);
    if (!since)
        return 0;
    __u64 nanoseconds = bpf_ktime_get_ns() - *since;
    bpf_map_delete_elem(&writing, &id);
    took(NV_ARG(ctx, 0, const struct sock *), WRITE, nanoseconds, current_process());
    return 0;
}

/* Less than a segment's room in the window that the peer knows of: it waits (tcp_receive_window, include/net/tcp.h). */
static __always_inline bool has_no_room(const struct tcp_sock *tp)
{
    __s32 window = (__s32)(BPF_CORE_READ(tp, rcv_wup) + BPF_CORE_READ(tp, rcv_wnd) - BPF_CORE_READ(tp, rcv_nxt));
    return window < (__s32)BPF_CORE_READ(tp, inet_conn.icsk_ack.rcv_mss) && BPF_CORE_READ(tp, rcv_nxt) != BPF_CORE_READ(tp, copied_seq);
}

/* All sockets that a process holds, when the sidecar has them looked at. Full twice with nothing read between: for so long at least nobody has read. */
SEC("iter/task_file")
int on_look(struct bpf_iter__task_file *ctx)
{
    struct task_struct *task = ctx->task;
    struct file *file = ctx->file;
    struct socket *socket = task && file ? bpf_sock_from_file(file) : 0;
    const struct sock *sk = socket ? BPF_CORE_READ(socket, sk) : 0;
    if (!sk || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP || BPF_CORE_READ(sk, __sk_common.skc_state) == LISTEN)
        return 0;
    const struct tcp_sock *tp = (const struct tcp_sock *)sk;
    __u64 id = (__u64)sk, now = bpf_ktime_get_ns();
    struct full *before = bpf_map_lookup_elem(&full, &id);
    if (!has_no_room(tp)) {
        if (before)
            bpf_map_delete_elem(&full, &id);
        return 0;
    }
    __u32 copied = BPF_CORE_READ(tp, copied_seq);
    if (!before || before->copied != copied) {
        struct full fresh = {.since_ns = now, .told_ns = now, .copied = copied};
        bpf_map_update_elem(&full, &id, &fresh, BPF_ANY);
        return 0;
    }
    if (now - before->told_ns < SAME_LOOK_NS)
        return 0;
    before->told_ns = now;
    took(sk, UNREAD, now - before->since_ns, BPF_CORE_READ(task, tgid));
    return 0;
}
