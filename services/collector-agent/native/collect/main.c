/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netverdict-collect: the only part of the agent that holds capabilities. It is driven over its stdin and stdout by
 * fixed operations (README.md describes the frames), one at a time, and only reads: it enters a network namespace,
 * asks the kernel, prints sections. It dies with its parent.
 *
 *   frame    u32 length (little endian, of what follows) · u8 type · payload
 *   request  payload = id NUL field NUL field …
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "context.h"
#include "counters.h"
#include "metrics.h"

#define PROTOCOL_VERSION "1"
#define MAX_REQUEST_BYTES (1024 * 1024)
#define MAX_FIELDS 8
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static const struct {
    const char *kind;
    int (*read)(struct ctx *, struct buf *);
} sections[] = {
    {"ip-link", section_link},
    {"ip-address", section_address},
    {"ip-route", section_route4},
    {"ip-route6", section_route6},
    {"ip-rule", section_rule4},
    {"ip-rule6", section_rule6},
    {"ip-neigh", section_neigh},
    {"bridge-fdb", section_fdb},
    {"netns-ids", section_netns_ids},
    {"sysctl", section_sysctl},
    {"sockets", section_sockets},
    {"conntrack", section_conntrack},
    {"conntrack-table", section_conntrack_table},
    {"attached-programs", section_programs},
    {"iptables-save", section_iptables_legacy},
    {"ip6tables-save", section_ip6tables_legacy},
    {"iptables-nft-save", section_iptables_nft},
    {"ip6tables-nft-save", section_ip6tables_nft},
    {"nftables", section_nftables},
    {"netfilter-hooks", section_hooks},
    {"ipset-save", section_ipset},
};
#define N_SECTIONS (sizeof sections / sizeof *sections)

static void write_all(const void *data, size_t n)
{
    const char *p = data;
    while (n) {
        ssize_t w = write(1, p, n);
        if (w < 0) {
            if (errno == EINTR)
                continue;
            _exit(0); /* the agent is gone */
        }
        p += w;
        n -= (size_t)w;
    }
}

static void frame(char type, const char *id, const char *a, const char *b, const struct buf *body)
{
    struct buf head = {0};
    buf_add(&head, "\0\0\0\0", 4);
    buf_ch(&head, type);
    buf_add(&head, id, strlen(id) + 1);
    if (a) buf_add(&head, a, strlen(a) + 1);
    if (b) buf_add(&head, b, strlen(b) + 1);
    uint32_t length = (uint32_t)(head.len - 4 + (body ? body->len : 0));
    memcpy(head.p, &length, 4);
    write_all(head.p, head.len);
    if (body && body->len)
        write_all(body->p, body->len);
    buf_free(&head);
}

static void problem(const char *id, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void problem(const char *id, const char *fmt, ...)
{
    char text[REASON_BYTES];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    frame('X', id, text, NULL, NULL);
}

static long long now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

/* 0, or -errno. Only a network namespace's file is accepted, whatever the path. */
static int open_netns(const char *path, ino_t *inode)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET || fstat(fd, &st)) {
        close(fd);
        return -EINVAL;
    }
    *inode = st.st_ino;
    return fd;
}

static int enter(const char *path, ino_t *inode)
{
    int fd = open_netns(path, inode);
    if (fd < 0)
        return fd;
    int e = setns(fd, CLONE_NEWNET) ? -errno : 0;
    close(fd);
    return e;
}

static size_t split(char *text, char separator, char ***list)
{
    size_t n = 0;
    *list = NULL;
    if (!*text)
        return 0;
    for (char *at = text; at;) {
        char *next = strchr(at, separator);
        if (next)
            *next++ = 0;
        *list = realloc(*list, (n + 1) * sizeof **list);
        if (!*list)
            _exit(70);
        (*list)[n++] = at;
        at = next;
    }
    return n;
}

