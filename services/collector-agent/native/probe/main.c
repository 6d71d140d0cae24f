/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netverdict-probe: sends a bounded number of real packets from one network namespace and tells what came of each. One process per
 * request: lines on stdin (README.md), then JSON lines on stdout as attempts end. It dies with its parent, and by itself when the time is up.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe.h"

static struct target targets[MAX_TARGETS];
static int n_targets, per_second, timeout_ms, total_ms;
static struct attempt attempts[MAX_ATTEMPTS];
static int n_attempts, waiting;

/* How often it is asked whether data is acknowledged. */
enum { ACKNOWLEDGED_US = 5000 };

static void refuse(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
static void refuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    exit(64);
}

static int number(const char *what, const char *text, int least, int most)
{
    char *end = NULL;
    errno = 0;
    long n = text ? strtol(text, &end, 10) : -1;
    if (!text || !isdigit((unsigned char)*text) || *end || errno || n < least || n > most)
        refuse("%s is not between %d and %d", what, least, most);
    return (int)n;
}

/* Only a network namespace's file is accepted, whatever the path. */
static void enter(const char *path)
{
    struct stat st;
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : -1;
    if (fd < 0 || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET || fstat(fd, &st))
        refuse("%.200s is no network namespace", path ? path : "nothing");
    if (setns(fd, CLONE_NEWNET))
        refuse("%.200s cannot be entered: %s", path, strerror(errno));
    close(fd);
    printf("{\"netns\":%llu}\n", (unsigned long long)st.st_ino);
}

