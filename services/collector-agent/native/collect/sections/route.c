/* SPDX-License-Identifier: Apache-2.0 */
/* Routes of all tables and policy rules, in the form of `ip -j -d route show table all` and `ip -j -d rule show`.
 * One key more than iproute2 has: "mtu_lock":true beside "mtu" in metrics, which its JSON forgets. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/lwtunnel.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "../context.h"

struct out {
    struct ctx *c;
    struct buf *b;
    size_t start;
    int family;
};

static void restart(void *arg)
{
    struct out *o = arg;
    o->b->len = o->start;
    o->b->p[o->start] = 0;
}

static const char *route_type(unsigned t)
{
    static const char *names[] = {"none", "unicast", "local", "broadcast", "anycast", "multicast",
                                  "blackhole", "unreachable", "prohibit", "throw", "nat", "xresolve"};
    static char number[12];
    if (t < sizeof names / sizeof *names)
        return names[t];
    snprintf(number, sizeof number, "%u", t);
    return number;
}

static void prefix(struct buf *b, const char *key, int family, const struct nlattr *a, unsigned len)
{
    unsigned full = family == AF_INET ? 32 : 128;
    char text[80];
    if (!a && len == 0) {
        jkv_str(b, key, strcmp(key, "dst") == 0 ? "default" : "all");
        return;
    }
    const char *address = a ? address_text(family, na_data(a), na_len(a)) : family == AF_INET ? "0.0.0.0" : "::";
    if (len < full)
        snprintf(text, sizeof text, "%s/%u", address, len);
    else
        snprintf(text, sizeof text, "%s", address);
    jkv_str(b, key, text);
}

static void route_flags(struct buf *b, unsigned f)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{RTNH_F_DEAD, "dead"}, {RTNH_F_ONLINK, "onlink"}, {RTNH_F_PERVASIVE, "pervasive"},
                 {RTNH_F_OFFLOAD, "offload"}, {RTNH_F_TRAP, "trap"}, {RTNH_F_LINKDOWN, "linkdown"},
                 {RTNH_F_UNRESOLVED, "unresolved"}};
    jkey(b, "flags");
    buf_ch(b, '[');
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (f & names[i].bit) {
            jsep(b);
            jstr(b, names[i].name);
        }
    buf_ch(b, ']');
}

static void encap(struct buf *b, const struct nlattr *type)
{
    static const char *names[] = {"none", "mpls", "ip", "ila", "ip6", "seg6", "bpf", "seg6local", "rpl", "ioam6"};
    uint16_t t = na_u16(type);
    jkv_str(b, "encap", t < sizeof names / sizeof *names ? names[t] : "unknown");
}

static void gateway(struct buf *b, int family, const struct nlattr **tb)
{
    if (tb[RTA_GATEWAY])
        jkv_str(b, "gateway", address_text(family, na_data(tb[RTA_GATEWAY]), na_len(tb[RTA_GATEWAY])));
    if (tb[RTA_VIA]) {
        const struct rtvia *via = na_data(tb[RTA_VIA]);
        jkey(b, "via");
        buf_ch(b, '{');
        jkv_str(b, "family", via->rtvia_family == AF_INET6 ? "inet6" : "inet");
        jkv_str(b, "host", address_text(via->rtvia_family, via->rtvia_addr, na_len(tb[RTA_VIA]) - sizeof *via));
        buf_ch(b, '}');
    }
}

/* Realms: the destination's in the lower half, the source's in the upper one (iproute2's print_rta_flow). */
static void flow(struct buf *b, const struct nlattr *a)
{
    uint32_t realms = na_u32(a);
    char text[8];
    jkey(b, "flow");
    buf_ch(b, '{');
    if (realms >> 16) {
        snprintf(text, sizeof text, "%u", realms >> 16);
        jkv_str(b, "from", text);
    }
    snprintf(text, sizeof text, "%u", realms & 0xffff);
    jkv_str(b, "to", text);
    buf_ch(b, '}');
}

static void metrics(struct buf *b, const struct nlattr *a)
{
    static const char *names[] = {NULL, "lock", "mtu", "window", "rtt", "rttvar", "ssthresh", "cwnd", "advmss",
                                  "reordering", "hoplimit", "initcwnd", "features", "rto_min", "initrwnd", "quickack"};
    const struct nlattr *t[RTAX_MAX + 1];
    nl_attrs(na_data(a), na_len(a), t, RTAX_MAX);
    uint32_t lock = t[RTAX_LOCK] ? na_u32(t[RTAX_LOCK]) : 0;
    jkey(b, "metrics");
    buf_str(b, "[{");
    for (unsigned i = 2; i < sizeof names / sizeof *names && i <= RTAX_MAX; i++)
        if (t[i]) {
            jkv_num(b, names[i], na_u32(t[i]));
            if (lock & (1u << i)) {
                char key[24];
                snprintf(key, sizeof key, "%s_lock", names[i]);
                jkv_bool(b, key, true);
            }
        }
    buf_str(b, "}]");
}

