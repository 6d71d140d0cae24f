/* SPDX-License-Identifier: Apache-2.0 */
/* One attempt: a connection, a datagram or an echo, by the kernel's own sockets, as a program would send it. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <time.h>
#include <unistd.h>

#include "../own_packets.h"
#include "probe.h"

long long now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

static const char *outcome_of(int error)
{
    switch (error) {
    case ECONNREFUSED: return "refused";
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EACCES:
    case EPERM:
    case EINVAL: return "unreachable"; /* a route of type blackhole */
    case EMSGSIZE: return "too-big";
    case ETIMEDOUT:
    case EAGAIN: return "silent";
    case ECONNRESET:
    case ENOTCONN: /* after a reset that a poll has told of already */
    case EPIPE: return "reset";
    default: return "error";
    }
}

static bool failed(struct outcome *o, int error)
{
    o->error = error;
    o->name = outcome_of(error);
    return true;
}

static bool is_v6(const struct attempt *a)
{
    return a->target->to.any.sa_family == AF_INET6;
}

static socklen_t length_of(const struct attempt *a)
{
    return is_v6(a) ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

/* IP_RECVERR queues the ICMP error behind an errno with its sender's address. */
static void read_icmp_error(const struct attempt *a, struct outcome *o)
{
    char bytes[512], control[512];
    union address from;
    struct iovec part = {bytes, sizeof bytes};
    struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
                             .msg_controllen = sizeof control};
    if (recvmsg(a->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
        return;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        bool four = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
        bool six = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
        if (!four && !six)
            continue;
        struct sock_extended_err error;
        memcpy(&error, CMSG_DATA(c), sizeof error);
        if (error.ee_origin != SO_EE_ORIGIN_ICMP && error.ee_origin != SO_EE_ORIGIN_ICMP6)
            continue;
        o->icmp = error;
        memcpy(&o->icmp_from, SO_EE_OFFENDER((struct sock_extended_err *)CMSG_DATA(c)), length_of(a));
    }
}

/*
 * The connection's first sequence number is ours, so that its packets are known as ours wherever they are met (native/own_packets.h). Only a
 * socket under repair takes one (tcp(7) has nothing of it; do_tcp_setsockopt in net/ipv4/tcp.c). Where the kernel refuses, the packets are as
 * anybody's: what befalls them is told as an anomaly too.
 */
static void mark_connection(int fd, int serial)
{
    static uint32_t first;
    if (!first && getrandom(&first, sizeof first, 0) != sizeof first)
        first = (uint32_t)getpid();
    const uint32_t sequence = NV_OWN_SEQUENCE | (first + (uint32_t)serial) % NV_OWN_FIRST_NUMBERS * NV_OWN_SEQUENCE_STEP;
    const int repair = TCP_REPAIR_ON, queue = TCP_SEND_QUEUE, off = TCP_REPAIR_OFF_NO_WP;
    if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &repair, sizeof repair))
        return;
    if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof queue) == 0)
        setsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &sequence, sizeof sequence);
    setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof off);
}

static int open_socket(const struct attempt *a)
{
    const struct target *t = a->target;
    const bool six = is_v6(a);
    const int family = six ? AF_INET6 : AF_INET, on = 1;
    const int type = t->protocol == TCP ? SOCK_STREAM : t->protocol == UDP ? SOCK_DGRAM : SOCK_RAW;
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, t->protocol != ICMP ? 0 : six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (six) {
        const int discover = t->dont_fragment ? IPV6_PMTUDISC_DO : IPV6_PMTUDISC_DONT;
        setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        if (t->protocol != TCP)
            setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &discover, sizeof discover);
        if (t->protocol == ICMP) {
            struct icmp6_filter filter;
            ICMP6_FILTER_SETBLOCKALL(&filter);
            ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
            setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
        }
    } else {
        const int discover = t->dont_fragment ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT;
        setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
        if (t->protocol != TCP) /* which does path MTU discovery by itself */
            setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof discover);
    }
    if (t->protocol == TCP) {
        mark_connection(fd, a->serial);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    if (t->source_port && t->protocol != ICMP) {
        union address local = {0};
        local.any.sa_family = (sa_family_t)family;
        *(six ? &local.v6.sin6_port : &local.v4.sin_port) = htons((uint16_t)t->source_port);
        if (bind(fd, &local.any, length_of(a))) {
            int error = errno;
            close(fd);
            errno = error;
            return -1;
        }
    }
    return fd;
}

