/* SPDX-License-Identifier: Apache-2.0 */
/* TCP listeners and UDP sockets: the kernel's /proc lines, with what sock_diag knows more added behind a `#`. */
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../context.h"

struct extra {
    uint32_t inode, dev, rqueue, wqueue;
    int v6only; /* -1: not told */
};
struct extras {
    struct extra *list;
    size_t n;
};

static void each_socket(const struct nlmsghdr *h, void *arg)
{
    struct extras *x = arg;
    const struct inet_diag_msg *m = NLMSG_DATA(h);
    const struct nlattr *tb[INET_DIAG_MAX + 1];
    if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY)
        return;
    nl_attrs(NL_BODY(h, struct inet_diag_msg), NL_BODY_LEN(h, struct inet_diag_msg), tb, INET_DIAG_MAX);
    x->list = realloc(x->list, (x->n + 1) * sizeof *x->list);
    if (!x->list)
        _Exit(70);
    x->list[x->n++] = (struct extra){.inode = m->idiag_inode,
                                     .dev = m->id.idiag_if,
                                     .rqueue = m->idiag_rqueue,
                                     .wqueue = m->idiag_wqueue,
                                     .v6only = tb[INET_DIAG_SKV6ONLY] ? na_u8(tb[INET_DIAG_SKV6ONLY]) : -1};
}
static void restart(void *arg) { ((struct extras *)arg)->n = 0; }

static void ask_diag(int family, int protocol, struct extras *x)
{
    x->n = 0;
    if (!module_present(protocol == IPPROTO_TCP ? "tcp_diag" : "udp_diag") || !module_present("inet_diag"))
        return;
    int fd = nl_open(NETLINK_SOCK_DIAG);
    if (fd < 0)
        return;
    struct nl_req r;
    struct inet_diag_req_v2 q = {.sdiag_family = (uint8_t)family,
                                 .sdiag_protocol = (uint8_t)protocol,
                                 .idiag_states = protocol == IPPROTO_TCP ? 1u << TCP_LISTEN : 0xffffffff};
    nl_begin(&r, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &q, sizeof q);
    if (nl_ask(fd, r.h, each_socket, restart, x))
        x->n = 0;
    close(fd);
}

static void one_line(struct buf *out, char *line, const struct extras *x)
{
    size_t end = strlen(line);
    while (end && (line[end - 1] == ' ' || line[end - 1] == '\n'))
        line[--end] = 0;
    buf_str(out, line);
    /* The tenth field is the socket's inode. */
    unsigned long inode = 0;
    char copy[512], *save = NULL;
    snprintf(copy, sizeof copy, "%s", line);
    char *field = strtok_r(copy, " ", &save);
    for (int i = 0; field && i < 9; i++)
        field = strtok_r(NULL, " ", &save);
    if (field)
        inode = strtoul(field, NULL, 10);
    for (size_t i = 0; inode && i < x->n; i++)
        if (x->list[i].inode == inode) {
            buf_str(out, " #");
            if (x->list[i].v6only >= 0)
                buf_fmt(out, " v6only=%d", x->list[i].v6only);
            buf_fmt(out, " dev=%u rqueue=%u wqueue=%u", x->list[i].dev, x->list[i].rqueue, x->list[i].wqueue);
            break;
        }
    buf_ch(out, '\n');
}

static int read_proc(struct ctx *c, struct buf *out, const char *name, int family, int protocol, struct extras *x)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/thread-self/net/%s", name);
    buf_fmt(out, "# %s\n", name);
    FILE *f = fopen(path, "re");
    if (!f)
        return errno == ENOENT ? 0 : missing(c, "%s: %s", path, strerror(errno));
    ask_diag(family, protocol, x);
    bool first = true;
    while (fgets(line, sizeof line, f)) {
        char state[8];
        if (first) {
            first = false; /* the heading */
            continue;
        }
        if (protocol == IPPROTO_TCP) {
            if (sscanf(line, "%*s %*s %*s %7s", state) != 1)
                continue;
            /* tcp4_seq_show walks the listening hash first: the rest of the file is established connections. */
            if (strcmp(state, "0A") != 0)
                break;
        }
        one_line(out, line, x);
    }
    fclose(f);
    return 0;
}

int section_sockets(struct ctx *c, struct buf *out)
{
    struct extras x = {0};
    int e = read_proc(c, out, "tcp", AF_INET, IPPROTO_TCP, &x);
    if (!e) e = read_proc(c, out, "tcp6", AF_INET6, IPPROTO_TCP, &x);
    if (!e) e = read_proc(c, out, "udp", AF_INET, IPPROTO_UDP, &x);
    if (!e) e = read_proc(c, out, "udp6", AF_INET6, IPPROTO_UDP, &x);
    free(x.list);
    return e;
}
