// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * DNS over UDP as its clients see it: how long an answer takes (histograms per server and per name), answers that are errors, slow ones, and questions
 * that nobody answered: asked again, or given up. A question counts in the namespace that asks it, not in those that it is forwarded through.
 */
#include "../bpf/dns_name.bpf.h"
#include "../bpf/slow.bpf.h"

#define DNS_PORT 53
#define DNS_HEADER_BYTES 12

/* The key's reason, as src/watch/probes.ts names it; the detail is the answer's code (RFC 1035, 4.1.1), the location the name. */
enum { FAILED = 1, SLOW = 2, UNANSWERED = 3 };
enum { ANSWER_MICROSECONDS = 1, NAME_MICROSECONDS = NV_DNS_NAME_METRIC };

/* A question that is asked again sooner was not waited for: two of its kind may be under way. */
#define RETRY_NS 500000000ull
/* What resolvers wait at first (RES_TIMEOUT). An answer that comes later is none. */
#define GIVEN_UP_NS 5000000000ull

struct question {
    __u8 client[16], server[16];
    __u32 netns;
    __u16 port, id;
};
struct asking {
    __u64 since;
    __u64 name;
};
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 8192);
    __type(key, struct question);
    __type(value, struct asking);
} asked SEC(".maps");

struct dns_header {
    __be16 id;
    __u8 flags[2];
};

/* @returns where DNS over UDP begins, its header and addresses read, or null: it is something else */
static __always_inline const unsigned char *read_dns(const struct sk_buff *skb, struct nv_key *key, struct dns_header *dns)
{
    __u16 network = BPF_CORE_READ(skb, network_header);
    const unsigned char *transport = nv_addresses(BPF_CORE_READ(skb, head) + network, key);
    if (!transport || key->protocol != IPPROTO_UDP)
        return 0;
    nv_ports(transport, key);
    if (key->source_port != DNS_PORT && key->destination_port != DNS_PORT)
        return 0;
    transport += sizeof(struct udphdr);
    return bpf_probe_read_kernel(dns, sizeof *dns, transport) == 0 ? transport : 0;
}

static __always_inline struct question question_of(const struct nv_key *key, const struct dns_header *dns)
{
    struct question q = {.netns = key->netns, .port = key->source_port, .id = dns->id};
    __builtin_memcpy(q.client, key->source, 16);
    __builtin_memcpy(q.server, key->destination, 16);
    return q;
}

SEC("tp_btf/net_dev_queue")
int on_net_dev_queue(void *ctx)
{
    const struct sk_buff *skb = NV_ARG(ctx, 0, const struct sk_buff *);
    const struct sock *sk = BPF_CORE_READ(skb, sk);
    if (!sk)
        return 0; /* forwarded */
    struct nv_key key = {.probe = NV_DNS, .direction = NV_OUT};
    struct dns_header dns;
    const unsigned char *message = read_dns(skb, &key, &dns);
    if (!message || key.destination_port != DNS_PORT || dns.flags[0] & 0x80)
        return 0;
    key.netns = nv_netns_of_packet(skb, sk);
    struct question q = question_of(&key, &dns);
    struct asking asking = {.name = nv_dns_name_of(skb, message + DNS_HEADER_BYTES), .since = bpf_ktime_get_ns()};
    struct asking *before = bpf_map_lookup_elem(&asked, &q);
    if (before && asking.since - before->since > RETRY_NS) {
        key.reason = UNANSWERED;
        key.location = before->name;
        struct nv_extra extra = {.sk = sk, .value = (asking.since - before->since) / 1000, .length = BPF_CORE_READ(skb, len)};
        nv_report(&key, &extra);
    }
    bpf_map_update_elem(&asked, &q, &asking, BPF_ANY);
    return 0;
}

SEC("tp_btf/netif_receive_skb")
int on_netif_receive_skb(void *ctx)
{
    const struct sk_buff *skb = NV_ARG(ctx, 0, const struct sk_buff *);
    struct nv_key key = {.probe = NV_DNS, .direction = NV_OUT};
    struct dns_header dns;
    if (!read_dns(skb, &key, &dns) || key.source_port != DNS_PORT || !(dns.flags[0] & 0x80))
        return 0;
    nv_swap_ends(&key); /* told as the question was asked */
    key.netns = nv_netns_of_packet(skb, 0);
    struct question q = question_of(&key, &dns);
    struct asking *asking = bpf_map_lookup_elem(&asked, &q);
    if (!asking)
        return 0; /* forwarded, or an answer to nothing */
    __u64 microseconds = (bpf_ktime_get_ns() - asking->since) / 1000;
    key.location = asking->name;
    bpf_map_delete_elem(&asked, &q);
    struct nv_histogram_key at = {.netns = key.netns, .probe = NV_DNS, .metric = ANSWER_MICROSECONDS, .port = DNS_PORT};
    __builtin_memcpy(at.peer, key.destination, 16);
    nv_observe(&at, microseconds);
    struct nv_histogram_key by_name = {.netns = key.netns, .probe = NV_DNS, .metric = NAME_MICROSECONDS};
    __builtin_memcpy(by_name.peer, &key.location, sizeof key.location);
    nv_observe(&by_name, microseconds);
    key.detail = dns.flags[1] & 0x0f;
    key.reason = key.detail ? FAILED : nv_is_slow(NV_DNS, microseconds) ? SLOW : 0;
    if (key.reason) {
        struct nv_extra extra = {.value = microseconds, .length = BPF_CORE_READ(skb, len)};
        nv_report(&key, &extra);
    }
    return 0;
}

/* Each second over all that was asked: who asks once and gives up is told too. */
SEC("iter/bpf_map_elem")
int on_asked(struct bpf_iter__bpf_map_elem *ctx)
{
    const struct question *of = ctx->key;
    const struct asking *asking = ctx->value;
    if (!of || !asking)
        return 0;
    __u64 waited = bpf_ktime_get_ns() - asking->since;
    if (waited < GIVEN_UP_NS || waited >> 63)
        return 0;
    struct question q = *of;
    struct nv_key key = {
        .probe = NV_DNS,
        .direction = NV_OUT,
        .protocol = IPPROTO_UDP,
        .netns = q.netns,
        .reason = UNANSWERED,
        .location = asking->name,
        .source_port = q.port,
        .destination_port = DNS_PORT,
    };
    __builtin_memcpy(key.source, q.client, 16);
    __builtin_memcpy(key.destination, q.server, 16);
    const __u32 *words = (const __u32 *)key.destination;
    key.family = words[0] == 0 && words[1] == 0 && words[2] == bpf_htonl(0xffff) ? 4 : 6;
    if (bpf_map_delete_elem(&asked, &q))
        return 0; /* the answer came just now */
    struct nv_extra extra = {.value = waited / 1000};
    nv_report(&key, &extra);
    return 0;
}
