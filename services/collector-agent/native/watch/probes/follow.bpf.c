// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Follows the packets of live probes (../../probe): where they were handed to a device, received or dropped, and why. Off unless a
 * probe is under way. A packet is followed when its server's end is one of `followed`; what it is known by, through all translations and on every
 * node, is its signature: the sequence number of a SYN (an answer acknowledges it, and the first data of a live probe follows it), the token in a datagram's or an echo's payload. Packets inside VXLAN, Geneve and IP
 * tunnels and those that an ICMP error is about are looked into.
 */
#include "../../own_packets.h"
#include "../bpf/report.bpf.h"

const volatile __u32 args_kfree_skb = 2;

/* The port is 0 for echoes. The value has a bit for each follow that wants it. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 2048);
    __type(key, struct nv_end);
    __type(value, __u32);
} followed SEC(".maps");

/* [0] how many sightings may still leave; below 0 they are lost, and counted. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __s64);
} allowance SEC(".maps");

/* The answer to a datagram has nothing of the datagram in it: it is known by the ends of one that was seen. */
struct conversation {
    __u8 client[16], server[16];
    __u16 client_port, server_port;
    __u32 protocol;
};
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 8192);
    __type(key, struct conversation);
    __type(value, __u64);
} conversations SEC(".maps");

#define IPPROTO_ICMPV6 58
#define TOKEN_MAGIC 0x4e565052u /* "NVPR" */
enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

struct view {
    struct nv_key key; /* of the innermost packet */
    struct nv_key error; /* of the ICMP error about it, where there is one */
    __u64 signature;
    __u32 slots;
    __u8 tcp_flags, form, answer;
};