/* `6|10.0.0.1,10.0.0.2|80,443;17|…|` : protocol, addresses, ports. */
static int parse_flows(char *text, struct ctx *c)
{
    char **list;
    size_t n = split(text, ';', &list);
    c->flows = n ? calloc(n, sizeof *c->flows) : NULL;
    for (size_t i = 0; i < n; i++) {
        struct flow *f = &c->flows[c->n_flows++];
        char **part, **item;
        size_t parts = split(list[i], '|', &part), items;
        if (parts != 3) {
            free(part);
            free(list);
            return -1;
        }
        f->protocol = atoi(part[0]);
        items = split(part[1], ',', &item);
        for (size_t k = 0; k < items && f->n_addresses < FLOW_ADDRESSES; k++) {
            int family = strchr(item[k], ':') ? AF_INET6 : AF_INET;
            if (inet_pton(family, item[k], f->address[f->n_addresses].bytes) == 1)
                f->address[f->n_addresses++].family = family;
        }
        free(item);
        items = split(part[2], ',', &item);
        for (size_t k = 0; k < items && f->n_ports < FLOW_PORTS; k++)
            f->port[f->n_ports++] = (uint16_t)atoi(item[k]);
        free(item);
        free(part);
    }
    free(list);
    return 0;
}

static uint64_t netns_cookie(int fd)
{
    uint64_t cookie = 0;
    socklen_t n = sizeof cookie;
    if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &n))
        return 0;
    return cookie;
}

/* C id, path, kinds (comma list or `*`), flows, known namespaces (newline list), time limit in ms. */
static void collect(const char *id, char **field, int n_fields)
{
    if (n_fields != 5) {
        problem(id, "collect takes 5 fields");
        return;
    }
    struct ctx c = {.time_limit_ms = atoi(field[4])};
    if (c.time_limit_ms < 1 || c.time_limit_ms > 60000)
        c.time_limit_ms = 15000;
    int e = enter(field[0], &c.inode);
    if (e) {
        problem(id, "%.100s: %s", field[0], strerror(-e));
        return;
    }
    c.rtnl = nl_open(NETLINK_ROUTE);
    if (c.rtnl < 0) {
        problem(id, "rtnetlink: %s", strerror(-c.rtnl));
        return;
    }
    c.cookie = netns_cookie(c.rtnl);
    char **kinds = NULL;
    size_t n_kinds = strcmp(field[1], "*") == 0 ? 0 : split(field[1], ',', &kinds);
    if (parse_flows(field[2], &c)) {
        problem(id, "a flow is protocol|addresses|ports");
        goto done;
    }
    c.n_known = split(field[3], '\n', &c.known);
    char number[32];
    snprintf(number, sizeof number, "%llu", (unsigned long long)c.inode);
    frame('I', id, number, NULL, NULL);
    /* The entries of a flow are asked for often, and name no link. */
    if (!(n_kinds == 1 && strcmp(kinds[0], "conntrack") == 0))
        load_links(&c);
    for (size_t i = 0; i < N_SECTIONS; i++) {
        bool wanted = !kinds;
        for (size_t k = 0; k < n_kinds && !wanted; k++)
            wanted = strcmp(kinds[k], sections[i].kind) == 0;
        if (!wanted)
            continue;
        struct buf out = {0};
        long long began = now_us();
        c.reason[0] = 0;
        if (sections[i].read(&c, &out))
            frame('M', id, sections[i].kind, c.reason, NULL);
        else {
            snprintf(number, sizeof number, "%lld", now_us() - began);
            frame('S', id, sections[i].kind, number, &out);
        }
        buf_free(&out);
    }
    frame('E', id, NULL, NULL, NULL);
done:
    nft_state_free(&c);
    close(c.rtnl);
    free(kinds);
    free(c.flows);
    free(c.known);
    free(c.links);
    buf_free(&c.link_json);
    buf_free(&c.address_json);
}

