/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matches and targets of x_tables that come through nft_compat as the kernel's binary structs (linux/netfilter/xt_*.h,
 * whose layout is ABI), printed as their `save` functions print them. What is not listed here, or has an option that is
 * not, returns -1: the whole ruleset is then left to iptables-nft-save.
 */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_MARK.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_comment.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_recent.h>
#include <linux/netfilter/xt_statistic.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <linux/netfilter_ipv6/ip6t_REJECT.h>
#include <string.h>

#include "nft_rule.h"

#define STRUCT(type, name)                                                                                            \
    if (n < sizeof(type))                                                                                             \
        return -1;                                                                                                    \
    const type *name = info

void xt_quoted(struct buf *out, const char *text)
{
    static const char plain[] = "_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t n = strspn(text, plain);
    if (n > 0 && text[n] == 0) {
        buf_fmt(out, " %s", text);
        return;
    }
    buf_str(out, " \"");
    for (; *text; text++) {
        if (strchr("\"\\'", *text))
            buf_ch(out, '\\');
        buf_ch(out, *text);
    }
    buf_ch(out, '"');
}

void xt_mark_text(struct buf *out, uint32_t mark, uint32_t mask)
{
    if (mask != 0xffffffff)
        buf_fmt(out, " 0x%x/0x%x", mark, mask);
    else
        buf_fmt(out, " 0x%x", mark);
}

static const char *not(bool negate) { return negate ? " !" : ""; }

static void port_option(struct buf *out, const char *option, const uint16_t *p, bool negate)
{
    if (p[0] == 0 && p[1] == 0xffff)
        return;
    buf_fmt(out, "%s --%s %u", not(negate), option, p[0]);
    if (p[0] != p[1])
        buf_fmt(out, ":%u", p[1]);
}

static int tcp(struct buf *out, const void *info, size_t n)
{
    STRUCT(struct xt_tcp, t);
    if (t->option || t->flg_mask || t->invflags & (XT_TCP_INV_FLAGS | XT_TCP_INV_OPTION))
        return -1;
    port_option(out, "sport", t->spts, t->invflags & XT_TCP_INV_SRCPT);
    port_option(out, "dport", t->dpts, t->invflags & XT_TCP_INV_DSTPT);
    return 0;
}

static int udp(struct buf *out, const void *info, size_t n)
{
    STRUCT(struct xt_udp, u);
    port_option(out, "sport", u->spts, u->invflags & XT_UDP_INV_SRCPT);
    port_option(out, "dport", u->dpts, u->invflags & XT_UDP_INV_DSTPT);
    return 0;
}

static int comment(struct buf *out, const void *info, size_t n)
{
    STRUCT(struct xt_comment_info, c);
    if (!memchr(c->comment, 0, sizeof c->comment))
        return -1;
    buf_str(out, " --comment");
    xt_quoted(out, c->comment);
    return 0;
}

static int conntrack(struct buf *out, const void *info, size_t n)
{
    static const struct {
        uint16_t bit;
        const char *name;
    } states[] = {{XT_CONNTRACK_STATE_INVALID, "INVALID"}, {XT_CONNTRACK_STATE_BIT(IP_CT_NEW), "NEW"},
                  {XT_CONNTRACK_STATE_BIT(IP_CT_RELATED), "RELATED"},
                  {XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED), "ESTABLISHED"},
                  {XT_CONNTRACK_STATE_UNTRACKED, "UNTRACKED"}, {XT_CONNTRACK_STATE_SNAT, "SNAT"},
                  {XT_CONNTRACK_STATE_DNAT, "DNAT"}};
    STRUCT(struct xt_conntrack_mtinfo3, c);
    uint16_t left = c->state_mask;
    if (c->match_flags != XT_CONNTRACK_STATE || (c->invert_flags & ~XT_CONNTRACK_STATE))
        return -1;
    buf_fmt(out, "%s --ctstate ", not(c->invert_flags & XT_CONNTRACK_STATE));
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (left & states[i].bit) {
            buf_fmt(out, "%s%s", left == c->state_mask ? "" : ",", states[i].name);
            left &= (uint16_t)~states[i].bit;
        }
    return left || !c->state_mask ? -1 : 0;
}

