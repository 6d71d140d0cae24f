/* SPDX-License-Identifier: Apache-2.0 */
/* The sysctls that decide a packet's way. Per-interface values come with the link dump (IFLA_AF_SPEC), which saves
 * some twenty file reads per interface; the others are read from /proc/sys, which shows the entered namespace. */
#include <errno.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../context.h"

static const char *const files[] = {
    "net/bridge/bridge-nf-call-arptables",
    "net/bridge/bridge-nf-call-ip6tables",
    "net/bridge/bridge-nf-call-iptables",
    "net/bridge/bridge-nf-filter-vlan-tagged",
    "net/bridge/bridge-nf-pass-vlan-input-dev",
    "net/core/somaxconn",
    "net/ipv4/fib_multipath_hash_policy",
    "net/ipv4/fib_multipath_use_neigh",
    "net/ipv4/fwmark_reflect",
    "net/ipv4/icmp_echo_enable_probe",
    "net/ipv4/icmp_echo_ignore_all",
    "net/ipv4/icmp_echo_ignore_broadcasts",
    "net/ipv4/icmp_errors_use_inbound_ifaddr",
    "net/ipv4/icmp_ratelimit",
    "net/ipv4/icmp_ratemask",
    "net/ipv4/ip_default_ttl",
    "net/ipv4/ip_forward",
    "net/ipv4/ip_forward_use_pmtu",
    "net/ipv4/ip_local_port_range",
    "net/ipv4/ip_no_pmtu_disc",
    "net/ipv4/ip_nonlocal_bind",
    "net/ipv4/raw_l3mdev_accept",
    "net/ipv4/tcp_fwmark_accept",
    "net/ipv4/tcp_l3mdev_accept",
    "net/ipv4/tcp_max_syn_backlog",
    "net/ipv4/tcp_mtu_probing",
    "net/ipv4/tcp_syncookies",
    "net/ipv4/udp_l3mdev_accept",
    "net/ipv6/bindv6only",
    "net/ipv6/fib_multipath_hash_policy",
    "net/ipv6/fwmark_reflect",
    "net/ipv6/icmp/echo_ignore_all",
    "net/ipv6/icmp/echo_ignore_anycast",
    "net/ipv6/icmp/echo_ignore_multicast",
    "net/ipv6/ip_nonlocal_bind",
    "net/netfilter/nf_conntrack_buckets",
    "net/netfilter/nf_conntrack_checksum",
    "net/netfilter/nf_conntrack_max",
    "net/netfilter/nf_conntrack_tcp_be_liberal",
    "net/netfilter/nf_conntrack_tcp_loose",
    "net/netfilter/nf_conntrack_tcp_timeout_established",
    "net/netfilter/nf_conntrack_udp_timeout",
    "net/netfilter/nf_conntrack_udp_timeout_stream",
};

/* Newer than the headers that this is built with (Linux 6.17). */
enum { FORCE_FORWARDING6 = DEVCONF_ACCEPT_UNTRACKED_NA + 2 };

