/* SPDX-License-Identifier: Apache-2.0 */
/* RTM_GETLINK and RTM_GETADDR in the form of `ip -j -d link show` and `ip -j address show` (fields that the model reads). */
#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../context.h"

#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif
#define IFF_LOWER_UP_ (1 << 16)
#define IFF_DORMANT_ (1 << 17)
#define IFF_ECHO_ (1 << 18)

struct pending { /* one link, until all names are known */
    struct nlmsghdr *h;
};
struct gather {
    struct ctx *c;
    struct pending *link;
    size_t n_link, cap_link;
    struct pending *addr;
    size_t n_addr, cap_addr;
};

static void keep(struct pending **list, size_t *n, size_t *cap, const struct nlmsghdr *h)
{
    if (*n == *cap) {
        *cap = *cap ? *cap * 2 : 64;
        *list = realloc(*list, *cap * sizeof **list);
        if (!*list)
            _Exit(70);
    }
    struct nlmsghdr *copy = malloc(h->nlmsg_len);
    if (!copy)
        _Exit(70);
    memcpy(copy, h, h->nlmsg_len);
    (*list)[(*n)++].h = copy;
}

static void forget(struct pending *list, size_t *n)
{
    for (size_t i = 0; i < *n; i++)
        free(list[i].h);
    *n = 0;
}

static void each_link(const struct nlmsghdr *h, void *arg)
{
    struct gather *g = arg;
    if (h->nlmsg_type == RTM_NEWLINK)
        keep(&g->link, &g->n_link, &g->cap_link, h);
}
static void restart_link(void *arg) { forget(((struct gather *)arg)->link, &((struct gather *)arg)->n_link); }
static void each_addr(const struct nlmsghdr *h, void *arg)
{
    struct gather *g = arg;
    if (h->nlmsg_type == RTM_NEWADDR)
        keep(&g->addr, &g->n_addr, &g->cap_addr, h);
}
static void restart_addr(void *arg) { forget(((struct gather *)arg)->addr, &((struct gather *)arg)->n_addr); }

static void copy_conf(const struct nlattr *a, int32_t *to, int max, int *n)
{
    int count = (int)(na_len(a) / 4);
    *n = count < max ? count : max;
    memcpy(to, na_data(a), (size_t)*n * 4);
}

static void register_link(struct ctx *c, const struct nlmsghdr *h)
{
    const struct ifinfomsg *m = NLMSG_DATA(h);
    const struct nlattr *tb[IFLA_MAX + 1];
    nl_attrs(NL_BODY(h, struct ifinfomsg), NL_BODY_LEN(h, struct ifinfomsg), tb, IFLA_MAX);
    if (c->n_links == c->cap_links) {
        c->cap_links = c->cap_links ? c->cap_links * 2 : 32;
        c->links = realloc(c->links, c->cap_links * sizeof *c->links);
        if (!c->links)
            _Exit(70);
    }
    struct link *l = &c->links[c->n_links++];
    memset(l, 0, sizeof *l);
    l->ifindex = m->ifi_index;
    if (tb[IFLA_IFNAME])
        snprintf(l->name, sizeof l->name, "%.16s", na_str(tb[IFLA_IFNAME]));
    if (tb[IFLA_XDP]) {
        const struct nlattr *x[IFLA_XDP_MAX + 1];
        nl_attrs(na_data(tb[IFLA_XDP]), na_len(tb[IFLA_XDP]), x, IFLA_XDP_MAX);
        if (x[IFLA_XDP_PROG_ID])
            l->xdp_prog = na_u32(x[IFLA_XDP_PROG_ID]);
    }
    if (tb[IFLA_AF_SPEC]) {
        const struct nlattr *f[AF_INET6 + 1];
        nl_attrs(na_data(tb[IFLA_AF_SPEC]), na_len(tb[IFLA_AF_SPEC]), f, AF_INET6);
        if (f[AF_INET]) {
            const struct nlattr *i[IFLA_INET_MAX + 1];
            nl_attrs(na_data(f[AF_INET]), na_len(f[AF_INET]), i, IFLA_INET_MAX);
            if (i[IFLA_INET_CONF])
                copy_conf(i[IFLA_INET_CONF], l->conf4, INET_CONF_MAX, &l->n4);
        }
        if (f[AF_INET6]) {
            const struct nlattr *i[IFLA_INET6_MAX + 1];
            nl_attrs(na_data(f[AF_INET6]), na_len(f[AF_INET6]), i, IFLA_INET6_MAX);
            if (i[IFLA_INET6_CONF])
                copy_conf(i[IFLA_INET6_CONF], l->conf6, INET6_CONF_MAX, &l->n6);
        }
    }
}