/* N id, paths (newline list): the protocol counters of each namespace, in one section per path that could be read. T: with what else is measured. */
static void counters(const char *id, char **field, int n_fields, bool all)
{
    char **paths;
    size_t n = n_fields == 1 ? split(field[0], '\n', &paths) : 0;
    for (size_t i = 0; i < n; i++) {
        ino_t inode;
        int e = enter(paths[i], &inode);
        if (e) {
            frame('M', id, paths[i], strerror(-e), NULL);
            continue;
        }
        struct buf out = {0};
        buf_fmt(&out, "# inode %llu\n", (unsigned long long)inode);
        counters_of_namespace(&out);
        if (all)
            metrics_of_namespace(&out);
        frame('S', id, paths[i], "0", &out);
        buf_free(&out);
    }
    if (n)
        free(paths);
    frame('E', id, NULL, NULL, NULL);
}

/* I id, paths (newline list): `inode path` lines; a path that is no network namespace is left out. */
static void inodes(const char *id, char **field, int n_fields)
{
    char **paths;
    size_t n = n_fields == 1 ? split(field[0], '\n', &paths) : 0;
    struct buf out = {0};
    for (size_t i = 0; i < n; i++) {
        ino_t inode;
        int fd = open_netns(paths[i], &inode);
        if (fd < 0)
            continue;
        close(fd);
        buf_fmt(&out, "%llu %s\n", (unsigned long long)inode, paths[i]);
    }
    if (n)
        free(paths);
    frame('S', id, "inodes", "0", &out);
    buf_free(&out);
    frame('E', id, NULL, NULL, NULL);
}

/* F id, inode: the path of a process's namespace file with that inode. */
static void find(const char *id, char **field, int n_fields)
{
    unsigned long long wanted = n_fields == 1 ? strtoull(field[0], NULL, 10) : 0;
    DIR *d = wanted ? opendir("/proc") : NULL;
    struct buf out = {0};
    for (struct dirent *e; d && !out.len && (e = readdir(d));) {
        char path[300];
        struct stat st;
        if (e->d_name[0] < '1' || e->d_name[0] > '9')
            continue;
        snprintf(path, sizeof path, "/proc/%.20s/ns/net", e->d_name);
        if (stat(path, &st) == 0 && st.st_ino == wanted)
            buf_str(&out, path);
    }
    if (d)
        closedir(d);
    if (out.len)
        frame('S', id, "path", "0", &out);
    else
        frame('M', id, "path", "no process is in that namespace", NULL);
    buf_free(&out);
    frame('E', id, NULL, NULL, NULL);
}

static int read_all(void *data, size_t n)
{
    char *p = data;
    while (n) {
        ssize_t r = read(0, p, n);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return -1;
        p += r;
        n -= (size_t)r;
    }
    return 0;
}

int main(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    clearenv();
    setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin", 1);
    setenv("LC_ALL", "C", 1);
    frame('H', PROTOCOL_VERSION, "netverdict-collect", NULL, NULL);
    static char body[MAX_REQUEST_BYTES + 1];
    for (;;) {
        uint32_t length;
        if (read_all(&length, 4))
            return 0;
        /* A length that cannot be is a stream out of step: nothing after it can be trusted. */
        if (length < 2 || length > MAX_REQUEST_BYTES) {
            problem("", "a frame of %u bytes is not between 2 and %d", length, MAX_REQUEST_BYTES);
            return 65;
        }
        if (read_all(body, length))
            return 0;
        body[length] = 0;
        char *field[MAX_FIELDS];
        int n = 0;
        for (char *at = body + 1; at <= body + length && n < MAX_FIELDS; at += strlen(at) + 1)
            field[n++] = at;
        /* The payload ends with a NUL: an empty field behind it is none. */
        if (n > 1 && field[n - 1] == body + length)
            n--;
        if (n < 1 || strlen(field[0]) > 64) {
            problem("", "a request begins with an id of at most 64 bytes");
            continue;
        }
        switch (body[0]) {
        case 'C': collect(field[0], field + 1, n - 1); break;
        case 'N': counters(field[0], field + 1, n - 1, false); break;
        case 'T': counters(field[0], field + 1, n - 1, true); break;
        case 'I': inodes(field[0], field + 1, n - 1); break;
        case 'F': find(field[0], field + 1, n - 1); break;
        default: problem(field[0], "unknown operation 0x%02x", (unsigned char)body[0]);
        }
    }
}
