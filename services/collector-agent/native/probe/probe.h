/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NV_PROBE_H
#define NV_PROBE_H

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* What nobody may ask for more of; libs/contracts/src/messages/probe.ts has the same. */
enum { MAX_TARGETS = 32, MAX_ATTEMPTS = 400, MAX_PER_TARGET = 100, MAX_PER_SECOND = 200, MAX_TIMEOUT_MS = 10000, MAX_TOTAL_MS = 30000 };

enum protocol { TCP, UDP, ICMP };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct target {
    char id[65];
    enum protocol protocol;
    union address to;
    int port, source_port, attempts, size;
    bool dont_fragment;
    int begun;   /* attempts so far */
    bool waits;  /* one of a fixed source port is under way: the next one has to wait for it */
};

#define TOKEN_BYTES 8
struct attempt {
    struct target *target;
    int fd; /* -1: over */
    int serial;
    long long began_us, deadline_us;
    long long stood_us; /* when the answer came; 0: none has */
    int sent;           /* bytes of data over a connection */
    unsigned char token[TOKEN_BYTES];
};

struct outcome {
    const char *name;
    int error;
    int packet_bytes; /* the biggest packet of the data; 0: none was sent */
    union address icmp_from;
    struct sock_extended_err icmp;
};

long long now_us(void);

/* Opens the socket and sends the first packet. @returns true: it waits for an answer; false: it is over, see `outcome` */
bool attempt_begin(struct attempt *a, struct outcome *outcome);
/* Something came. @returns true: it is over */
bool attempt_look(struct attempt *a, struct outcome *outcome);
/* Of a connection over which data was sent; the kernel wakes nobody when it is acknowledged. @returns true: it is, or it failed */
bool attempt_acknowledged(struct attempt *a, struct outcome *outcome);
/* Its time is up. */
void attempt_expired(struct attempt *a, struct outcome *outcome);
void attempt_close(struct attempt *a);

#endif