static void nexthops(struct out *o, const struct nlattr *a)
{
    struct buf *b = o->b;
    size_t left = na_len(a);
    const struct rtnexthop *nh = na_data(a);
    jkey(b, "nexthops");
    buf_ch(b, '[');
    while (left >= sizeof *nh && nh->rtnh_len >= sizeof *nh && nh->rtnh_len <= left) {
        const struct nlattr *t[RTA_MAX + 1];
        nl_attrs(RTNH_DATA(nh), nh->rtnh_len - sizeof *nh, t, RTA_MAX);
        jsep(b);
        buf_ch(b, '{');
        if (t[RTA_ENCAP_TYPE]) encap(b, t[RTA_ENCAP_TYPE]);
        gateway(b, o->family, t);
        if (t[RTA_FLOW]) flow(b, t[RTA_FLOW]);
        if (nh->rtnh_ifindex) jkv_str(b, "dev", link_label(o->c, nh->rtnh_ifindex));
        jkv_num(b, "weight", nh->rtnh_hops + 1);
        route_flags(b, nh->rtnh_flags);
        buf_ch(b, '}');
        size_t step = RTNH_ALIGN(nh->rtnh_len);
        left = step < left ? left - step : 0;
        nh = (const struct rtnexthop *)((const char *)nh + step);
    }
    buf_ch(b, ']');
}

static void each_route(const struct nlmsghdr *h, void *arg)
{
    struct out *o = arg;
    struct buf *b = o->b;
    const struct rtmsg *m = NLMSG_DATA(h);
    if (h->nlmsg_type != RTM_NEWROUTE || m->rtm_family != o->family || (m->rtm_flags & RTM_F_CLONED))
        return;
    const struct nlattr *tb[RTA_MAX + 1];
    nl_attrs(NL_BODY(h, struct rtmsg), NL_BODY_LEN(h, struct rtmsg), tb, RTA_MAX);
    jsep(b);
    buf_ch(b, '{');
    jkv_str(b, "type", route_type(m->rtm_type));
    prefix(b, "dst", o->family, tb[RTA_DST], m->rtm_dst_len);
    if (tb[RTA_SRC] || m->rtm_src_len) prefix(b, "from", o->family, tb[RTA_SRC], m->rtm_src_len);
    if (m->rtm_tos) {
        char tos[8];
        snprintf(tos, sizeof tos, "0x%02x", m->rtm_tos);
        jkv_str(b, "tos", tos);
    }
    if (tb[RTA_NH_ID]) jkv_num(b, "nhid", na_u32(tb[RTA_NH_ID]));
    if (tb[RTA_ENCAP_TYPE]) encap(b, tb[RTA_ENCAP_TYPE]);
    gateway(b, o->family, tb);
    if (tb[RTA_OIF]) jkv_str(b, "dev", link_label(o->c, (int)na_u32(tb[RTA_OIF])));
    jkv_str(b, "table", table_name(tb[RTA_TABLE] ? na_u32(tb[RTA_TABLE]) : m->rtm_table));
    jkv_str(b, "protocol", protocol_name(m->rtm_protocol));
    jkv_str(b, "scope", scope_name(m->rtm_scope));
    if (tb[RTA_FLOW]) flow(b, tb[RTA_FLOW]);
    if (tb[RTA_PREFSRC])
        jkv_str(b, "prefsrc", address_text(o->family, na_data(tb[RTA_PREFSRC]), na_len(tb[RTA_PREFSRC])));
    if (tb[RTA_PRIORITY]) jkv_num(b, "metric", na_u32(tb[RTA_PRIORITY]));
    route_flags(b, m->rtm_flags);
    if (tb[RTA_METRICS]) metrics(b, tb[RTA_METRICS]);
    if (tb[RTA_PREF]) {
        uint8_t p = na_u8(tb[RTA_PREF]);
        jkv_str(b, "pref", p == 0 ? "medium" : p == 1 ? "high" : p == 3 ? "low" : "unknown");
    }
    if (tb[RTA_MULTIPATH]) nexthops(o, tb[RTA_MULTIPATH]);
    buf_ch(b, '}');
}