/* Order and names of iproute2's print_link_flags. */
static void flags(struct buf *b, unsigned f)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{IFF_LOOPBACK, "LOOPBACK"}, {IFF_BROADCAST, "BROADCAST"}, {IFF_POINTOPOINT, "POINTOPOINT"},
                 {IFF_MULTICAST, "MULTICAST"}, {IFF_NOARP, "NOARP"}, {IFF_ALLMULTI, "ALLMULTI"},
                 {IFF_PROMISC, "PROMISC"}, {IFF_MASTER, "MASTER"}, {IFF_SLAVE, "SLAVE"}, {IFF_DEBUG, "DEBUG"},
                 {IFF_DYNAMIC, "DYNAMIC"}, {IFF_AUTOMEDIA, "AUTOMEDIA"}, {IFF_PORTSEL, "PORTSEL"},
                 {IFF_NOTRAILERS, "NOTRAILERS"}, {IFF_UP, "UP"}, {IFF_LOWER_UP_, "LOWER_UP"},
                 {IFF_DORMANT_, "DORMANT"}, {IFF_ECHO_, "ECHO"}};
    jkey(b, "flags");
    buf_ch(b, '[');
    if ((f & IFF_UP) && !(f & IFF_RUNNING))
        jstr(b, "NO-CARRIER");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (f & names[i].bit) {
            jsep(b);
            jstr(b, names[i].name);
        }
    buf_ch(b, ']');
}

static const char *link_type(unsigned short type)
{
    static char other[16];
    switch (type) {
    case ARPHRD_ETHER: return "ether";
    case ARPHRD_LOOPBACK: return "loopback";
    case ARPHRD_NONE: return "none";
    case ARPHRD_TUNNEL: return "ipip";
    case ARPHRD_TUNNEL6: return "tunnel6";
    case ARPHRD_SIT: return "sit";
    case ARPHRD_IPGRE: return "gre";
    case ARPHRD_IP6GRE: return "gre6";
    case ARPHRD_PPP: return "ppp";
    case ARPHRD_INFINIBAND: return "infiniband";
    default: snprintf(other, sizeof other, "[%u]", type); return other;
    }
}

static void hardware(struct buf *b, const char *key, const struct nlattr *a, unsigned short type)
{
    const uint8_t *p = na_data(a);
    size_t n = na_len(a);
    if (n == 4 && (type == ARPHRD_TUNNEL || type == ARPHRD_SIT || type == ARPHRD_IPGRE)) {
        jkv_str(b, key, address_text(AF_INET, p, 4));
        return;
    }
    if (n == 16 && (type == ARPHRD_TUNNEL6 || type == ARPHRD_IP6GRE)) {
        jkv_str(b, key, address_text(AF_INET6, p, 16));
        return;
    }
    char text[100] = "";
    for (size_t i = 0; i < n && i < 32; i++)
        sprintf(text + strlen(text), "%s%02x", i ? ":" : "", p[i]);
    jkv_str(b, key, text);
}

static void vlan_protocol(struct buf *b, const char *key, uint16_t be)
{
    uint16_t p = ntohs(be);
    char text[16];
    snprintf(text, sizeof text, "0x%x", p);
    jkv_str(b, key, p == 0x8100 ? "802.1Q" : p == 0x88a8 ? "802.1ad" : text);
}

