/* SPDX-License-Identifier: Apache-2.0 */
/* The asked flows' conntrack entries, and the table's fill. Other entries never leave the helper. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../context.h"

#define MAX_ENTRIES 2000

struct tuple {
    int family, protocol;
    uint8_t src[16], dst[16];
    bool ports, icmp;
    uint16_t sport, dport, icmp_id;
    uint8_t icmp_type, icmp_code;
    /* The zone of this direction alone. */
    bool has_zone;
    uint16_t zone;
};

struct out {
    struct ctx *c;
    struct buf *b;
    size_t start;
    int n;
};

static void restart(void *arg)
{
    struct out *o = arg;
    o->b->len = o->start;
    o->n = 0;
}

static void read_tuple(const struct nlattr *a, struct tuple *t)
{
    const struct nlattr *tb[CTA_TUPLE_MAX + 1], *ip[CTA_IP_MAX + 1], *p[CTA_PROTO_MAX + 1];
    nl_attrs(na_data(a), na_len(a), tb, CTA_TUPLE_MAX);
    if (tb[CTA_TUPLE_IP]) {
        nl_attrs(na_data(tb[CTA_TUPLE_IP]), na_len(tb[CTA_TUPLE_IP]), ip, CTA_IP_MAX);
        if (ip[CTA_IP_V4_SRC] && ip[CTA_IP_V4_DST]) {
            t->family = AF_INET;
            memcpy(t->src, na_data(ip[CTA_IP_V4_SRC]), 4);
            memcpy(t->dst, na_data(ip[CTA_IP_V4_DST]), 4);
        } else if (ip[CTA_IP_V6_SRC] && ip[CTA_IP_V6_DST]) {
            t->family = AF_INET6;
            memcpy(t->src, na_data(ip[CTA_IP_V6_SRC]), 16);
            memcpy(t->dst, na_data(ip[CTA_IP_V6_DST]), 16);
        }
    }
    if (tb[CTA_TUPLE_ZONE]) {
        t->has_zone = true;
        t->zone = na_be16(tb[CTA_TUPLE_ZONE]);
    }
    if (tb[CTA_TUPLE_PROTO]) {
        nl_attrs(na_data(tb[CTA_TUPLE_PROTO]), na_len(tb[CTA_TUPLE_PROTO]), p, CTA_PROTO_MAX);
        if (p[CTA_PROTO_NUM]) t->protocol = na_u8(p[CTA_PROTO_NUM]);
        if (p[CTA_PROTO_SRC_PORT] && p[CTA_PROTO_DST_PORT]) {
            t->ports = true;
            t->sport = na_be16(p[CTA_PROTO_SRC_PORT]);
            t->dport = na_be16(p[CTA_PROTO_DST_PORT]);
        }
        int six = t->family == AF_INET6;
        const struct nlattr *type = p[six ? CTA_PROTO_ICMPV6_TYPE : CTA_PROTO_ICMP_TYPE];
        const struct nlattr *code = p[six ? CTA_PROTO_ICMPV6_CODE : CTA_PROTO_ICMP_CODE];
        const struct nlattr *id = p[six ? CTA_PROTO_ICMPV6_ID : CTA_PROTO_ICMP_ID];
        if (type && code && id) {
            t->icmp = true;
            t->icmp_type = na_u8(type);
            t->icmp_code = na_u8(code);
            t->icmp_id = na_be16(id);
        }
    }
}

static bool has_address(const struct flow *f, int family, const uint8_t *bytes)
{
    for (int i = 0; i < f->n_addresses; i++)
        if (f->address[i].family == family && memcmp(f->address[i].bytes, bytes, family == AF_INET ? 4 : 16) == 0)
            return true;
    return false;
}

/* Both ends of either direction are the flow's addresses, and one port is the flow's (where it names ports). */
static bool of_flow(const struct flow *f, const struct tuple *orig, const struct tuple *reply)
{
    if (f->protocol != orig->protocol)
        return false;
    bool addresses = (has_address(f, orig->family, orig->src) && has_address(f, orig->family, orig->dst)) ||
                     (has_address(f, reply->family, reply->src) && has_address(f, reply->family, reply->dst));
    if (!addresses || f->n_ports == 0 || !orig->ports)
        return addresses;
    for (int i = 0; i < f->n_ports; i++)
        if (f->port[i] == orig->dport || f->port[i] == reply->sport || f->port[i] == orig->sport)
            return true;
    return false;
}