static int routes(struct ctx *c, struct buf *out, int family)
{
    struct nl_req r;
    struct rtmsg m = {.rtm_family = (unsigned char)family};
    buf_ch(out, '[');
    struct out o = {c, out, out->len, family};
    nl_begin(&r, RTM_GETROUTE, NLM_F_DUMP, &m, sizeof m);
    int e = nl_ask(c->rtnl, r.h, each_route, restart, &o);
    if (e)
        return missing(c, "rtnetlink routes: %s", strerror(-e));
    buf_str(out, "]\n");
    return 0;
}
int section_route4(struct ctx *c, struct buf *out) { return routes(c, out, AF_INET); }
int section_route6(struct ctx *c, struct buf *out) { return routes(c, out, AF_INET6); }

static void rule_prefix(struct buf *b, const char *key, const char *len_key, int family, const struct nlattr *a, unsigned len)
{
    jkv_str(b, key, a ? address_text(family, na_data(a), na_len(a)) : family == AF_INET ? "0.0.0.0" : "::");
    if (len != (family == AF_INET ? 32 : 128))
        jkv_num(b, len_key, len);
}

static void port_range(struct buf *b, const char *key, const struct nlattr *a)
{
    const struct fib_rule_port_range *r = na_data(a);
    char name[24];
    if (na_len(a) < sizeof *r)
        return;
    if (r->start == r->end) {
        jkv_num(b, key, r->start);
        return;
    }
    snprintf(name, sizeof name, "%s_start", key);
    jkv_num(b, name, r->start);
    snprintf(name, sizeof name, "%s_end", key);
    jkv_num(b, name, r->end);
}

/* Selectors that are newer than the headers this is built with (Linux 6.14 and 6.16). */
enum { RULE_DSCP = 25, RULE_FLOWLABEL, RULE_FLOWLABEL_MASK, RULE_SPORT_MASK, RULE_DPORT_MASK, RULE_DSCP_MASK, RULE_KNOWN };

static void hex(struct buf *b, const char *key, uint32_t v)
{
    char text[16];
    snprintf(text, sizeof text, "0x%x", v);
    jkv_str(b, key, text);
}

static const char *ip_protocol(uint8_t p)
{
    static char number[8];
    switch (p) {
    case IPPROTO_ICMP: return "icmp";
    case IPPROTO_TCP: return "tcp";
    case IPPROTO_UDP: return "udp";
    case IPPROTO_ICMPV6: return "ipv6-icmp";
    case IPPROTO_SCTP: return "sctp";
    default: snprintf(number, sizeof number, "%u", p); return number;
    }
}

