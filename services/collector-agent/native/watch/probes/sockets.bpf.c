// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* How long data wait in a socket until the process reads them, how long a process is held when it writes, and how long a server takes between reading
 * a request and writing its answer: is it the network, or who uses it? */
#include "../bpf/slow.bpf.h"

/* The metrics, and the key's reason. */
enum { READ_WAIT = 1, WRITE = 2, ANSWER = 3 };

#define MSG_PEEK 2
#define LISTEN 10

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

static __always_inline void took(const struct sock *sk, __u8 metric, __u64 nanoseconds)
{
    __u64 microseconds = nanoseconds / 1000;
    nv_observe_socket(NV_SOCKETS, metric, sk, microseconds);
    if (!nv_is_slow(NV_SOCKETS, microseconds))
        return;
    struct nv_key key = {.probe = NV_SOCKETS, .reason = metric, .direction = metric == WRITE ? NV_OUT : NV_IN};
    nv_tuple_of_socket(sk, &key);
    if (metric == READ_WAIT)
        nv_swap_ends(&key);
    key.netns = nv_netns_of_socket(sk);
    struct nv_extra extra = {.sk = sk, .value = microseconds, .pid = bpf_get_current_pid_tgid() >> 32};
    nv_report(&key, &extra);
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
    /* Who has a port that the kernel did not choose is the one who is asked. Between a client's read and its next write it is merely idle. */
    if (bytes > 0 && !(flags & MSG_PEEK) && BPF_CORE_READ(sk, __sk_common.skc_num) < NV_EPHEMERAL)
        bpf_map_update_elem(&asked, &id, &now, BPF_ANY);
    __u64 *since = bpf_map_lookup_elem(&unread, &id);
    if (!since || bytes < 0 || flags & MSG_PEEK)
        return 0;
    __u64 nanoseconds = now - *since;
    bpf_map_delete_elem(&unread, &id);
    if (bytes > 0)
        took(sk, READ_WAIT, nanoseconds);
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
    took(NV_ARG(ctx, 0, const struct sock *), WRITE, nanoseconds);
    return 0;
}
