/* SPDX-License-Identifier: Apache-2.0 */
/* What one collect operation knows: the namespace it has entered, its links, and what was asked. */
#ifndef NV_CONTEXT_H
#define NV_CONTEXT_H
#include <linux/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "netlink.h"

#define REASON_BYTES 256
#define INET_CONF_MAX 64
#define INET6_CONF_MAX 96

struct link {
    int ifindex;
    char name[IFNAMSIZ + 1];
    uint32_t xdp_prog;
    bool ingress_qdisc; /* clsact or ingress: tc filters may hang there */
    /* The per-interface sysctls, which the link dump carries (IFLA_AF_SPEC). */
    int n4, n6;
    int32_t conf4[INET_CONF_MAX], conf6[INET6_CONF_MAX];
};

#define FLOW_ADDRESSES 64
#define FLOW_PORTS 64
struct flow {
    int protocol;
    int n_addresses, n_ports;
    struct {
        int family;
        uint8_t bytes[16];
    } address[FLOW_ADDRESSES];
    uint16_t port[FLOW_PORTS];
};

struct ctx {
    ino_t inode;
    /* Never reused, unlike the inode; 0 where the kernel cannot tell (before 5.14). */
    uint64_t cookie;
    int rtnl;
    struct link *links;
    size_t n_links, cap_links;
    struct buf link_json, address_json;
    int link_error;
    struct flow *flows;
    size_t n_flows;
    char **known;
    size_t n_known;
    int time_limit_ms;
    /* iptables-nft sections are made together and asked for one by one. */
    struct nft_state *nft;
    /* Why the section is missing. */
    char reason[REASON_BYTES];
};

const char *link_name(const struct ctx *c, int ifindex); /* NULL when unknown */
/* "if7" where the link is not known. */
const char *link_label(const struct ctx *c, int ifindex);
/* Fills `reason`, returns -1. */
int missing(struct ctx *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A kernel module (or built-in) is there: asking netlink for an absent one would load it. */
bool module_present(const char *name);

const char *table_name(uint32_t table);
const char *protocol_name(uint8_t protocol);
const char *scope_name(uint8_t scope);
const char *address_text(int family, const void *bytes, size_t len);

/* Sections: 0, or -1 with `reason`. Each only reads. */
int load_links(struct ctx *c);
int section_link(struct ctx *c, struct buf *out);
int section_address(struct ctx *c, struct buf *out);
int section_route4(struct ctx *c, struct buf *out);
int section_route6(struct ctx *c, struct buf *out);
int section_rule4(struct ctx *c, struct buf *out);
int section_rule6(struct ctx *c, struct buf *out);
int section_neigh(struct ctx *c, struct buf *out);
int section_fdb(struct ctx *c, struct buf *out);
int section_netns_ids(struct ctx *c, struct buf *out);
int section_iptables_legacy(struct ctx *c, struct buf *out);
int section_ip6tables_legacy(struct ctx *c, struct buf *out);
int section_iptables_nft(struct ctx *c, struct buf *out);
int section_ip6tables_nft(struct ctx *c, struct buf *out);
int section_nftables(struct ctx *c, struct buf *out);
int section_ipset(struct ctx *c, struct buf *out);
int section_sockets(struct ctx *c, struct buf *out);
int section_sysctl(struct ctx *c, struct buf *out);
int section_conntrack(struct ctx *c, struct buf *out);
int section_conntrack_table(struct ctx *c, struct buf *out);
int section_programs(struct ctx *c, struct buf *out);
int section_hooks(struct ctx *c, struct buf *out);
void nft_state_free(struct ctx *c);

/* Runs a tool in the entered namespace, bounded in time, CPU and memory; its stdout is appended to `out`. */
int run_tool(struct ctx *c, const char *const argv[], struct buf *out);
#endif