static void info_bridge(struct buf *b, const struct nlattr *d)
{
    const struct nlattr *t[IFLA_BR_MAX + 1];
    nl_attrs(na_data(d), na_len(d), t, IFLA_BR_MAX);
    if (t[IFLA_BR_FORWARD_DELAY]) jkv_num(b, "forward_delay", na_u32(t[IFLA_BR_FORWARD_DELAY]));
    if (t[IFLA_BR_AGEING_TIME]) jkv_num(b, "ageing_time", na_u32(t[IFLA_BR_AGEING_TIME]));
    if (t[IFLA_BR_STP_STATE]) jkv_num(b, "stp_state", na_u32(t[IFLA_BR_STP_STATE]));
    if (t[IFLA_BR_PRIORITY]) jkv_num(b, "priority", na_u16(t[IFLA_BR_PRIORITY]));
    if (t[IFLA_BR_VLAN_FILTERING]) jkv_num(b, "vlan_filtering", na_u8(t[IFLA_BR_VLAN_FILTERING]));
    if (t[IFLA_BR_VLAN_PROTOCOL]) vlan_protocol(b, "vlan_protocol", na_u16(t[IFLA_BR_VLAN_PROTOCOL]));
    if (t[IFLA_BR_VLAN_DEFAULT_PVID]) jkv_num(b, "vlan_default_pvid", na_u16(t[IFLA_BR_VLAN_DEFAULT_PVID]));
    if (t[IFLA_BR_MCAST_SNOOPING]) jkv_num(b, "mcast_snooping", na_u8(t[IFLA_BR_MCAST_SNOOPING]));
    if (t[IFLA_BR_NF_CALL_IPTABLES]) jkv_num(b, "nf_call_iptables", na_u8(t[IFLA_BR_NF_CALL_IPTABLES]));
    if (t[IFLA_BR_NF_CALL_IP6TABLES]) jkv_num(b, "nf_call_ip6tables", na_u8(t[IFLA_BR_NF_CALL_IP6TABLES]));
    if (t[IFLA_BR_NF_CALL_ARPTABLES]) jkv_num(b, "nf_call_arptables", na_u8(t[IFLA_BR_NF_CALL_ARPTABLES]));
}

static void info_bridge_port(struct buf *b, const struct nlattr *d)
{
    static const char *states[] = {"disabled", "listening", "learning", "forwarding", "blocking"};
    static const struct {
        int type;
        const char *key;
    } switches[] = {{IFLA_BRPORT_MODE, "hairpin"}, {IFLA_BRPORT_GUARD, "guard"},
                    {IFLA_BRPORT_PROTECT, "root_block"}, {IFLA_BRPORT_FAST_LEAVE, "fastleave"},
                    {IFLA_BRPORT_LEARNING, "learning"}, {IFLA_BRPORT_UNICAST_FLOOD, "flood"},
                    {IFLA_BRPORT_PROXYARP, "proxy_arp"}, {IFLA_BRPORT_PROXYARP_WIFI, "proxy_arp_wifi"},
                    {IFLA_BRPORT_MCAST_FLOOD, "mcast_flood"}, {IFLA_BRPORT_BCAST_FLOOD, "bcast_flood"},
                    {IFLA_BRPORT_MCAST_TO_UCAST, "mcast_to_unicast"},
                    {IFLA_BRPORT_NEIGH_SUPPRESS, "neigh_suppress"}, {IFLA_BRPORT_VLAN_TUNNEL, "vlan_tunnel"},
                    {IFLA_BRPORT_ISOLATED, "isolated"}, {IFLA_BRPORT_LOCKED, "locked"}};
    const struct nlattr *t[IFLA_BRPORT_MAX + 1];
    nl_attrs(na_data(d), na_len(d), t, IFLA_BRPORT_MAX);
    if (t[IFLA_BRPORT_STATE]) {
        uint8_t s = na_u8(t[IFLA_BRPORT_STATE]);
        jkv_str(b, "state", s < 5 ? states[s] : "unknown");
    }
    if (t[IFLA_BRPORT_PRIORITY]) jkv_num(b, "priority", na_u16(t[IFLA_BRPORT_PRIORITY]));
    if (t[IFLA_BRPORT_COST]) jkv_num(b, "cost", na_u32(t[IFLA_BRPORT_COST]));
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
        if (t[switches[i].type])
            jkv_bool(b, switches[i].key, na_u8(t[switches[i].type]) != 0);
}

