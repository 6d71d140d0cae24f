// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * DNS over UDP as its clients see it: how long an answer takes (a histogram per server), answers that are errors, slow ones, and questions that were
 * asked again because none came. A question counts in the namespace that asks it, not in those that it is forwarded through.
 */
#include "../bpf/slow.bpf.h"

#define DNS_PORT 53

/* The key's reason, as src/watch/probes.ts names it; the detail is the answer's code (RFC 1035, 4.1.1). */
enum { FAILED = 1, SLOW = 2, UNANSWERED = 3 };
enum { ANSWER_MICROSECONDS = 1 };

/* A question that is asked again sooner was not waited for: two of its kind may be under way. */
#define RETRY_NS 500000000ull

struct question {
    __u8 client[16], server[16];
    __u32 netns;
    __u16 port, id;
};
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 8192);
    __type(key, struct question);
    __type(value, __u64);
} asked SEC(".maps");

struct dns_header {
    __be16 id;
    __u8 flags[2];
};

/* @returns whether it is DNS over UDP; the header of both is read */
static __always_inline bool read_dns(const struct sk_buff *skb, struct nv_key *key, struct dns_header *dns)
{
    __u16 network = BPF_CORE_READ(skb, network_header);
    const unsigned char *transport = nv_addresses(BPF_CORE_READ(skb, head) + network, key);
    if (!transport || key->protocol != IPPROTO_UDP)
        return false;
    nv_ports(transport, key);
    if (key->source_port != DNS_PORT && key->destination_port != DNS_PORT)
        return false;
    return bpf_probe_read_kernel(dns, sizeof *dns, transport + sizeof(struct udphdr)) == 0;
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
    if (!read_dns(skb, &key, &dns) || key.destination_port != DNS_PORT || dns.flags[0] & 0x80)
        return 0;
    key.netns = nv_netns_of_packet(skb, sk);
    struct question q = {.netns = key.netns, .port = key.source_port, .id = dns.id};
    __builtin_memcpy(q.client, key.source, 16);
    __builtin_memcpy(q.server, key.destination, 16);
    __u64 now = bpf_ktime_get_ns(), *before = bpf_map_lookup_elem(&asked, &q);
    if (before && now - *before > RETRY_NS) {
        key.reason = UNANSWERED;
        struct nv_extra extra = {.sk = sk, .value = (now - *before) / 1000, .length = BPF_CORE_READ(skb, len)};
        nv_report(&key, &extra);
    }
    bpf_map_update_elem(&asked, &q, &now, BPF_ANY);
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
    struct question q = {.netns = key.netns, .port = key.source_port, .id = dns.id};
    __builtin_memcpy(q.client, key.source, 16);
    __builtin_memcpy(q.server, key.destination, 16);
    __u64 *since = bpf_map_lookup_elem(&asked, &q);
    if (!since)
        return 0; /* forwarded, or an answer to nothing */
    __u64 microseconds = (bpf_ktime_get_ns() - *since) / 1000;
    bpf_map_delete_elem(&asked, &q);
    struct nv_histogram_key at = {.netns = key.netns, .probe = NV_DNS, .metric = ANSWER_MICROSECONDS, .port = DNS_PORT};
    __builtin_memcpy(at.peer, key.destination, 16);
    nv_observe(&at, microseconds);
    key.detail = dns.flags[1] & 0x0f;
    key.reason = key.detail ? FAILED : nv_is_slow(NV_DNS, microseconds) ? SLOW : 0;
    if (key.reason) {
        struct nv_extra extra = {.value = microseconds, .length = BPF_CORE_READ(skb, len)};
        nv_report(&key, &extra);
    }
    return 0;
}