static void address_types(struct buf *out, uint16_t mask)
{
    static const char *const names[] = {"UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST",
                                        "BLACKHOLE", "UNREACHABLE", "PROHIBIT", "THROW", "NAT", "XRESOLVE"};
    const char *separator = "";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (mask & (1u << i)) {
            buf_fmt(out, "%s%s", separator, names[i]);
            separator = ",";
        }
}

static int addrtype(struct buf *out, const void *info, size_t n)
{
    STRUCT(struct xt_addrtype_info_v1, a);
    if (a->source) {
        buf_fmt(out, "%s --src-type ", not(a->flags & XT_ADDRTYPE_INVERT_SOURCE));
        address_types(out, a->source);
    }
    if (a->dest) {
        buf_fmt(out, "%s --dst-type ", not(a->flags & XT_ADDRTYPE_INVERT_DEST));
        address_types(out, a->dest);
    }
    if (a->flags & XT_ADDRTYPE_LIMIT_IFACE_IN) buf_str(out, " --limit-iface-in");
    if (a->flags & XT_ADDRTYPE_LIMIT_IFACE_OUT) buf_str(out, " --limit-iface-out");
    return 0;
}

static int statistic(struct buf *out, const void *info, size_t n)
{
    STRUCT(struct xt_statistic_info, s);
    if (s->mode == XT_STATISTIC_MODE_RANDOM)
        buf_fmt(out, " --mode random%s --probability %.11f", not(s->flags & XT_STATISTIC_INVERT),
                1.0 * s->u.random.probability / 0x80000000);
    else if (s->mode == XT_STATISTIC_MODE_NTH)
        buf_fmt(out, " --mode nth%s --every %u --packet %u", not(s->flags & XT_STATISTIC_INVERT), s->u.nth.every + 1,
                s->u.nth.packet);
    else
        return -1;
    return 0;
}

static int multiport(struct buf *out, const void *info, size_t n)
{
    static const char *const options[] = {"sports", "dports", "ports"};
    STRUCT(struct xt_multiport_v1, m);
    if (m->flags > 2 || m->count == 0 || m->count > XT_MULTI_PORTS)
        return -1;
    buf_fmt(out, "%s --%s ", not(m->invert), options[m->flags]);
    for (int i = 0; i < m->count; i++) {
        buf_fmt(out, "%s%u", i ? "," : "", m->ports[i]);
        if (m->pflags[i] && i + 1 < m->count) {
            i++;
            buf_fmt(out, ":%u", m->ports[i]);
        }
    }
    return 0;
}

static int recent(struct buf *out, int family, const void *info, size_t n)
{
    char mask[INET6_ADDRSTRLEN];
    STRUCT(struct xt_recent_mtinfo_v1, r);
    if (!memchr(r->name, 0, sizeof r->name))
        return -1;
    buf_str(out, not(r->invert));
    if (r->check_set & XT_RECENT_SET) buf_str(out, " --set");
    if (r->check_set & XT_RECENT_CHECK) buf_str(out, " --rcheck");
    if (r->check_set & XT_RECENT_UPDATE) buf_str(out, " --update");
    if (r->check_set & XT_RECENT_REMOVE) buf_str(out, " --remove");
    if (r->seconds) buf_fmt(out, " --seconds %u", r->seconds);
    if (r->check_set & XT_RECENT_REAP) buf_str(out, " --reap");
    if (r->hit_count) buf_fmt(out, " --hitcount %u", r->hit_count);
    if (r->check_set & XT_RECENT_TTL) buf_str(out, " --rttl");
    buf_fmt(out, " --name %s", r->name);
    inet_ntop(family == NFPROTO_IPV4 ? AF_INET : AF_INET6, &r->mask, mask, sizeof mask);
    buf_fmt(out, " --mask %s", mask);
    buf_str(out, r->side == XT_RECENT_SOURCE ? " --rsource" : " --rdest");
    return 0;
}