static void info_vxlan(struct ctx *c, struct buf *b, const struct nlattr *d)
{
    const struct nlattr *t[IFLA_VXLAN_MAX + 1];
    nl_attrs(na_data(d), na_len(d), t, IFLA_VXLAN_MAX);
    if (t[IFLA_VXLAN_COLLECT_METADATA] && na_u8(t[IFLA_VXLAN_COLLECT_METADATA])) jkv_bool(b, "external", true);
    if (t[IFLA_VXLAN_ID]) jkv_num(b, "id", na_u32(t[IFLA_VXLAN_ID]));
    if (t[IFLA_VXLAN_GROUP]) {
        const uint8_t *a = na_data(t[IFLA_VXLAN_GROUP]);
        if (na_u32(t[IFLA_VXLAN_GROUP]))
            jkv_str(b, (a[0] & 0xf0) == 0xe0 ? "group" : "remote", address_text(AF_INET, a, 4));
    } else if (t[IFLA_VXLAN_GROUP6]) {
        const uint8_t *a = na_data(t[IFLA_VXLAN_GROUP6]);
        if (memcmp(a, &in6addr_any, 16) != 0)
            jkv_str(b, a[0] == 0xff ? "group6" : "remote6", address_text(AF_INET6, a, na_len(t[IFLA_VXLAN_GROUP6])));
    }
    if (t[IFLA_VXLAN_LOCAL]) {
        if (na_u32(t[IFLA_VXLAN_LOCAL]))
            jkv_str(b, "local", address_text(AF_INET, na_data(t[IFLA_VXLAN_LOCAL]), 4));
    } else if (t[IFLA_VXLAN_LOCAL6] && memcmp(na_data(t[IFLA_VXLAN_LOCAL6]), &in6addr_any, 16) != 0)
        jkv_str(b, "local6", address_text(AF_INET6, na_data(t[IFLA_VXLAN_LOCAL6]), na_len(t[IFLA_VXLAN_LOCAL6])));
    if (t[IFLA_VXLAN_LINK] && na_u32(t[IFLA_VXLAN_LINK])) {
        const char *name = link_name(c, (int)na_u32(t[IFLA_VXLAN_LINK]));
        if (name)
            jkv_str(b, "link", name);
        else
            jkv_num(b, "link_index", na_u32(t[IFLA_VXLAN_LINK]));
    }
    if (t[IFLA_VXLAN_PORT]) jkv_num(b, "port", na_be16(t[IFLA_VXLAN_PORT]));
    if (t[IFLA_VXLAN_LEARNING]) jkv_bool(b, "learning", na_u8(t[IFLA_VXLAN_LEARNING]) != 0);
    if (t[IFLA_VXLAN_PROXY] && na_u8(t[IFLA_VXLAN_PROXY])) jkv_bool(b, "proxy", true);
    if (t[IFLA_VXLAN_L2MISS] && na_u8(t[IFLA_VXLAN_L2MISS])) jkv_bool(b, "l2miss", true);
    if (t[IFLA_VXLAN_L3MISS] && na_u8(t[IFLA_VXLAN_L3MISS])) jkv_bool(b, "l3miss", true);
    if (t[IFLA_VXLAN_TTL]) jkv_num(b, "ttl", na_u8(t[IFLA_VXLAN_TTL]));
    if (t[IFLA_VXLAN_TTL_INHERIT] && na_u8(t[IFLA_VXLAN_TTL_INHERIT])) jkv_bool(b, "ttl_inherit", true);
    if (t[IFLA_VXLAN_TOS] && na_u8(t[IFLA_VXLAN_TOS])) jkv_num(b, "tos", na_u8(t[IFLA_VXLAN_TOS]));
    if (t[IFLA_VXLAN_DF]) {
        uint8_t df = na_u8(t[IFLA_VXLAN_DF]);
        jkv_str(b, "df", df == 1 ? "set" : df == 2 ? "inherit" : "unset");
    }
    if (t[IFLA_VXLAN_AGEING]) jkv_num(b, "ageing", na_u32(t[IFLA_VXLAN_AGEING]));
    if (t[IFLA_VXLAN_UDP_CSUM]) jkv_bool(b, "udp_csum", na_u8(t[IFLA_VXLAN_UDP_CSUM]) != 0);
    if (t[IFLA_VXLAN_GBP]) jkv_bool(b, "gbp", true);
    if (t[IFLA_VXLAN_GPE]) jkv_bool(b, "gpe", true);
}