static void read_target(char *rest)
{
    if (n_targets == MAX_TARGETS)
        refuse("more than %d targets", MAX_TARGETS);
    struct target *t = &targets[n_targets++];
    char *word[8];
    for (int i = 0; i < 8; i++)
        if (!(word[i] = strtok_r(NULL, " ", &rest)))
            refuse("a target takes 8 words");
    if (strlen(word[0]) >= sizeof t->id || strspn(word[0], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != strlen(word[0]))
        refuse("a target's name is letters, digits, dots, dashes");
    strcpy(t->id, word[0]);
    if (strcmp(word[1], "tcp") == 0) t->protocol = TCP;
    else if (strcmp(word[1], "udp") == 0) t->protocol = UDP;
    else if (strcmp(word[1], "icmp") == 0) t->protocol = ICMP;
    else refuse("a protocol is tcp, udp or icmp");
    t->port = number("a port", word[3], t->protocol == ICMP ? 0 : 1, 65535);
    if (inet_pton(AF_INET, word[2], &t->to.v4.sin_addr) == 1) {
        t->to.v4.sin_family = AF_INET;
        t->to.v4.sin_port = t->protocol == ICMP ? 0 : htons((uint16_t)t->port);
    } else if (inet_pton(AF_INET6, word[2], &t->to.v6.sin6_addr) == 1) {
        t->to.v6.sin6_family = AF_INET6;
        t->to.v6.sin6_port = t->protocol == ICMP ? 0 : htons((uint16_t)t->port);
    } else {
        refuse("%.60s is no address", word[2]);
    }
    t->source_port = number("a source port", word[4], 0, 65535);
    t->attempts = number("the attempts", word[5], 1, MAX_PER_TARGET);
    t->size = number("a size", word[6], 0, 65535);
    t->dont_fragment = number("dont-fragment", word[7], 0, 1);
    n_attempts += t->attempts;
    if (n_attempts > MAX_ATTEMPTS)
        refuse("more than %d attempts", MAX_ATTEMPTS);
}

static void read_request(void)
{
    char line[1024], netns[sizeof line] = "";
    while (fgets(line, sizeof line, stdin)) {
        size_t n = strlen(line);
        if (n == 0 || line[n - 1] != '\n')
            refuse("a line is longer than %zu bytes", sizeof line - 2);
        line[n - 1] = 0;
        char *rest, *verb = strtok_r(line, " ", &rest);
        if (!verb) {
            continue;
        } else if (strcmp(verb, "netns") == 0) {
            snprintf(netns, sizeof netns, "%s", rest);
        } else if (strcmp(verb, "pace") == 0) {
            per_second = number("the rate", strtok_r(NULL, " ", &rest), 1, MAX_PER_SECOND);
            timeout_ms = number("the timeout", strtok_r(NULL, " ", &rest), 10, MAX_TIMEOUT_MS);
            total_ms = number("the total time", strtok_r(NULL, " ", &rest), 10, MAX_TOTAL_MS);
        } else if (strcmp(verb, "target") == 0) {
            read_target(rest);
        } else if (strcmp(verb, "go") == 0) {
            if (!per_second || !n_targets)
                refuse("go needs a pace and a target");
            enter(netns);
            return;
        } else {
            refuse("unknown line %.30s", verb);
        }
    }
    refuse("the request ended before it said go");
}

static void print_address(const char *name, const union address *a, bool with_port)
{
    char text[INET6_ADDRSTRLEN] = "";
    const bool six = a->any.sa_family == AF_INET6;
    inet_ntop(a->any.sa_family, six ? (const void *)&a->v6.sin6_addr : &a->v4.sin_addr, text, sizeof text);
    printf(",\"%s\":\"%s\"", name, text);
    if (with_port)
        printf(",\"localPort\":%d", ntohs(six ? a->v6.sin6_port : a->v4.sin_port));
}

static void tell(struct attempt *a, const struct outcome *o)
{
    const struct target *t = a->target;
    const bool answered = a->stood_us > 0;
    printf("{\"target\":\"%s\",\"outcome\":\"%s\",\"elapsedMs\":%.3f,\"answered\":%s", t->id, o->name,
           (double)((answered ? a->stood_us : now_us()) - a->began_us) / 1000, answered ? "true" : "false");
    if (o->packet_bytes)
        printf(",\"packetBytes\":%d", o->packet_bytes);
    if (o->error)
        printf(",\"errno\":\"%s\"", strerrorname_np(o->error) ? strerrorname_np(o->error) : "unknown");
    union address local = {0};
    socklen_t length = sizeof local;
    if (a->fd >= 0 && getsockname(a->fd, &local.any, &length) == 0)
        print_address("localAddress", &local, t->protocol != ICMP);
    if (t->protocol != TCP) {
        printf(",\"token\":\"");
        for (int i = 0; i < TOKEN_BYTES; i++)
            printf("%02x", a->token[i]);
        printf("\"");
    }
    if (o->icmp.ee_origin) {
        printf(",\"icmp\":{\"type\":%d,\"code\":%d,\"info\":%u", o->icmp.ee_type, o->icmp.ee_code, o->icmp.ee_info);
        print_address("from", &o->icmp_from, false);
        printf("}");
    }
    printf("}\n");
    fflush(stdout);
    attempt_close(a);
    a->target->waits = false;
}

/* The targets take turns, so that one that is silent keeps none of the others waiting. @returns null: none has anything to begin */
static struct target *next_target(void)
{
    static int last = -1;
    for (int i = 1; i <= n_targets; i++) {
        struct target *t = &targets[(last + i) % n_targets];
        if (t->begun < t->attempts && !t->waits) {
            last = (last + i) % n_targets;
            return t;
        }
    }
    return NULL;
}

static void begin(struct target *t, int serial, long long end_us)
{
    struct attempt *a = &attempts[serial];
    *a = (struct attempt){.target = t, .fd = -1, .serial = serial};
    struct outcome o = {0};
    t->begun++;
    t->waits = t->source_port && t->protocol != ICMP;
    if (!attempt_begin(a, &o)) {
        tell(a, &o);
        return;
    }
    a->deadline_us = a->began_us + timeout_ms * 1000ll;
    if (a->deadline_us > end_us)
        a->deadline_us = end_us;
    waiting++;
}

/* Those whose time is up, and whose data is acknowledged. @returns when somebody has to be looked at again, or `end_us` */
static long long expire(int begun, long long end_us)
{
    const long long now = now_us();
    long long next = end_us;
    for (int i = 0; i < begun; i++) {
        struct attempt *a = &attempts[i];
        struct outcome o = {0};
        if (a->fd < 0)
            continue;
        bool over = a->sent > 0 && attempt_acknowledged(a, &o);
        if (!over && now >= a->deadline_us) {
            attempt_expired(a, &o);
            over = true;
        }
        const long long look_us = a->sent > 0 && now + ACKNOWLEDGED_US < a->deadline_us ? now + ACKNOWLEDGED_US : a->deadline_us;
        if (over) {
            tell(a, &o);
            waiting--;
            next = now; /* the next attempt from its source port need not wait any more */
        } else if (look_us < next) {
            next = look_us;
        }
    }
    return next;
}

static void run(void)
{
    static struct pollfd polled[MAX_ATTEMPTS];
    static int of[MAX_ATTEMPTS];
    const long long end_us = now_us() + total_ms * 1000ll, between_us = 1000000 / per_second;
    long long turn_us = now_us();
    int begun = 0;
    for (;;) {
        long long now = now_us();
        while (begun < n_attempts && now >= turn_us && now < end_us) {
            struct target *t = next_target();
            if (!t)
                break;
            begin(t, begun++, end_us);
            turn_us += between_us;
            if (turn_us < now)
                turn_us = now; /* no bursts to make up for lost time */
        }
        long long wake = expire(begun, end_us);
        if (now >= end_us || (begun == n_attempts && waiting == 0))
            break;
        if (begun < n_attempts && turn_us < wake && turn_us > now)
            wake = turn_us;
        int n = 0;
        for (int i = 0; i < begun; i++)
            if (attempts[i].fd >= 0) {
                of[n] = i;
                /* With data under way it is writable all the time, and what the other end says is not read: only its reset is of interest. */
                const short events = attempts[i].target->protocol != TCP ? POLLIN : attempts[i].sent > 0 ? 0 : POLLOUT;
                polled[n++] = (struct pollfd){.fd = attempts[i].fd, .events = events};
            }
        long long wait_us = wake - now_us();
        struct timespec wait = {wait_us > 0 ? wait_us / 1000000 : 0, wait_us > 0 ? wait_us % 1000000 * 1000 : 0};
        if (ppoll(polled, (nfds_t)n, &wait, NULL) < 0 && errno != EINTR)
            refuse("poll: %s", strerror(errno));
        for (int i = 0; i < n; i++) {
            struct outcome o = {0};
            if (polled[i].revents && attempt_look(&attempts[of[i]], &o)) {
                tell(&attempts[of[i]], &o);
                waiting--;
            }
        }
    }
    printf("{\"notMade\":%d}\n", n_attempts - begun);
}

int main(void)
{
    pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        return 0; /* it died before that took effect */
    clearenv();
    read_request();
    run();
    return 0;
}