static __always_inline bool is_error(__u8 family, __u8 type)
{
    return family == 6 ? type >= 1 && type <= 4 : type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/* Where the packet within a tunnel's begins, or null. */
static __always_inline const unsigned char *within(const struct nv_key *key, const unsigned char *transport)
{
    __u8 head[2] = {0};
    __u16 type = 0;
    const unsigned char *frame;
    if (key->protocol == IPPROTO_IPIP || key->protocol == IPPROTO_IPV6)
        return transport;
    if (key->protocol != IPPROTO_UDP)
        return 0;
    switch (key->destination_port) {
    case 8472: /* VXLAN as Linux, 4789 as IANA has it */
    case 4789: frame = transport + 16; break;
    case 6081: /* Geneve, with options */
        if (bpf_probe_read_kernel(head, 1, transport + 8))
            return 0;
        frame = transport + 16 + (head[0] & 0x3f) * 4;
        break;
    default: return 0;
    }
    if (bpf_probe_read_kernel(&type, sizeof type, frame + 12))
        return 0;
    type = bpf_ntohs(type);
    return type == ETH_P_IP || type == ETH_P_IPV6 ? frame + 14 : 0;
}

static __always_inline __u32 wanted(const __u8 *address, __u16 port, __u8 protocol)
{
    struct nv_end end = {.port = port, .protocol = protocol};
    __builtin_memcpy(end.address, address, 16);
    __u32 *slots = bpf_map_lookup_elem(&followed, &end);
    return slots ? *slots : 0;
}

static __always_inline void converse(const struct nv_key *key, bool answer, struct conversation *c)
{
    __builtin_memset(c, 0, sizeof *c);
    __builtin_memcpy(c->client, answer ? key->destination : key->source, 16);
    __builtin_memcpy(c->server, answer ? key->source : key->destination, 16);
    c->client_port = answer ? key->destination_port : key->source_port;
    c->server_port = answer ? key->source_port : key->destination_port;
    c->protocol = key->protocol;
}

static __always_inline __u64 token_at(const unsigned char *payload)
{
    __u32 words[2];
    if (bpf_probe_read_kernel(words, sizeof words, payload) || bpf_ntohl(words[0]) != TOKEN_MAGIC)
        return 0;
    return (__u64)TOKEN_MAGIC << 32 | bpf_ntohl(words[1]);
}

/* The first data over a connection of a live probe's: the number after its SYN's, which are even. */
static __always_inline bool first_data(__u32 number)
{
    return (number & NV_OWN_SEQUENCE_MASK) == NV_OWN_SEQUENCE && (number & 1);
}

/* @param bytes of the segment with its header */
static __always_inline bool known_tcp(struct view *v, const unsigned char *transport, __u32 bytes, bool quoted)
{
    __be32 numbers[2] = {0};
    __u8 offset = 0;
    __u32 to = wanted(v->key.destination, v->key.destination_port, IPPROTO_TCP);
    __u32 from = wanted(v->key.source, v->key.source_port, IPPROTO_TCP);
    if (!(to | from) || bpf_probe_read_kernel(&numbers[0], 4, transport + 4))
        return false;
    if (quoted) { /* an ICMP error may quote no more than eight bytes */
        v->slots = to;
        v->signature = bpf_ntohl(numbers[0]);
        if (first_data(v->signature)) {
            v->signature--;
            v->form |= NV_DATA;
        }
        return to != 0;
    }
    if (bpf_probe_read_kernel(&numbers[1], 4, transport + 8) || bpf_probe_read_kernel(&v->tcp_flags, 1, transport + 13))
        return false;
    switch (v->tcp_flags & (SYN | RST | ACK)) {
    case SYN:
        v->slots = to;
        v->signature = bpf_ntohl(numbers[0]);
        return to != 0;
    case SYN | ACK:
    case RST | ACK:
        v->slots = from;
        v->answer = 1;
        v->signature = (__u32)(bpf_ntohl(numbers[1]) - 1);
        return from != 0;
    case ACK:
        if (!to || !first_data(bpf_ntohl(numbers[0])) || bpf_probe_read_kernel(&offset, 1, transport + 12) || bytes <= (offset >> 4) * 4)
            return false;
        v->slots = to;
        v->signature = bpf_ntohl(numbers[0]) - 1;
        v->form |= NV_DATA;
        return true;
    default:
        return false;
    }
}

/* Of an IP packet what is behind `transport`. */
static __always_inline __u32 carried(const unsigned char *at, const unsigned char *transport, __u8 family)
{
    __be16 length = 0;
    if (bpf_probe_read_kernel(&length, sizeof length, at + (family == 6 ? 4 : 2)))
        return 0;
    return bpf_ntohs(length) + (family == 6 ? 40 : 0) - (__u32)(transport - at);
}

static __always_inline bool known_udp(struct view *v, const unsigned char *transport, bool quoted)
{
    __u32 to = wanted(v->key.destination, v->key.destination_port, IPPROTO_UDP);
    __u32 from = wanted(v->key.source, v->key.source_port, IPPROTO_UDP);
    struct conversation c;
    if (to) {
        __u64 token = token_at(transport + 8);
        converse(&v->key, false, &c);
        if (token && !quoted)
            bpf_map_update_elem(&conversations, &c, &token, BPF_ANY);
        if (!token && quoted) {
            __u64 *known = bpf_map_lookup_elem(&conversations, &c);
            token = known ? *known : 0;
        }
        if (token) {
            v->slots = to;
            v->signature = token;
            return true;
        }
    }
    if (!from || quoted)
        return false;
    converse(&v->key, true, &c);
    __u64 *known = bpf_map_lookup_elem(&conversations, &c);
    if (!known)
        return false;
    v->slots = from;
    v->answer = 1;
    v->signature = *known;
    return true;
}

static __always_inline bool known_echo(struct view *v, const unsigned char *transport, __u8 type)
{
    bool request = type == (v->key.family == 6 ? 128 : 8), reply = type == (v->key.family == 6 ? 129 : 0);
    if (!request && !reply)
        return false;
    v->slots = wanted(request ? v->key.destination : v->key.source, 0, IPPROTO_ICMP);
    if (!v->slots)
        return false;
    v->answer = reply;
    v->signature = token_at(transport + 8);
    return v->signature != 0;
}

/* The packet at `at` and, with `depth`, what is in it. @returns whether it is a probe's, or the answer to one */
static __noinline bool view_of(const unsigned char *at, struct view *v)
{
#pragma unroll
    for (int depth = 0; depth < 3; depth++) {
        const bool quoted = v->form & NV_QUOTED;
        __builtin_memset(&v->key, 0, sizeof v->key);
        const unsigned char *transport = nv_addresses(at, &v->key);
        if (!transport)
            return false;
        nv_ports(transport, &v->key);
        const unsigned char *inner = quoted ? 0 : within(&v->key, transport);
        if (inner) {
            v->form |= NV_ENCAPSULATED;
            at = inner;
            continue;
        }
        if (v->key.protocol == IPPROTO_TCP)
            return known_tcp(v, transport, carried(at, transport, v->key.family), quoted);
        if (v->key.protocol == IPPROTO_UDP)
            return known_udp(v, transport, quoted);
        if (v->key.protocol != IPPROTO_ICMP && v->key.protocol != IPPROTO_ICMPV6)
            return false;
        __u8 head[2];
        if (bpf_probe_read_kernel(head, sizeof head, transport))
            return false;
        if (quoted || !is_error(v->key.family, head[0]))
            return known_echo(v, transport, head[0]);
        v->error = v->key;
        v->error.detail = head[0] << 8 | head[1];
        v->form |= NV_QUOTED;
        at = transport + 8;
    }
    return false;
}

static __always_inline void sight(void *ctx, struct sk_buff *skb, __u8 point, __u32 reason, __u64 location)
{
    __u16 network = BPF_CORE_READ(skb, network_header);
    if (network == 0 || network == 0xffff)
        return;
    struct view v = {0};
    if (!view_of(BPF_CORE_READ(skb, head) + network, &v))
        return;
    struct nv_tallies *t = nv_tallies_of(NV_FOLLOW);
    __u32 slot = 0;
    __s64 *allowed = bpf_map_lookup_elem(&allowance, &slot);
    if (!t || !allowed)
        return;
    if (__sync_fetch_and_add(allowed, -1) <= 0) {
        NV_ADD(t->samples_lost, 1);
        return;
    }
    struct nv_sighting *s = bpf_ringbuf_reserve(&ring, sizeof *s, 0);
    if (!s) {
        NV_ADD(t->samples_lost, 1);
        return;
    }
    __builtin_memset(s, 0, sizeof *s);
    s->ns = bpf_ktime_get_ns();
    s->key = v.form & NV_QUOTED ? v.error : v.key;
    s->key.probe = NV_FOLLOW;
    s->key.reason = reason;
    s->key.location = location;
    s->key.netns = nv_netns_of_packet(skb, 0);
    s->signature = v.signature;
    s->slots = v.slots;
    s->length = BPF_CORE_READ(skb, len);
    s->point = point;
    s->tcp_flags = v.tcp_flags;
    s->form = v.form;
    s->answer = v.answer || v.form & NV_QUOTED;
    struct net_device *dev = BPF_CORE_READ(skb, dev);
    if (nv_netns_of_device(dev))
        BPF_CORE_READ_STR_INTO(&s->device, dev, name);
    if (point == NV_DROPPED)
        bpf_get_stack(ctx, s->stack, sizeof s->stack, 2);
    bpf_ringbuf_submit(s, BPF_RB_NO_WAKEUP);
    NV_ADD(t->samples, 1);
}

SEC("tp_btf/net_dev_queue")
int on_net_dev_queue(void *ctx)
{
    sight(ctx, NV_ARG(ctx, 0, struct sk_buff *), NV_SENT, 0, 0);
    return 0;
}

SEC("tp_btf/netif_receive_skb")
int on_netif_receive_skb(void *ctx)
{
    sight(ctx, NV_ARG(ctx, 0, struct sk_buff *), NV_RECEIVED, 0, 0);
    return 0;
}

SEC("tp_btf/kfree_skb")
int on_kfree_skb(void *ctx)
{
    __u32 reason = args_kfree_skb >= 3 ? NV_ARG(ctx, 2, __u32) : 0, probe = NV_FOLLOW;
    struct nv_settings *s = bpf_map_lookup_elem(&settings, &probe);
    if (s && reason < 64 * NV_REASON_WORDS && (s->excluded[(reason >> 6) & (NV_REASON_WORDS - 1)] >> (reason & 63)) & 1)
        return 0;
    sight(ctx, NV_ARG(ctx, 0, struct sk_buff *), NV_DROPPED, reason, NV_ARG(ctx, 1, __u64));
    return 0;
}
