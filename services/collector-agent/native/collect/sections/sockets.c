/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP listeners and UDP sockets, as lines of /proc/net/{tcp,tcp6,udp,udp6} with what sock_diag knows more behind a `#`.
 * sock_diag is asked where its modules are there: /proc walks the whole machine's table of established connections
 * (12 ms a namespace on an idle machine), sock_diag only the listeners. Else the kernel's own lines are read.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../context.h"

struct out {
    struct buf *b;
    size_t start;
    int words; /* of an address: 1 or 4 */
    int n;
};

static void restart(void *arg)
{
    struct out *o = arg;
    o->b->len = o->start;
    o->b->p[o->start] = 0;
    o->n = 0;
}

/* The kernel prints addresses as 32-bit words of the machine's order, ports as numbers. */
static void endpoint(struct out *o, const uint32_t *address, uint16_t port)
{
    for (int i = 0; i < o->words; i++)
        buf_fmt(o->b, "%08X", address[i]);
    buf_fmt(o->b, ":%04X ", ntohs(port));
}

static void each_socket(const struct nlmsghdr *h, void *arg)
{
    struct out *o = arg;
    const struct inet_diag_msg *m = NLMSG_DATA(h);
    const struct nlattr *tb[INET_DIAG_MAX + 1];
    if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY)
        return;
    nl_attrs(NL_BODY(h, struct inet_diag_msg), NL_BODY_LEN(h, struct inet_diag_msg), tb, INET_DIAG_MAX);
    buf_fmt(o->b, "%4d: ", o->n++);
    endpoint(o, m->id.idiag_src, m->id.idiag_sport);
    endpoint(o, m->id.idiag_dst, m->id.idiag_dport);
    bool listen = m->idiag_state == TCP_LISTEN;
    buf_fmt(o->b, "%02X %08X:%08X 00:00000000 00000000 %5u %8d %u 0 0", m->idiag_state, listen ? 0 : m->idiag_wqueue,
            m->idiag_rqueue, m->idiag_uid, 0, m->idiag_inode);
    buf_str(o->b, " #");
    if (tb[INET_DIAG_SKV6ONLY])
        buf_fmt(o->b, " v6only=%d", na_u8(tb[INET_DIAG_SKV6ONLY]));
    if (tb[INET_DIAG_SOCKOPT])
        buf_fmt(o->b, " transparent=%d", ((const struct inet_diag_sockopt *)na_data(tb[INET_DIAG_SOCKOPT]))->transparent);
    /* The digest leaves out how much waits, but for whether anything more is taken. */
    const uint32_t *mem = NULL;
    if (!listen && tb[INET_DIAG_SKMEMINFO] && na_len(tb[INET_DIAG_SKMEMINFO]) >= (SK_MEMINFO_RCVBUF + 1) * 4)
        mem = na_data(tb[INET_DIAG_SKMEMINFO]);
    if (listen ? m->idiag_rqueue > m->idiag_wqueue : mem && mem[SK_MEMINFO_RMEM_ALLOC] > mem[SK_MEMINFO_RCVBUF])
        buf_str(o->b, " full=1");
    buf_fmt(o->b, " dev=%u rqueue=%u wqueue=%u", m->id.idiag_if, m->idiag_rqueue, m->idiag_wqueue);
    if (mem)
        buf_fmt(o->b, " rmem=%u rcvbuf=%u", mem[SK_MEMINFO_RMEM_ALLOC], mem[SK_MEMINFO_RCVBUF]);
    buf_ch(o->b, '\n');
}

/* 0, or -1 when sock_diag cannot tell. */
static int ask_diag(struct buf *b, int family, int protocol)
{
    if (!module_present("inet_diag") || !module_present(protocol == IPPROTO_TCP ? "tcp_diag" : "udp_diag"))
        return -1;
    int fd = nl_open(NETLINK_SOCK_DIAG);
    if (fd < 0)
        return -1;
    struct nl_req r;
    struct out o = {b, b->len, family == AF_INET ? 1 : 4, 0};
    struct inet_diag_req_v2 q = {.sdiag_family = (uint8_t)family,
                                 .sdiag_protocol = (uint8_t)protocol,
                                 .idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1),
                                 .idiag_states = protocol == IPPROTO_TCP ? 1u << TCP_LISTEN : 0xffffffff};
    nl_begin(&r, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &q, sizeof q);
    int e = nl_ask(fd, r.h, each_socket, restart, &o);
    close(fd);
    if (e)
        restart(&o);
    return e ? -1 : 0;
}

static int read_proc(struct ctx *c, struct buf *out, const char *name, int protocol)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/thread-self/net/%s", name);
    FILE *f = fopen(path, "re");
    if (!f)
        return errno == ENOENT ? 0 : missing(c, "%s: %s", path, strerror(errno));
    bool first = true;
    while (fgets(line, sizeof line, f)) {
        char state[8];
        if (first) {
            first = false; /* the heading */
            continue;
        }
        /* tcp4_seq_show walks the listening hash first: what follows are established connections. */
        if (protocol == IPPROTO_TCP && sscanf(line, "%*s %*s %*s %7s", state) == 1 && strcmp(state, "0A") != 0)
            break;
        size_t end = strlen(line);
        while (end && (line[end - 1] == ' ' || line[end - 1] == '\n'))
            line[--end] = 0;
        buf_fmt(out, "%s\n", line);
    }
    fclose(f);
    return 0;
}

int section_sockets(struct ctx *c, struct buf *out)
{
    static const struct {
        const char *name;
        int family, protocol;
    } kinds[] = {{"tcp", AF_INET, IPPROTO_TCP}, {"tcp6", AF_INET6, IPPROTO_TCP},
                 {"udp", AF_INET, IPPROTO_UDP}, {"udp6", AF_INET6, IPPROTO_UDP}};
    for (size_t i = 0; i < 4; i++) {
        buf_fmt(out, "# %s\n", kinds[i].name);
        if (ask_diag(out, kinds[i].family, kinds[i].protocol) && read_proc(c, out, kinds[i].name, kinds[i].protocol))
            return -1;
    }
    return 0;
}