static int mark(struct buf *out, const void *info, size_t n)
{
    STRUCT(struct xt_mark_mtinfo1, m);
    buf_fmt(out, "%s --mark", not(m->invert));
    xt_mark_text(out, m->mark, m->mask);
    return 0;
}

static int icmp(struct buf *out, const void *info, size_t n, const char *option)
{
    /* struct ipt_icmp and struct ip6t_icmp are alike: type, codes, inverted. */
    STRUCT(struct ipt_icmp, i);
    if (i->invflags & ~1)
        return -1;
    if (i->type == 0xff)
        return -1;
    buf_fmt(out, "%s --%s %u", not(i->invflags), option, i->type);
    if (i->code[0] == 0 && i->code[1] == 0xff)
        return 0;
    if (i->code[0] != i->code[1])
        return -1;
    buf_fmt(out, "/%u", i->code[0]);
    return 0;
}

int xt_match_text(struct buf *out, int family, const char *name, uint32_t revision, const void *info, size_t n)
{
#define IS(text, rev) (strcmp(name, text) == 0 && revision == (rev))
    if (IS("comment", 0)) return comment(out, info, n);
    if (IS("tcp", 0)) return tcp(out, info, n);
    if (IS("udp", 0)) return udp(out, info, n);
    if (IS("conntrack", 3)) return conntrack(out, info, n);
    if (IS("addrtype", 1)) return addrtype(out, info, n);
    if (IS("statistic", 0)) return statistic(out, info, n);
    if (IS("multiport", 1)) return multiport(out, info, n);
    if (IS("recent", 1)) return recent(out, family, info, n);
    if (IS("mark", 1)) return mark(out, info, n);
    if (IS("icmp", 0)) return icmp(out, info, n, "icmp-type");
    if (IS("icmp6", 0)) return icmp(out, info, n, "icmpv6-type");
    return -1;
}

struct nat {
    int family;
    uint32_t flags;
    const void *min, *max;
    uint16_t from, to, base;
};

static void nat_to(struct buf *out, const struct nat *r)
{
    char text[INET6_ADDRSTRLEN];
    int af = r->family == NFPROTO_IPV4 ? AF_INET : AF_INET6;
    size_t n = af == AF_INET ? 4 : 16;
    bool ports = r->flags & NF_NAT_RANGE_PROTO_SPECIFIED;
    if (r->flags & NF_NAT_RANGE_MAP_IPS) {
        bool bracket = af == AF_INET6 && ports;
        inet_ntop(af, r->min, text, sizeof text);
        buf_fmt(out, "%s%s", bracket ? "[" : "", text);
        if (memcmp(r->min, r->max, n) != 0) {
            inet_ntop(af, r->max, text, sizeof text);
            buf_fmt(out, "-%s", text);
        }
        if (bracket) buf_ch(out, ']');
    }
    if (ports) {
        buf_fmt(out, ":%u", r->from);
        if (r->to != r->from) buf_fmt(out, "-%u", r->to);
        if (r->flags & NF_NAT_RANGE_PROTO_OFFSET) buf_fmt(out, "/%u", r->base);
    }
}

static void nat_flags(struct buf *out, uint32_t flags)
{
    if (flags & NF_NAT_RANGE_PROTO_RANDOM) buf_str(out, " --random");
    if (flags & NF_NAT_RANGE_PROTO_RANDOM_FULLY) buf_str(out, " --random-fully");
    if (flags & NF_NAT_RANGE_PERSISTENT) buf_str(out, " --persistent");
}

#define NAT_FLAGS                                                                                                     \
    (NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED | NF_NAT_RANGE_PROTO_RANDOM | NF_NAT_RANGE_PERSISTENT |       \
     NF_NAT_RANGE_PROTO_RANDOM_FULLY | NF_NAT_RANGE_PROTO_OFFSET)