static const char *l4_name(int p)
{
    return p == IPPROTO_TCP ? "tcp" : p == IPPROTO_UDP ? "udp" : p == IPPROTO_ICMP ? "icmp" : p == IPPROTO_ICMPV6 ? "icmpv6"
         : p == IPPROTO_SCTP ? "sctp" : p == IPPROTO_GRE ? "gre" : p == IPPROTO_DCCP ? "dccp" : "unknown";
}

static void print_tuple(struct buf *b, const struct tuple *t)
{
    buf_fmt(b, "src=%s ", address_text(t->family, t->src, 16));
    buf_fmt(b, "dst=%s ", address_text(t->family, t->dst, 16));
    if (t->ports)
        buf_fmt(b, "sport=%u dport=%u ", t->sport, t->dport);
    else if (t->icmp)
        buf_fmt(b, "type=%u code=%u id=%u ", t->icmp_type, t->icmp_code, t->icmp_id);
}

/* Where connections are accounted (nf_conntrack_acct). */
static void print_counts(struct buf *b, const struct nlattr *counters)
{
    const struct nlattr *t[CTA_COUNTERS_MAX + 1];
    if (!counters)
        return;
    nl_attrs(na_data(counters), na_len(counters), t, CTA_COUNTERS_MAX);
    if (t[CTA_COUNTERS_PACKETS] && t[CTA_COUNTERS_BYTES])
        buf_fmt(b, "packets=%llu bytes=%llu ", (unsigned long long)na_be64(t[CTA_COUNTERS_PACKETS]),
                (unsigned long long)na_be64(t[CTA_COUNTERS_BYTES]));
}

static void each_entry(const struct nlmsghdr *h, void *arg)
{
    static const char *tcp_states[] = {"NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT",
                                       "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2"};
    struct out *o = arg;
    const struct nlattr *tb[CTA_MAX + 1];
    nl_attrs(NL_BODY(h, struct nfgenmsg), NL_BODY_LEN(h, struct nfgenmsg), tb, CTA_MAX);
    if (!tb[CTA_TUPLE_ORIG] || !tb[CTA_TUPLE_REPLY] || o->n >= MAX_ENTRIES)
        return;
    struct tuple orig = {0}, reply = {0};
    read_tuple(tb[CTA_TUPLE_ORIG], &orig);
    read_tuple(tb[CTA_TUPLE_REPLY], &reply);
    bool wanted = false;
    for (size_t i = 0; i < o->c->n_flows && !wanted; i++)
        wanted = of_flow(&o->c->flows[i], &orig, &reply);
    if (!wanted)
        return;
    o->n++;
    struct buf *b = o->b;
    uint32_t status = tb[CTA_STATUS] ? na_be32(tb[CTA_STATUS]) : 0;
    buf_fmt(b, "%-8s %d %-8s %d ", orig.family == AF_INET ? "ipv4" : "ipv6", orig.family, l4_name(orig.protocol),
            orig.protocol);
    if (tb[CTA_TIMEOUT])
        buf_fmt(b, "%u ", na_be32(tb[CTA_TIMEOUT]));
    if (tb[CTA_PROTOINFO]) {
        const struct nlattr *p[CTA_PROTOINFO_MAX + 1], *t[CTA_PROTOINFO_TCP_MAX + 1];
        nl_attrs(na_data(tb[CTA_PROTOINFO]), na_len(tb[CTA_PROTOINFO]), p, CTA_PROTOINFO_MAX);
        if (p[CTA_PROTOINFO_TCP]) {
            nl_attrs(na_data(p[CTA_PROTOINFO_TCP]), na_len(p[CTA_PROTOINFO_TCP]), t, CTA_PROTOINFO_TCP_MAX);
            if (t[CTA_PROTOINFO_TCP_STATE]) {
                uint8_t s = na_u8(t[CTA_PROTOINFO_TCP_STATE]);
                buf_fmt(b, "%s ", s < 10 ? tcp_states[s] : "UNKNOWN");
            }
        }
    }
    print_tuple(b, &orig);
    print_counts(b, tb[CTA_COUNTERS_ORIG]);
    if (!(status & IPS_SEEN_REPLY)) buf_str(b, "[UNREPLIED] ");
    print_tuple(b, &reply);
    print_counts(b, tb[CTA_COUNTERS_REPLY]);
    if (status & IPS_ASSURED) buf_str(b, "[ASSURED] ");
    if (status & IPS_EXPECTED) buf_str(b, "[EXPECTED] ");
    if (tb[CTA_MARK]) buf_fmt(b, "mark=%u ", na_be32(tb[CTA_MARK]));
    if (orig.has_zone) buf_fmt(b, "zone-orig=%u ", orig.zone);
    if (reply.has_zone) buf_fmt(b, "zone-reply=%u ", reply.zone);
    if (tb[CTA_ZONE]) buf_fmt(b, "zone=%u ", na_be16(tb[CTA_ZONE]));
    buf_fmt(b, "use=%u\n", tb[CTA_USE] ? na_be32(tb[CTA_USE]) : 1);
}

