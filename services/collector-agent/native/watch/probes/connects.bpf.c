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
 * A socket that sent its SYN: when, and what it was told since. It leaves that state in any case, so nothing stays here. Each has a place of its
 * own in an array where nobody else is; whoever finds another there goes into the table, which costs ten times as much.
 */
struct beginning {
    __u64 ns;
    __u32 error;
    __u32 reserved;
};
#define PLACE_BITS 9
struct place {
    __u64 socket;
    __u64 users; /* who raises it to one has the place: of two at once neither, or the one who read it before the other came */
    struct beginning is;
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1 << PLACE_BITS);
    __type(key, __u32);
    __type(value, struct place);
} places SEC(".maps");
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16384);
    __type(key, __u64);
    __type(value, struct beginning);
} begun SEC(".maps");

static __always_inline struct place *place_of(__u64 socket)
{
    __u32 at = nv_place_of(socket, PLACE_BITS);
    return bpf_map_lookup_elem(&places, &at);
}

static __always_inline void begin(__u64 socket)
{
    struct beginning fresh = {.ns = bpf_ktime_get_ns()};
    struct place *place = place_of(socket);
    if (place && place->socket != socket) {
        NV_ADD(place->users, 1);
        /* The socket as well: on a CPU that reorders, whoever left may be seen to have left before its name is wiped out. */
        if (*(volatile __u64 *)&place->users == 1 && !*(volatile __u64 *)&place->socket) {
            place->is = fresh;
            place->socket = socket;
            return;
        }
        NV_ADD(place->users, -1);
    } else if (place) { /* it left that state while nobody watched */
        place->is = fresh;
        return;
    }
    bpf_map_update_elem(&begun, &socket, &fresh, BPF_ANY);
}

static __always_inline struct beginning *beginning_of(__u64 socket)
{
    struct place *place = place_of(socket);
    return place && place->socket == socket ? &place->is : bpf_map_lookup_elem(&begun, &socket);
}

static __always_inline void forget(__u64 socket)
{
    struct place *place = place_of(socket);
    if (place && place->socket == socket) {
        place->socket = 0;
        NV_ADD(place->users, -1);
    } else {
        bpf_map_delete_elem(&begun, &socket);
    }
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
    /* A connection makes nine changes, of which two are looked at. */
    if (after == SYN_SENT) {
        begin(nv_first_as_number(ctx));
        return 0;
    }
    if (before == SYN_SENT) {
        __u64 socket = nv_first_as_number(ctx);
        struct beginning *start = beginning_of(socket);
        __u64 microseconds = start ? (bpf_ktime_get_ns() - start->ns) / 1000 : 0;
        __u32 told = start ? start->error : 0;
        forget(socket);
        if (after == CLOSE) {
            __u32 error = BPF_CORE_READ(sk, sk_err);
            report(sk, FAILED, error ? error : told, microseconds);
        } else if (start && after == ESTABLISHED) {
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

/*
 * An ICMP error that finds the socket locked by its process only waits in the socket's error queue (tcp_v4_err): the process learns of it and
 * closes, and then there is no error left in the socket itself.
 */
SEC("tp_btf/inet_sk_error_report")
int on_inet_sk_error_report(void *ctx)
{
    const struct sock *sk = NV_ARG(ctx, 0, const struct sock *);
    if (BPF_CORE_READ(sk, __sk_common.skc_state) != SYN_SENT)
        return 0;
    struct beginning *start = beginning_of(nv_first_as_number(ctx));
    const struct sk_buff *last = BPF_CORE_READ(sk, sk_error_queue.prev);
    if (!start)
        return 0;
    start->error = BPF_CORE_READ(sk, sk_err);
    if (!start->error && last != (const struct sk_buff *)&sk->sk_error_queue)
        start->error = BPF_CORE_READ((const struct sock_exterr_skb *)last->cb, ee.ee_errno);
    return 0;
}