/* Revision 0 of the IPv4 targets has the old struct, IPv6 and later revisions the range with any address. */
static int nat_range(struct nat *r, int family, uint32_t revision, const void *info, size_t n)
{
    r->family = family;
    if (family == NFPROTO_IPV4 && revision == 0) {
        STRUCT(struct nf_nat_ipv4_multi_range_compat, m);
        const struct nf_nat_ipv4_range *one = &m->range[0];
        if (m->rangesize != 1)
            return -1;
        *r = (struct nat){family, one->flags, &one->min_ip, &one->max_ip, ntohs(one->min.all), ntohs(one->max.all), 0};
    } else if (revision == 2) {
        STRUCT(struct nf_nat_range2, two);
        *r = (struct nat){family, two->flags, &two->min_addr, &two->max_addr, ntohs(two->min_proto.all),
                          ntohs(two->max_proto.all), ntohs(two->base_proto.all)};
    } else {
        STRUCT(struct nf_nat_range, one);
        *r = (struct nat){family, one->flags, &one->min_addr, &one->max_addr, ntohs(one->min_proto.all),
                          ntohs(one->max_proto.all), 0};
    }
    return r->flags & ~(uint32_t)NAT_FLAGS ? -1 : 0;
}

static int reject(struct buf *out, int family, const void *info, size_t n)
{
    static const char *const four[] = {"icmp-net-unreachable", "icmp-host-unreachable", "icmp-proto-unreachable",
                                       "icmp-port-unreachable", NULL, "icmp-net-prohibited", "icmp-host-prohibited",
                                       "tcp-reset", "icmp-admin-prohibited"};
    static const char *const six[] = {"icmp6-no-route", "icmp6-adm-prohibited", NULL, "icmp6-addr-unreachable",
                                      "icmp6-port-unreachable", NULL, "tcp-reset", "icmp6-policy-fail",
                                      "icmp6-reject-route"};
    STRUCT(struct ipt_reject_info, r);
    unsigned with = (unsigned)r->with;
    const char *name = with > 8 ? NULL : family == NFPROTO_IPV4 ? four[with] : six[with];
    if (!name)
        return -1;
    buf_fmt(out, " --reject-with %s", name);
    return 0;
}

int xt_target_text(struct buf *out, int family, const char *name, uint32_t revision, const void *info, size_t n)
{
    struct nat r;
    bool six = family == NFPROTO_IPV6;
    if (IS("MARK", 2)) {
        STRUCT(struct xt_mark_tginfo2, m);
        buf_fmt(out, " --set-xmark 0x%x/0x%x", m->mark, m->mask);
        return 0;
    }
    if (IS("REJECT", 0))
        return reject(out, family, info, n);
    if (IS("MASQUERADE", 0)) {
        if (nat_range(&r, family, six ? 1 : 0, info, n) || r.flags & NF_NAT_RANGE_MAP_IPS)
            return -1;
        if (r.flags & NF_NAT_RANGE_PROTO_SPECIFIED) {
            buf_fmt(out, " --to-ports %u", r.from);
            if (r.to != r.from) buf_fmt(out, "-%u", r.to);
        }
        nat_flags(out, r.flags);
        return 0;
    }
    if (strcmp(name, "DNAT") == 0 && revision <= 2) {
        if (nat_range(&r, family, six && revision == 0 ? 1 : revision, info, n))
            return -1;
        buf_str(out, " --to-destination ");
        nat_to(out, &r);
        nat_flags(out, r.flags);
        return 0;
    }
    if (strcmp(name, "SNAT") == 0 && revision <= 1) {
        if (nat_range(&r, family, six ? 1 : revision, info, n))
            return -1;
        buf_str(out, " --to-source ");
        nat_to(out, &r);
        nat_flags(out, r.flags);
        return 0;
    }
    return -1;
}