static int by_line(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The hash table's order changes with every resize: sorted text keeps a quiet node's digest. */
static void sort_lines(struct buf *b, size_t start, int n)
{
    if (n < 2)
        return;
    char **lines = calloc((size_t)n, sizeof *lines), *copy = strdup(b->p + start);
    if (!lines || !copy)
        _Exit(70);
    int k = 0;
    for (char *save, *l = strtok_r(copy, "\n", &save); l && k < n; l = strtok_r(NULL, "\n", &save))
        lines[k++] = l;
    qsort(lines, (size_t)k, sizeof *lines, by_line);
    b->len = start;
    for (int i = 0; i < k; i++)
        buf_fmt(b, "%s\n", lines[i]);
    free(lines);
    free(copy);
}

int section_conntrack(struct ctx *c, struct buf *out)
{
    if (c->n_flows == 0)
        return 0;
    if (!module_present("nf_conntrack") || access("/proc/sys/net/netfilter/nf_conntrack_count", F_OK))
        return 0; /* no conntrack: no entries */
    if (!module_present("nf_conntrack_netlink"))
        return missing(c, "the kernel module nf_conntrack_netlink is not loaded");
    /* A dump walks the table of all namespaces; most pods' have no entry at all. */
    struct buf count = {0};
    bool none = buf_file(&count, "/proc/sys/net/netfilter/nf_conntrack_count") == 0 && atoi(count.p) == 0;
    buf_free(&count);
    if (none)
        return 0;
    int fd = nl_open(NETLINK_NETFILTER);
    if (fd < 0)
        return missing(c, "netfilter netlink: %s", strerror(-fd));
    struct nl_req r;
    struct nfgenmsg m = {.nfgen_family = AF_UNSPEC};
    struct out o = {c, out, out->len, 0};
    nl_begin(&r, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, NLM_F_DUMP, &m, sizeof m);
    int e = nl_ask(fd, r.h, each_entry, restart, &o);
    close(fd);
    if (e)
        return missing(c, "conntrack: %s", strerror(-e));
    if (o.n >= MAX_ENTRIES)
        return missing(c, "more than %d conntrack entries of the flow", MAX_ENTRIES);
    sort_lines(out, o.start, o.n);
    return 0;
}

int section_conntrack_table(struct ctx *c, struct buf *out)
{
    static const char *names[] = {"count", "max"};
    for (int i = 0; i < 2; i++) {
        struct buf v = {0};
        char path[80] = "/proc/sys/net/netfilter/nf_conntrack_";
        strcat(path, names[i]);
        if (buf_file(&v, path)) {
            int e = errno;
            buf_free(&v);
            if (e == ENOENT)
                return missing(c, "conntrack is not loaded");
            return missing(c, "%s: %s", path, strerror(e));
        }
        buf_fmt(out, "%s = %s", names[i], v.p ? v.p : "\n");
        buf_free(&v);
    }
    return 0;
}
