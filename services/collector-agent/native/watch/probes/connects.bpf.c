// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * TCP connections as the kernel's states have them: how long each took to come about (a histogram per peer; slow ones as events), those
 * that did not come about, and those that were lost later without a reset.
 */
#include "../bpf/histogram.bpf.h"
#include "../bpf/own.bpf.h"
#include "../bpf/place.bpf.h"
#include "../bpf/report.bpf.h"
#include "../bpf/typed.bpf.h"

/* include/net/tcp_states.h */
#define ESTABLISHED 1
#define SYN_SENT 2
#define CLOSE 7

/* The key's detail, as src/watch/probes.ts names them. The reason is the socket's error (an errno; 0: the process gave up). */
enum { FAILED = 1, SLOW = 2, LOST = 3 };
enum { CONNECT_MICROSECONDS = 1 };

/*
 * When a socket sent its SYN is what the kernel has as the time of its last segment, and nothing has to be kept for it, unless the SYN was sent again:
 * then the first one's time is kept here. A socket leaves that state in any case; what stays because nobody watched makes room for others.
 */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 4096);
    __type(key, __u64);
    __type(value, __u64);
} sent_again SEC(".maps");

/* @param tp of a socket in SYN_SENT. @returns its first SYN's time, monotonic; 0: it sent none, or there was no room to keep the time */
static __always_inline __u64 syn_sent_ns(const struct tcp_sock *tp, __u64 socket)
{
    if (!NV_READ(tp, segs_out)) /* no port was free for it */
        return 0;
    if (!NV_READ(tp, total_retrans))
        return NV_READ(tp, tcp_wstamp_ns);
    __u64 *first = bpf_map_lookup_elem(&sent_again, &socket);
    __u64 ns = first ? *first : 0;
    bpf_map_delete_elem(&sent_again, &socket);
    return ns;
}

static __always_inline void report(const struct sock *sk, __u32 detail, __u32 reason, __u64 microseconds)
{
    struct nv_key key = {.probe = NV_CONNECTS, .direction = NV_OUT, .detail = detail, .reason = reason};
    if (nv_own_socket(sk)) {
        nv_filtered(NV_CONNECTS);
        return;
    }
    nv_tuple_of_socket(sk, &key);
    key.netns = nv_netns_of_socket(sk);
    struct nv_extra extra = {.sk = sk, .value = microseconds};
    nv_report(&key, &extra);
}

/* Each connection comes here. */
static __always_inline void took(const struct sock *sk, __u64 microseconds)
{
    struct nv_key key = {0};
    if (!nv_tuple_of_typed(sk, &key))
        return;
    key.netns = nv_netns_of_typed(sk);
    struct nv_histogram_key at;
    nv_peer_of_tuple(NV_CONNECTS, &key, &at);
    at.metric = CONNECT_MICROSECONDS;
    nv_observe(&at, microseconds);
}

SEC("tp_btf/inet_sock_set_state")
int on_inet_sock_set_state(void *ctx)
{
    const struct sock *sk = NV_ARG(ctx, 0, const struct sock *);
    int before = NV_ARG(ctx, 1, int), after = NV_ARG(ctx, 2, int);
    /* A connection makes ten changes, of which one is looked at. */
    if (before == SYN_SENT) {
        const struct tcp_sock *tp = nv_typed ? bpf_skc_to_tcp_sock((void *)sk) : (const struct tcp_sock *)sk;
        if (!tp)
            return 0;
        __u64 sent = syn_sent_ns(tp, nv_first_as_number(ctx)), now = bpf_ktime_get_ns();
        __u64 microseconds = sent && sent < now ? (now - sent) / 1000 : 0;
        if (after == CLOSE) {
            __u32 error = BPF_CORE_READ(sk, sk_err);
            /* An ICMP error that finds the socket locked by its process is only noted (tcp_v4_err, tcp_v6_err): what happens is that it gives up. */
            report(sk, FAILED, error ? error : BPF_CORE_READ(sk, sk_err_soft), microseconds);
        } else if (after == ESTABLISHED) {
            if (!sent) {
                nv_unobserved(NV_CONNECTS);
                return 0;
            }
            took(sk, microseconds);
            __u32 probe = NV_CONNECTS;
            struct nv_settings *s = bpf_map_lookup_elem(&settings, &probe);
            if (s && microseconds >= s->threshold)
                report(sk, SLOW, 0, microseconds);
        }
        return 0;
    }
    if (before == ESTABLISHED && after == CLOSE) {
        __u32 error = BPF_CORE_READ(sk, sk_err);
        if (error && error != 104 && error != 32) /* ECONNRESET, EPIPE: a reset, which `resets` tells */
            report(sk, LOST, error, 0);
    }
    return 0;
}

/* The kernel keeps the first SYN's time (tcp_connect) as long as it sends SYNs again, in milliseconds or, since 6.7 on some routes, microseconds. */
SEC("tp_btf/tcp_retransmit_skb")
int on_tcp_retransmit_skb(void *ctx)
{
    const struct sock *sk = NV_ARG(ctx, 0, const struct sock *);
    if (BPF_CORE_READ(sk, __sk_common.skc_state) != SYN_SENT)
        return 0;
    const struct tcp_sock *tp = (const struct tcp_sock *)sk;
    __u32 unit = 1000000, first = BPF_CORE_READ(tp, retrans_stamp);
    if (bpf_core_field_exists(tp->tcp_usec_ts) && BPF_CORE_READ_BITFIELD_PROBED(tp, tcp_usec_ts))
        unit = 1000;
    __u64 socket = nv_first_as_number(ctx), now = bpf_ktime_get_ns();
    now -= (__u64)((__u32)(now / unit) - first) * unit; /* the stamp is the clock's lower half */
    bpf_map_update_elem(&sent_again, &socket, &now, BPF_ANY);
    return 0;
}