static void each_rule(const struct nlmsghdr *h, void *arg)
{
    struct out *o = arg;
    struct buf *b = o->b;
    const struct fib_rule_hdr *m = NLMSG_DATA(h);
    if (h->nlmsg_type != RTM_NEWRULE || m->family != o->family)
        return;
    enum { MOST = 63 }; /* more than are known, so that an unknown one is seen */
    const struct nlattr *tb[MOST + 1];
    nl_attrs(NL_BODY(h, struct fib_rule_hdr), NL_BODY_LEN(h, struct fib_rule_hdr), tb, MOST);
    jsep(b);
    buf_ch(b, '{');
    jkv_num(b, "priority", tb[FRA_PRIORITY] ? na_u32(tb[FRA_PRIORITY]) : 0);
    if (m->flags & FIB_RULE_INVERT) jkv_null(b, "not");
    if (tb[FRA_SRC] || m->src_len)
        rule_prefix(b, "src", "srclen", o->family, tb[FRA_SRC], m->src_len);
    else
        jkv_str(b, "src", "all");
    if (tb[FRA_DST] || m->dst_len) rule_prefix(b, "dst", "dstlen", o->family, tb[FRA_DST], m->dst_len);
    if (m->tos) {
        char tos[8];
        snprintf(tos, sizeof tos, "0x%02x", m->tos);
        jkv_str(b, "tos", tos);
    }
    if (tb[FRA_FWMARK] || tb[FRA_FWMASK]) {
        hex(b, "fwmark", tb[FRA_FWMARK] ? na_u32(tb[FRA_FWMARK]) : 0);
        if (tb[FRA_FWMASK] && na_u32(tb[FRA_FWMASK]) != 0xffffffff)
            hex(b, "fwmask", na_u32(tb[FRA_FWMASK]));
    }
    if (tb[FRA_IIFNAME]) {
        jkv_str(b, "iif", na_str(tb[FRA_IIFNAME]));
        if (m->flags & FIB_RULE_IIF_DETACHED) jkv_null(b, "iif_detached");
    }
    if (tb[FRA_OIFNAME]) {
        jkv_str(b, "oif", na_str(tb[FRA_OIFNAME]));
        if (m->flags & FIB_RULE_OIF_DETACHED) jkv_null(b, "oif_detached");
    }
    if (tb[RULE_DSCP]) jkv_num(b, "dscp", na_u8(tb[RULE_DSCP]));
    if (tb[RULE_DSCP_MASK]) hex(b, "dscp_mask", na_u8(tb[RULE_DSCP_MASK]));
    if (tb[FRA_TUN_ID]) jkv_null(b, "tun_id");
    if (tb[RULE_FLOWLABEL] || tb[RULE_FLOWLABEL_MASK]) jkv_null(b, "flowlabel");
    if (tb[RULE_SPORT_MASK] && na_u16(tb[RULE_SPORT_MASK]) != 0xffff) jkv_null(b, "sport_mask");
    if (tb[RULE_DPORT_MASK] && na_u16(tb[RULE_DPORT_MASK]) != 0xffff) jkv_null(b, "dport_mask");
    for (int i = RULE_KNOWN; i <= MOST; i++)
        if (tb[i]) {
            jkv_num(b, "selector", i);
            break;
        }
    if (tb[FRA_L3MDEV] && na_u8(tb[FRA_L3MDEV])) jkv_null(b, "l3mdev");
    if (tb[FRA_UID_RANGE]) {
        const struct fib_rule_uid_range *r = na_data(tb[FRA_UID_RANGE]);
        jkv_num(b, "uid_start", r->start);
        jkv_num(b, "uid_end", r->end);
    }
    if (tb[FRA_IP_PROTO]) jkv_str(b, "ipproto", ip_protocol(na_u8(tb[FRA_IP_PROTO])));
    if (tb[FRA_SPORT_RANGE]) port_range(b, "sport", tb[FRA_SPORT_RANGE]);
    if (tb[FRA_DPORT_RANGE]) port_range(b, "dport", tb[FRA_DPORT_RANGE]);
    uint32_t table = tb[FRA_TABLE] ? na_u32(tb[FRA_TABLE]) : m->table;
    if (table) {
        jkv_str(b, "table", table_name(table));
        if (tb[FRA_SUPPRESS_PREFIXLEN] && (int32_t)na_u32(tb[FRA_SUPPRESS_PREFIXLEN]) != -1)
            jkv_num(b, "suppress_prefixlen", (int32_t)na_u32(tb[FRA_SUPPRESS_PREFIXLEN]));
        if (tb[FRA_SUPPRESS_IFGROUP] && (int32_t)na_u32(tb[FRA_SUPPRESS_IFGROUP]) != -1)
            jkv_num(b, "suppress_ifgroup", (int32_t)na_u32(tb[FRA_SUPPRESS_IFGROUP]));
    }
    if (tb[FRA_FLOW]) flow(b, tb[FRA_FLOW]);
    if (m->action == FR_ACT_GOTO) {
        if (tb[FRA_GOTO])
            jkv_num(b, "goto", na_u32(tb[FRA_GOTO]));
        else
            jkv_str(b, "goto", "none");
        if (m->flags & FIB_RULE_UNRESOLVED) jkv_null(b, "unresolved");
    } else if (m->action == FR_ACT_NOP)
        jkv_null(b, "nop");
    else if (m->action != FR_ACT_TO_TBL)
        jkv_str(b, "action", route_type(m->action));
    if (tb[FRA_PROTOCOL]) jkv_str(b, "protocol", protocol_name(na_u8(tb[FRA_PROTOCOL])));
    buf_ch(b, '}');
}

static int rules(struct ctx *c, struct buf *out, int family)
{
    struct nl_req r;
    struct fib_rule_hdr m = {.family = (uint8_t)family};
    buf_ch(out, '[');
    struct out o = {c, out, out->len, family};
    nl_begin(&r, RTM_GETRULE, NLM_F_DUMP, &m, sizeof m);
    int e = nl_ask(c->rtnl, r.h, each_rule, restart, &o);
    /* A kernel without IPv6 (or without policy rules) has none. */
    if (e && e != -EOPNOTSUPP && e != -EAFNOSUPPORT)
        return missing(c, "rtnetlink rules: %s", strerror(-e));
    buf_str(out, "]\n");
    return 0;
}
int section_rule4(struct ctx *c, struct buf *out) { return rules(c, out, AF_INET); }
int section_rule6(struct ctx *c, struct buf *out) { return rules(c, out, AF_INET6); }