static void info_data(struct ctx *c, struct buf *b, const char *kind, const struct nlattr *d)
{
    size_t before = b->len;
    jkey(b, "info_data");
    buf_ch(b, '{');
    size_t empty = b->len;
    if (strcmp(kind, "bridge") == 0)
        info_bridge(b, d);
    else if (strcmp(kind, "vxlan") == 0)
        info_vxlan(c, b, d);
    else if (strcmp(kind, "macvlan") == 0 || strcmp(kind, "macvtap") == 0) {
        const struct nlattr *t[IFLA_MACVLAN_MAX + 1];
        nl_attrs(na_data(d), na_len(d), t, IFLA_MACVLAN_MAX);
        if (t[IFLA_MACVLAN_MODE]) {
            uint32_t m = na_u32(t[IFLA_MACVLAN_MODE]);
            jkv_str(b, "mode", m == 1 ? "private" : m == 2 ? "vepa" : m == 4 ? "bridge" : m == 8 ? "passthru" : "source");
        }
    } else if (strcmp(kind, "ipvlan") == 0) {
        const struct nlattr *t[IFLA_IPVLAN_MAX + 1];
        nl_attrs(na_data(d), na_len(d), t, IFLA_IPVLAN_MAX);
        if (t[IFLA_IPVLAN_MODE]) {
            uint16_t m = na_u16(t[IFLA_IPVLAN_MODE]);
            jkv_str(b, "mode", m == 0 ? "l2" : m == 1 ? "l3" : "l3s");
        }
    } else if (strcmp(kind, "vlan") == 0) {
        const struct nlattr *t[IFLA_VLAN_MAX + 1];
        nl_attrs(na_data(d), na_len(d), t, IFLA_VLAN_MAX);
        if (t[IFLA_VLAN_PROTOCOL]) vlan_protocol(b, "protocol", na_u16(t[IFLA_VLAN_PROTOCOL]));
        if (t[IFLA_VLAN_ID]) jkv_num(b, "id", na_u16(t[IFLA_VLAN_ID]));
    } else if (strcmp(kind, "tun") == 0) {
        const struct nlattr *t[IFLA_TUN_MAX + 1];
        nl_attrs(na_data(d), na_len(d), t, IFLA_TUN_MAX);
        if (t[IFLA_TUN_TYPE]) jkv_str(b, "type", na_u8(t[IFLA_TUN_TYPE]) == IFF_TUN ? "tun" : "tap");
    } else if (strcmp(kind, "vrf") == 0) {
        const struct nlattr *t[IFLA_VRF_MAX + 1];
        nl_attrs(na_data(d), na_len(d), t, IFLA_VRF_MAX);
        if (t[IFLA_VRF_TABLE]) jkv_num(b, "table", na_u32(t[IFLA_VRF_TABLE]));
    }
    if (b->len == empty) {
        b->len = before;
        b->p[before] = 0;
    } else
        buf_ch(b, '}');
}

static void link_info(struct ctx *c, struct buf *b, const struct nlattr *a)
{
    const struct nlattr *t[IFLA_INFO_MAX + 1];
    nl_attrs(na_data(a), na_len(a), t, IFLA_INFO_MAX);
    jkey(b, "linkinfo");
    buf_ch(b, '{');
    if (t[IFLA_INFO_KIND]) {
        char kind[32];
        snprintf(kind, sizeof kind, "%.31s", na_str(t[IFLA_INFO_KIND]));
        jkv_str(b, "info_kind", kind);
        if (t[IFLA_INFO_DATA])
            info_data(c, b, kind, t[IFLA_INFO_DATA]);
    }
    if (t[IFLA_INFO_SLAVE_KIND]) {
        char kind[32];
        snprintf(kind, sizeof kind, "%.31s", na_str(t[IFLA_INFO_SLAVE_KIND]));
        jkv_str(b, "info_slave_kind", kind);
        if (t[IFLA_INFO_SLAVE_DATA] && strcmp(kind, "bridge") == 0) {
            jkey(b, "info_slave_data");
            buf_ch(b, '{');
            info_bridge_port(b, t[IFLA_INFO_SLAVE_DATA]);
            buf_ch(b, '}');
        }
    }
    buf_ch(b, '}');
}

