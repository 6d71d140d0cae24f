/* SPDX-License-Identifier: Apache-2.0 */
/* The protocol counters of one namespace, as the kernel's files have them; listeners that dropped something, and connection tracking's table. */
#include "counters.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "context.h"
#include "netlink.h"

/* The value of a column of /proc/net/netstat: a line of names, then one of numbers. */
static unsigned long long netstat_value(const char *text, const char *group, const char *name)
{
    char heading[32];
    snprintf(heading, sizeof heading, "%s:", group);
    const char *names = strstr(text, heading);
    const char *values = names ? strstr(names + 1, heading) : NULL;
    if (!values)
        return 0;
    size_t length = strlen(name);
    for (names += strlen(heading), values += strlen(heading); *names == ' ' && *values == ' ';) {
        const char *value = ++values;
        names++;
        if (strncmp(names, name, length) == 0 && (names[length] == ' ' || names[length] == '\n'))
            return strtoull(value, NULL, 10);
        names += strcspn(names, " \n");
        values += strcspn(values, " \n");
    }
    return 0;
}

/* address port waiting limit drops, of each listener that dropped a connection. */
static void each_listener(const struct nlmsghdr *h, void *arg)
{
    struct buf *out = arg;
    const struct inet_diag_msg *m = NLMSG_DATA(h);
    const struct nlattr *tb[INET_DIAG_MAX + 1];
    if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY)
        return;
    nl_attrs(NL_BODY(h, struct inet_diag_msg), NL_BODY_LEN(h, struct inet_diag_msg), tb, INET_DIAG_MAX);
    if (!tb[INET_DIAG_SKMEMINFO] || na_len(tb[INET_DIAG_SKMEMINFO]) < (SK_MEMINFO_DROPS + 1) * 4)
        return;
    uint32_t drops = ((const uint32_t *)na_data(tb[INET_DIAG_SKMEMINFO]))[SK_MEMINFO_DROPS];
    char address[INET6_ADDRSTRLEN];
    if (drops && inet_ntop(m->idiag_family, m->id.idiag_src, address, sizeof address))
        buf_fmt(out, "%s %u %u %u %u\n", address, ntohs(m->id.idiag_sport), m->idiag_rqueue, m->idiag_wqueue, drops);
}

static void listeners(struct buf *out)
{
    if (!module_present("inet_diag") || !module_present("tcp_diag"))
        return;
    int fd = nl_open(NETLINK_SOCK_DIAG);
    if (fd < 0)
        return;
    buf_str(out, "# listeners\n");
    for (int i = 0; i < 2; i++) {
        struct nl_req r;
        struct inet_diag_req_v2 q = {.sdiag_family = i ? AF_INET6 : AF_INET,
                                     .sdiag_protocol = IPPROTO_TCP,
                                     .idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1),
                                     .idiag_states = 1u << TCP_LISTEN};
        struct buf found = {0};
        nl_begin(&r, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &q, sizeof q);
        if (nl_ask(fd, r.h, each_listener, NULL, &found) == 0 && found.len)
            buf_add(out, found.p, found.len);
        buf_free(&found);
    }
    close(fd);
}

static void number(struct buf *out, const char *name, const char *path)
{
    struct buf text = {0};
    if (buf_file(&text, path) == 0 && text.len)
        buf_fmt(out, "%s %.*s", name, (int)text.len, text.p);
    buf_free(&text);
}

void counters_of_namespace(struct buf *out)
{
    static const char *const files[] = {"snmp", "netstat", "snmp6", "dev"};
    bool dropped = false;
    for (size_t k = 0; k < 4; k++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/thread-self/net/%s", files[k]);
        buf_fmt(out, "# %s\n", files[k]);
        size_t start = out->len;
        buf_file(out, path);
        if (k == 1 && out->len > start)
            dropped = netstat_value(out->p + start, "TcpExt", "ListenDrops") > 0;
    }
    /* Only where one dropped something: the listeners of a namespace are found by a walk over the whole machine's. */
    if (dropped)
        listeners(out);
    buf_str(out, "# conntrack\n");
    number(out, "entries", "/proc/sys/net/netfilter/nf_conntrack_count");
    number(out, "limit", "/proc/sys/net/netfilter/nf_conntrack_max");
    buf_file(out, "/proc/thread-self/net/stat/nf_conntrack");
}