struct conf {
    const char *name;
    int index; /* in the kernel's devconf array */
};
static const struct conf conf4[] = {
    {"accept_local", IPV4_DEVCONF_ACCEPT_LOCAL - 1},
    {"arp_announce", IPV4_DEVCONF_ARP_ANNOUNCE - 1},
    {"arp_filter", IPV4_DEVCONF_ARPFILTER - 1},
    {"arp_ignore", IPV4_DEVCONF_ARP_IGNORE - 1},
    {"bc_forwarding", IPV4_DEVCONF_BC_FORWARDING - 1},
    {"drop_unicast_in_l2_multicast", IPV4_DEVCONF_DROP_UNICAST_IN_L2_MULTICAST - 1},
    {"forwarding", IPV4_DEVCONF_FORWARDING - 1},
    {"ignore_routes_with_linkdown", IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN - 1},
    {"proxy_arp", IPV4_DEVCONF_PROXY_ARP - 1},
    {"proxy_arp_pvlan", IPV4_DEVCONF_PROXY_ARP_PVLAN - 1},
    {"route_localnet", IPV4_DEVCONF_ROUTE_LOCALNET - 1},
    {"rp_filter", IPV4_DEVCONF_RP_FILTER - 1},
    {"send_redirects", IPV4_DEVCONF_SEND_REDIRECTS - 1},
    {"src_valid_mark", IPV4_DEVCONF_SRC_VMARK - 1},
};
static const struct conf conf6[] = {
    {"accept_ra", DEVCONF_ACCEPT_RA},
    {"disable_ipv6", DEVCONF_DISABLE_IPV6},
    {"drop_unicast_in_l2_multicast", DEVCONF_DROP_UNICAST_IN_L2_MULTICAST},
    {"force_forwarding", FORCE_FORWARDING6},
    {"forwarding", DEVCONF_FORWARDING},
    {"hop_limit", DEVCONF_HOPLIMIT},
    {"ignore_routes_with_linkdown", DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN},
    {"mtu", DEVCONF_MTU6},
    {"proxy_ndp", DEVCONF_PROXY_NDP},
    {"use_oif_addrs_only", DEVCONF_USE_OIF_ADDRS_ONLY},
    {"use_optimistic", DEVCONF_USE_OPTIMISTIC},
    {"use_tempaddr", DEVCONF_USE_TEMPADDR},
};
#define COUNT(list) (sizeof(list) / sizeof *(list))

static void read_one(struct buf *out, const char *path)
{
    char full[192];
    struct buf v = {0};
    snprintf(full, sizeof full, "/proc/sys/%s", path);
    if (buf_file(&v, full) == 0 && v.len) {
        while (v.len && v.p[v.len - 1] == '\n')
            v.p[--v.len] = 0;
        buf_fmt(out, "%s = %s\n", path, v.p);
    }
    buf_free(&v);
}

static int by_line(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

int section_sysctl(struct ctx *c, struct buf *out)
{
    static const char *const shared[] = {"all", "default"};
    struct buf b = {0};
    char path[160];
    if (c->link_error)
        return missing(c, "rtnetlink: %s", strerror(-c->link_error));
    for (size_t i = 0; i < COUNT(files); i++)
        read_one(&b, files[i]);
    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < COUNT(conf4); i++) {
            snprintf(path, sizeof path, "net/ipv4/conf/%s/%s", shared[s], conf4[i].name);
            read_one(&b, path);
        }
        for (size_t i = 0; i < COUNT(conf6); i++) {
            snprintf(path, sizeof path, "net/ipv6/conf/%s/%s", shared[s], conf6[i].name);
            read_one(&b, path);
        }
    }
    for (size_t k = 0; k < c->n_links; k++) {
        const struct link *l = &c->links[k];
        for (size_t i = 0; i < COUNT(conf4); i++)
            if (conf4[i].index < l->n4)
                buf_fmt(&b, "net/ipv4/conf/%s/%s = %d\n", l->name, conf4[i].name, l->conf4[conf4[i].index]);
        for (size_t i = 0; i < COUNT(conf6); i++)
            if (conf6[i].index < l->n6)
                buf_fmt(&b, "net/ipv6/conf/%s/%s = %d\n", l->name, conf6[i].name, l->conf6[conf6[i].index]);
    }
    size_t n = 0, cap = 0;
    char **lines = NULL, *save = NULL;
    for (char *l = strtok_r(b.p, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
        if (n == cap) {
            cap = cap ? cap * 2 : 256;
            lines = realloc(lines, cap * sizeof *lines);
            if (!lines)
                _Exit(70);
        }
        lines[n++] = l;
    }
    qsort(lines, n, sizeof *lines, by_line);
    buf_str(out, SECTION_HEAD);
    for (size_t i = 0; i < n; i++)
        buf_fmt(out, "%s\n", lines[i]);
    buf_str(out, SECTION_END);
    free(lines);
    buf_free(&b);
    return 0;
}
