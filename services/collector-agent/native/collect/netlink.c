/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define RECEIVE_BYTES (256 * 1024)

int nl_open(int protocol)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (fd < 0)
        return -errno;
    int size = 1024 * 1024;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    struct timeval limit = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return fd;
}

static uint32_t sequence;

static int ask_once(int fd, struct nlmsghdr *req, nl_each each, void *arg, int *interrupted)
{
    static char *answer;
    if (!answer && !(answer = malloc(RECEIVE_BYTES)))
        return -ENOMEM;
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    req->nlmsg_seq = ++sequence;
    if (sendto(fd, req, req->nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0)
        return -errno;
    int dump = (req->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
    for (;;) {
        ssize_t n = recv(fd, answer, RECEIVE_BYTES, MSG_TRUNC);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        if (n > RECEIVE_BYTES)
            return -EMSGSIZE;
        size_t left = (size_t)n;
        for (struct nlmsghdr *h = (struct nlmsghdr *)answer; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
            if (h->nlmsg_seq != sequence)
                continue;
            if (h->nlmsg_flags & NLM_F_DUMP_INTR)
                *interrupted = 1;
            if (h->nlmsg_type == NLMSG_DONE) {
                int e = h->nlmsg_len >= NLMSG_LENGTH(sizeof(int)) ? *(int *)NLMSG_DATA(h) : 0;
                return e < 0 ? e : 0;
            }
            if (h->nlmsg_type == NLMSG_ERROR)
                return ((struct nlmsgerr *)NLMSG_DATA(h))->error;
            each(h, arg);
            if (!dump && !(req->nlmsg_flags & NLM_F_ACK))
                return 0;
        }
    }
}

int nl_ask(int fd, struct nlmsghdr *req, nl_each each, void (*restart)(void *), void *arg)
{
    for (int attempt = 0; attempt < 3; attempt++) {
        int interrupted = 0;
        int e = ask_once(fd, req, each, arg, &interrupted);
        if (e || !interrupted)
            return e;
        if (restart)
            restart(arg);
    }
    return -EAGAIN;
}

void nl_begin(struct nl_req *r, uint16_t type, uint16_t flags, const void *header, size_t n)
{
    memset(r, 0, sizeof *r);
    r->h = (struct nlmsghdr *)r->p;
    r->h->nlmsg_type = type;
    r->h->nlmsg_flags = NLM_F_REQUEST | flags;
    memcpy(NLMSG_DATA(r->h), header, n);
    r->h->nlmsg_len = (uint32_t)NLMSG_LENGTH(n);
}

void nl_put(struct nl_req *r, uint16_t type, const void *data, size_t n)
{
    size_t at = NLMSG_ALIGN(r->h->nlmsg_len);
    if (at + NLA_HDRLEN + n > sizeof r->p)
        return;
    struct nlattr *a = (struct nlattr *)(r->p + at);
    a->nla_type = type;
    a->nla_len = (uint16_t)(NLA_HDRLEN + n);
    memcpy((char *)a + NLA_HDRLEN, data, n);
    r->h->nlmsg_len = (uint32_t)(at + a->nla_len);
}

void nl_attrs(const void *first, size_t len, const struct nlattr **tb, int max)
{
    memset(tb, 0, sizeof *tb * (size_t)(max + 1));
    NA_FOR(a, (const struct nlattr *)first, len)
    {
        int type = a->nla_type & NLA_TYPE_MASK;
        if (type <= max && !tb[type])
            tb[type] = a;
    }
}

#define GET(name, type)                                                                                               \
    type name(const struct nlattr *a)                                                                                 \
    {                                                                                                                 \
        type v = 0;                                                                                                   \
        if (na_len(a) >= sizeof v)                                                                                    \
            memcpy(&v, na_data(a), sizeof v);                                                                         \
        return v;                                                                                                     \
    }
GET(na_u32, uint32_t)
GET(na_u16, uint16_t)
GET(na_u8, uint8_t)
static GET(raw_u64, uint64_t) uint64_t na_be64(const struct nlattr *a) { return be64toh(raw_u64(a)); }
uint32_t na_be32(const struct nlattr *a) { return ntohl(na_u32(a)); }
uint16_t na_be16(const struct nlattr *a) { return ntohs(na_u16(a)); }

const char *na_str(const struct nlattr *a)
{
    static char text[2][512];
    static int turn;
    turn ^= 1;
    size_t n = na_len(a) < sizeof text[0] - 1 ? na_len(a) : sizeof text[0] - 1;
    memcpy(text[turn], na_data(a), n);
    text[turn][n] = 0;
    return text[turn];
}