/* The fields that `ip link` and `ip address` have in common, in iproute2's order. */
static void common(struct ctx *c, struct buf *b, const struct nlmsghdr *h, const struct nlattr **tb)
{
    static const char *operstates[] = {"UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"};
    const struct ifinfomsg *m = NLMSG_DATA(h);
    jkv_num(b, "ifindex", m->ifi_index);
    if (tb[IFLA_LINK]) {
        uint32_t peer = na_u32(tb[IFLA_LINK]);
        if (peer == 0)
            jkv_null(b, "link");
        else if (tb[IFLA_LINK_NETNSID] || !link_name(c, (int)peer))
            jkv_num(b, "link_index", peer);
        else
            jkv_str(b, "link", link_name(c, (int)peer));
    }
    jkv_str(b, "ifname", link_label(c, m->ifi_index));
    flags(b, m->ifi_flags);
    if (tb[IFLA_MTU]) jkv_num(b, "mtu", na_u32(tb[IFLA_MTU]));
    if (tb[IFLA_QDISC]) jkv_str(b, "qdisc", na_str(tb[IFLA_QDISC]));
    if (tb[IFLA_MASTER]) jkv_str(b, "master", link_label(c, (int)na_u32(tb[IFLA_MASTER])));
    if (tb[IFLA_OPERSTATE]) {
        uint8_t s = na_u8(tb[IFLA_OPERSTATE]);
        jkv_str(b, "operstate", s < 7 ? operstates[s] : "UNKNOWN");
    }
    if (tb[IFLA_GROUP]) {
        char group[16];
        snprintf(group, sizeof group, "%u", na_u32(tb[IFLA_GROUP]));
        jkv_str(b, "group", na_u32(tb[IFLA_GROUP]) ? group : "default");
    }
    if (tb[IFLA_TXQLEN]) jkv_num(b, "txqlen", na_u32(tb[IFLA_TXQLEN]));
    jkv_str(b, "link_type", link_type(m->ifi_type));
    if (tb[IFLA_ADDRESS] && na_len(tb[IFLA_ADDRESS])) hardware(b, "address", tb[IFLA_ADDRESS], m->ifi_type);
    if (tb[IFLA_BROADCAST] && na_len(tb[IFLA_BROADCAST]))
        hardware(b, m->ifi_flags & IFF_POINTOPOINT ? "peer" : "broadcast", tb[IFLA_BROADCAST], m->ifi_type);
    if (tb[IFLA_LINK_NETNSID]) {
        int32_t id = (int32_t)na_u32(tb[IFLA_LINK_NETNSID]);
        if (id >= 0)
            jkv_num(b, "link_netnsid", id);
        else
            jkv_null(b, "link_netnsid");
    }
}

static void one_link(struct ctx *c, const struct nlmsghdr *h)
{
    struct buf *b = &c->link_json;
    const struct nlattr *tb[IFLA_MAX + 1];
    nl_attrs(NL_BODY(h, struct ifinfomsg), NL_BODY_LEN(h, struct ifinfomsg), tb, IFLA_MAX);
    jsep(b);
    buf_ch(b, '{');
    common(c, b, h, tb);
    if (tb[IFLA_PROMISCUITY]) jkv_num(b, "promiscuity", na_u32(tb[IFLA_PROMISCUITY]));
    if (tb[IFLA_LINKINFO]) link_info(c, b, tb[IFLA_LINKINFO]);
    if (tb[IFLA_GSO_MAX_SIZE]) jkv_num(b, "gso_max_size", na_u32(tb[IFLA_GSO_MAX_SIZE]));
    buf_ch(b, '}');
}

