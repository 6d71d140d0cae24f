/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets in use, TCP connections by state with what waits in them, queueing disciplines, IPVS: of the namespace that was entered. */
#include "metrics.h"

#include <linux/gen_stats.h>
#include <linux/inet_diag.h>
#include <linux/pkt_sched.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "context.h"
#include "netlink.h"

#define STATES 13 /* include/net/tcp_states.h, TCP_ESTABLISHED (1) up to TCP_NEW_SYN_RECV (12) */

struct tcp_sums {
    unsigned long long count[STATES], received[STATES], sent[STATES];
    unsigned long long fullest; /* of all listeners: the share of its accept queue that is taken, in percent */
};

static void forget(void *arg)
{
    memset(arg, 0, sizeof(struct tcp_sums));
}

static void each_connection(const struct nlmsghdr *h, void *arg)
{
    struct tcp_sums *sums = arg;
    const struct inet_diag_msg *m = NLMSG_DATA(h);
    if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY || m->idiag_state >= STATES)
        return;
    sums->count[m->idiag_state]++;
    if (m->idiag_state == TCP_LISTEN) { /* how many wait to be accepted, and how many may */
        sums->received[TCP_LISTEN] += m->idiag_rqueue;
        sums->sent[TCP_LISTEN] += m->idiag_wqueue;
        unsigned long long percent = m->idiag_wqueue ? 100ull * m->idiag_rqueue / m->idiag_wqueue : 0;
        if (percent > sums->fullest)
            sums->fullest = percent;
        return;
    }
    sums->received[m->idiag_state] += m->idiag_rqueue;
    sums->sent[m->idiag_state] += m->idiag_wqueue;
}

/* `TCP: inuse 3 orphan 0 tw 0 …` of /proc/net/sockstat, `TCP6: inuse 1` of sockstat6. */
static unsigned long long in_use(const char *text)
{
    static const char *const headings[] = {"TCP: inuse ", "TCP6: inuse ", " tw "};
    unsigned long long sum = 0;
    for (size_t i = 0; i < 3; i++) {
        const char *at = strstr(text, headings[i]);
        if (at)
            sum += strtoull(at + strlen(headings[i]), NULL, 10);
    }
    return sum;
}

/* state count received sent, per state; not asked where there is no socket: sock_diag walks the whole machine's table for each namespace. */
static void tcp(struct buf *out)
{
    if (!module_present("inet_diag") || !module_present("tcp_diag"))
        return;
    int fd = nl_open(NETLINK_SOCK_DIAG);
    if (fd < 0)
        return;
    struct tcp_sums sums[2] = {0}; /* each for itself: a dump that is asked again begins anew */
    bool told = true;
    for (int i = 0; i < 2; i++) {
        struct nl_req r;
        struct inet_diag_req_v2 q = {.sdiag_family = i ? AF_INET6 : AF_INET, .sdiag_protocol = IPPROTO_TCP, .idiag_states = ~0u};
        nl_begin(&r, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &q, sizeof q);
        if (nl_ask(fd, r.h, each_connection, forget, &sums[i]))
            told = false;
    }
    close(fd);
    if (!told)
        return;
    buf_str(out, "# tcp\n");
    for (int s = 1; s < STATES; s++)
        if (sums[0].count[s] + sums[1].count[s])
            buf_fmt(out, "%d %llu %llu %llu\n", s, sums[0].count[s] + sums[1].count[s], sums[0].received[s] + sums[1].received[s],
                    sums[0].sent[s] + sums[1].sent[s]);
    buf_fmt(out, "fullest %llu\n", sums[0].fullest > sums[1].fullest ? sums[0].fullest : sums[1].fullest);
}

static void start_anew(void *arg)
{
    struct buf *found = arg;
    buf_clear(found);
}

/* device kind bytes packets drops overlimits requeues queued backlog, of each device's root and of its ingress. */
static void each_qdisc(const struct nlmsghdr *h, void *arg)
{
    struct buf *out = arg;
    const struct tcmsg *m = NLMSG_DATA(h);
    const struct nlattr *tb[TCA_MAX + 1], *stats[TCA_STATS_MAX + 1];
    if (h->nlmsg_type != RTM_NEWQDISC || (m->tcm_parent != TC_H_ROOT && m->tcm_parent != TC_H_INGRESS))
        return;
    nl_attrs(NL_BODY(h, struct tcmsg), NL_BODY_LEN(h, struct tcmsg), tb, TCA_MAX);
    if (!tb[TCA_KIND] || !tb[TCA_STATS2])
        return;
    nl_attrs(na_data(tb[TCA_STATS2]), na_len(tb[TCA_STATS2]), stats, TCA_STATS_MAX);
    struct gnet_stats_basic basic = {0};
    struct gnet_stats_queue queue = {0};
    /* 32 bits of packets; kernels since 5.18 add all 64 */
    unsigned long long packets = 0;
    if (stats[TCA_STATS_BASIC] && na_len(stats[TCA_STATS_BASIC]) >= 12)
        memcpy(&basic, na_data(stats[TCA_STATS_BASIC]), 12);
    packets = basic.packets;
    if (stats[TCA_STATS_PKT64] && na_len(stats[TCA_STATS_PKT64]) >= 8)
        memcpy(&packets, na_data(stats[TCA_STATS_PKT64]), 8);
    if (stats[TCA_STATS_QUEUE] && na_len(stats[TCA_STATS_QUEUE]) >= sizeof queue)
        memcpy(&queue, na_data(stats[TCA_STATS_QUEUE]), sizeof queue);
    char name[IF_NAMESIZE];
    if (!if_indextoname((unsigned)m->tcm_ifindex, name) || strcmp(na_str(tb[TCA_KIND]), "noqueue") == 0)
        return;
    buf_fmt(out, "%s %s %llu %llu %u %u %u %u %u\n", name, na_str(tb[TCA_KIND]), (unsigned long long)basic.bytes, packets, queue.drops,
            queue.overlimits, queue.requeues, queue.qlen, queue.backlog);
}

static void qdiscs(struct buf *out)
{
    int fd = nl_open(NETLINK_ROUTE);
    if (fd < 0)
        return;
    struct nl_req r;
    struct tcmsg q = {.tcm_family = AF_UNSPEC};
    struct buf found = {0};
    nl_begin(&r, RTM_GETQDISC, NLM_F_DUMP, &q, sizeof q);
    buf_need(&found, 1);
    if (nl_ask(fd, r.h, each_qdisc, start_anew, &found) == 0 && found.len) {
        buf_str(out, "# qdisc\n");
        buf_add(out, found.p, found.len);
    }
    buf_free(&found);
    close(fd);
}

void metrics_of_namespace(struct buf *out)
{
    buf_str(out, "# sockstat\n");
    size_t start = out->len;
    buf_file(out, "/proc/thread-self/net/sockstat");
    buf_file(out, "/proc/thread-self/net/sockstat6");
    if (out->len > start && in_use(out->p + start))
        tcp(out);
    qdiscs(out);
    buf_str(out, "# ipvs\n"); /* empty where the kernel has none */
    buf_file(out, "/proc/thread-self/net/ip_vs_stats");
}