static uint16_t checksum(const unsigned char *bytes, size_t size)
{
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < size; i += 2)
        sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
    if (size & 1)
        sum += (uint32_t)(bytes[size - 1] << 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

static uint16_t echo_id(const struct attempt *a)
{
    return htons((uint16_t)(a->target->source_port ? a->target->source_port : getpid() & 0xffff));
}

/* The payload of a datagram, or the whole of an echo. @returns its length */
static size_t write_payload(const struct attempt *a, unsigned char *bytes)
{
    const struct target *t = a->target;
    const int headers = (is_v6(a) ? 40 : 20) + 8; /* IP's, and UDP's or ICMP's, which are as long */
    size_t payload = t->size > headers + TOKEN_BYTES ? (size_t)(t->size - headers) : TOKEN_BYTES;
    unsigned char *at = t->protocol == ICMP ? bytes + 8 : bytes;
    memset(at, 'x', payload);
    memcpy(at, a->token, TOKEN_BYTES);
    if (t->protocol != ICMP)
        return payload;
    const uint16_t id = echo_id(a), sequence = htons((uint16_t)a->serial);
    memset(bytes, 0, 8);
    bytes[0] = is_v6(a) ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
    memcpy(bytes + 4, &id, 2);
    memcpy(bytes + 6, &sequence, 2);
    if (!is_v6(a)) { /* of ICMPv6 the kernel makes it */
        const uint16_t sum = checksum(bytes, payload + 8);
        memcpy(bytes + 2, &sum, 2);
    }
    return payload + 8;
}

bool attempt_begin(struct attempt *a, struct outcome *o)
{
    static unsigned char bytes[65536 + 8];
    const uint32_t word = htonl(NV_OWN_WORD);
    memcpy(a->token, &word, 4);
    if (getrandom(a->token + 4, 4, 0) != 4)
        memcpy(a->token + 4, &a->serial, 4);
    a->began_us = now_us();
    a->fd = open_socket(a);
    if (a->fd < 0)
        return !failed(o, errno);
    if (connect(a->fd, &a->target->to.any, length_of(a)) && errno != EINPROGRESS) {
        failed(o, errno);
        read_icmp_error(a, o);
        return false;
    }
    if (a->target->protocol == TCP)
        return true;
    if (send(a->fd, bytes, write_payload(a, bytes), 0) < 0) {
        failed(o, errno);
        read_icmp_error(a, o);
        return false;
    }
    return true;
}

static bool is_own_echo(const struct attempt *a, const unsigned char *bytes, size_t size)
{
    if (!is_v6(a)) { /* a raw socket sees the IP header */
        size_t header = size > 0 ? (size_t)(bytes[0] & 15) * 4 : 0;
        if (size < header)
            return false;
        bytes += header;
        size -= header;
    }
    return size >= 8 + TOKEN_BYTES && bytes[0] == (is_v6(a) ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) &&
           memcmp(bytes + 8, a->token, TOKEN_BYTES) == 0;
}

/* IP's and TCP's headers with the options that this connection's segments carry, and the most that fits behind them. */
static int segment_of(const struct attempt *a, int *most)
{
    struct tcp_info info = {0};
    socklen_t n = sizeof info;
    getsockopt(a->fd, IPPROTO_TCP, TCP_INFO, &info, &n);
    *most = (int)info.tcpi_snd_mss;
    return (is_v6(a) ? 40 : 20) + 20 + (info.tcpi_options & TCPI_OPT_TIMESTAMPS ? 12 : 0);
}

static void told_size(struct attempt *a, struct outcome *o)
{
    int most;
    const int headers = segment_of(a, &most);
    o->packet_bytes = headers + (a->sent < most ? a->sent : most);
}

/*
 * Data that makes a packet of the size that was asked about, if a segment may be so big. @returns true: nothing is to be sent, or it cannot be;
 * false: the other end has to acknowledge it
 */
static bool send_data(struct attempt *a, struct outcome *o)
{
    static const char words[] = "netverdict: a probe of packet sizes ";
    char bytes[NV_OWN_MOST_DATA];
    int most;
    const int payload = a->target->size - segment_of(a, &most);
    if (payload <= 0)
        return true;
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, words, sizeof words - 1);
    const ssize_t sent = send(a->fd, bytes, payload < (int)sizeof bytes ? (size_t)payload : sizeof bytes, MSG_NOSIGNAL);
    if (sent < 0)
        return failed(o, errno);
    a->sent = (int)sent;
    return false;
}

bool attempt_acknowledged(struct attempt *a, struct outcome *o)
{
    int error = 0, waiting = 0;
    socklen_t n = sizeof error;
    getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &n);
    if (error || ioctl(a->fd, SIOCOUTQ, &waiting)) {
        error = error ? error : errno;
        read_icmp_error(a, o);
        return failed(o, error);
    }
    if (waiting > 0)
        return false;
    /* The segments' size now: path MTU discovery may have made it smaller on the way. */
    told_size(a, o);
    o->name = "connected";
    return true;
}

void attempt_expired(struct attempt *a, struct outcome *o)
{
    o->name = a->sent > 0 ? "not-acknowledged" : "silent";
    if (a->sent > 0)
        told_size(a, o);
}

bool attempt_look(struct attempt *a, struct outcome *o)
{
    static unsigned char bytes[65536];
    if (a->target->protocol == TCP && a->sent > 0)
        return attempt_acknowledged(a, o);
    if (a->target->protocol == TCP) {
        int error = 0;
        socklen_t n = sizeof error;
        getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &n);
        if (error) {
            read_icmp_error(a, o);
            return failed(o, error);
        }
        a->stood_us = now_us();
        o->name = "connected";
        return send_data(a, o);
    }
    for (;;) {
        ssize_t got = recv(a->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (got < 0) {
            int error = errno;
            if (error == EAGAIN || error == EINTR)
                return false;
            read_icmp_error(a, o);
            return failed(o, error);
        }
        if (a->target->protocol == ICMP && !is_own_echo(a, bytes, (size_t)got))
            continue; /* another's: a raw socket hears all */
        o->name = "answered";
        a->stood_us = now_us();
        return true;
    }
}

void attempt_close(struct attempt *a)
{
    if (a->fd < 0)
        return;
    if (a->target->protocol == TCP && (a->target->source_port || a->sent > 0)) {
        /* A reset instead of TIME_WAIT: the port is wanted again at once. And data that is not acknowledged is not sent again for minutes. */
        const struct linger abort_on_close = {1, 0};
        setsockopt(a->fd, SOL_SOCKET, SO_LINGER, &abort_on_close, sizeof abort_on_close);
    }
    close(a->fd);
    a->fd = -1;
}