static void one_address(struct buf *b, const struct nlmsghdr *h)
{
    const struct ifaddrmsg *m = NLMSG_DATA(h);
    const struct nlattr *tb[IFA_MAX + 1];
    nl_attrs(NL_BODY(h, struct ifaddrmsg), NL_BODY_LEN(h, struct ifaddrmsg), tb, IFA_MAX);
    const struct nlattr *local = tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS];
    const struct nlattr *peer = tb[IFA_ADDRESS];
    uint32_t f = tb[IFA_FLAGS] ? na_u32(tb[IFA_FLAGS]) : m->ifa_flags;
    if (!local)
        return;
    jsep(b);
    buf_ch(b, '{');
    jkv_str(b, "family", m->ifa_family == AF_INET ? "inet" : "inet6");
    jkv_str(b, "local", address_text(m->ifa_family, na_data(local), na_len(local)));
    if (peer && (na_len(peer) != na_len(local) || memcmp(na_data(peer), na_data(local), na_len(local)) != 0))
        jkv_str(b, "address", address_text(m->ifa_family, na_data(peer), na_len(peer)));
    jkv_num(b, "prefixlen", m->ifa_prefixlen);
    if (tb[IFA_RT_PRIORITY]) jkv_num(b, "metric", na_u32(tb[IFA_RT_PRIORITY]));
    if (tb[IFA_BROADCAST])
        jkv_str(b, "broadcast", address_text(m->ifa_family, na_data(tb[IFA_BROADCAST]), na_len(tb[IFA_BROADCAST])));
    jkv_str(b, "scope", scope_name(m->ifa_scope));
    if (f & IFA_F_DADFAILED) jkv_bool(b, "dadfailed", true);
    if (f & IFA_F_TENTATIVE) jkv_bool(b, "tentative", true);
    if (f & IFA_F_OPTIMISTIC) jkv_bool(b, "optimistic", true);
    if (f & IFA_F_DEPRECATED) jkv_bool(b, "deprecated", true);
    if (f & IFA_F_SECONDARY) jkv_bool(b, m->ifa_family == AF_INET6 ? "temporary" : "secondary", true);
    if (f & IFA_F_NOPREFIXROUTE) jkv_bool(b, "noprefixroute", true);
    if (f & IFA_F_NODAD) jkv_bool(b, "nodad", true);
    if (!(f & IFA_F_PERMANENT)) jkv_bool(b, "dynamic", true);
    if (tb[IFA_LABEL]) jkv_str(b, "label", na_str(tb[IFA_LABEL]));
    if (tb[IFA_CACHEINFO]) {
        const struct ifa_cacheinfo *ci = na_data(tb[IFA_CACHEINFO]);
        jkv_num(b, "valid_life_time", ci->ifa_valid);
        jkv_num(b, "preferred_life_time", ci->ifa_prefered);
    }
    buf_ch(b, '}');
}

/* Both sections in one pass: addresses are grouped under their links, as `ip` does. */
int load_links(struct ctx *c)
{
    struct gather g = {.c = c};
    struct nl_req r;
    struct ifinfomsg im = {.ifi_family = AF_UNSPEC};
    uint32_t mask = RTEXT_FILTER_SKIP_STATS;
    nl_begin(&r, RTM_GETLINK, NLM_F_DUMP, &im, sizeof im);
    nl_put(&r, IFLA_EXT_MASK, &mask, sizeof mask);
    int e = nl_ask(c->rtnl, r.h, each_link, restart_link, &g);
    if (!e) {
        struct ifaddrmsg am = {.ifa_family = AF_UNSPEC};
        nl_begin(&r, RTM_GETADDR, NLM_F_DUMP, &am, sizeof am);
        e = nl_ask(c->rtnl, r.h, each_addr, restart_addr, &g);
    }
    for (size_t i = 0; i < g.n_link; i++)
        register_link(c, g.link[i].h);
    buf_ch(&c->link_json, '[');
    buf_ch(&c->address_json, '[');
    for (size_t i = 0; i < g.n_link; i++) {
        const struct nlmsghdr *h = g.link[i].h;
        one_link(c, h);
        struct buf *b = &c->address_json;
        const struct nlattr *tb[IFLA_MAX + 1];
        nl_attrs(NL_BODY(h, struct ifinfomsg), NL_BODY_LEN(h, struct ifinfomsg), tb, IFLA_MAX);
        jsep(b);
        buf_ch(b, '{');
        common(c, b, h, tb);
        jkey(b, "addr_info");
        buf_ch(b, '[');
        int index = ((const struct ifinfomsg *)NLMSG_DATA(h))->ifi_index;
        for (size_t k = 0; k < g.n_addr; k++)
            if ((int)((const struct ifaddrmsg *)NLMSG_DATA(g.addr[k].h))->ifa_index == index)
                one_address(b, g.addr[k].h);
        buf_str(b, "]}");
    }
    buf_str(&c->link_json, "]\n");
    buf_str(&c->address_json, "]\n");
    forget(g.link, &g.n_link);
    forget(g.addr, &g.n_addr);
    free(g.link);
    free(g.addr);
    c->link_error = e;
    return e;
}

static int made(struct ctx *c, struct buf *from, struct buf *out)
{
    if (c->link_error)
        return missing(c, "rtnetlink: %s", strerror(-c->link_error));
    buf_add(out, from->p, from->len);
    return 0;
}
int section_link(struct ctx *c, struct buf *out) { return made(c, &c->link_json, out); }
int section_address(struct ctx *c, struct buf *out) { return made(c, &c->address_json, out); }
