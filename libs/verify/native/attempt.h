/* One flow as it was asked for, and one sending of it: what flow.c, send.c, hear.c, wait.c and held.c share. */
#pragma once
#include "prober.h"

enum outcome { SILENCE, ANSWER, RESET, ICMP_ERROR, LOCAL_ERROR };

struct flow {
	int ns;
	bool v6;
	int protocol;
	bool has_source;
	union address source, destination;
	socklen_t length;
	unsigned sport, dport;
	unsigned size;
	bool dont_fragment;
	int tos, mark, ttl, uid;
	const char *device;
	/* -1: a handshake. */
	int tcp_flags;
	int repeat;
	/* A TCP connection stays open, or is one that stayed open. */
	bool hold, continues;
};

struct attempt {
	int fd;
	bool raw_tcp, established;
	unsigned sport;
	uint32_t serial;
	enum outcome outcome;
	int error;
	unsigned icmp_type, icmp_code, mtu;
	union address from;
};

void set_port(union address *address, unsigned port);

/* send.c: false when the sender's own kernel refused, which is then the outcome. */
bool open_socket(const struct flow *flow, struct attempt *attempt);
bool send_packet(const struct flow *flow, struct attempt *attempt);

/* hear.c */
/* False, for who says so on the way out. */
bool fail(struct attempt *attempt, int error);
/* The ICMP error that was queued, with its sender. A local error is none: errno tells it. */
bool read_error_queue(const struct flow *flow, struct attempt *attempt);
/* True when the sender's socket has told what came of the packet. */
bool hear(const struct flow *flow, struct attempt *attempt, uint32_t ready);
void print_heard(const struct attempt *attempt);

/* wait.c */
/* Serves receivers and traces, until the sender has heard and all is taken, or nothing is on its way any more (quiet.c); false: that never came. */
bool wait_for_end(const struct flow *flow, struct attempt *attempt);
/* Whether that ended since the last call with packets that would not end; nothing more is to be seen in such a world. */
bool went_on_for_ever(void);
int wait_for_no_more(int fd);

/* held.c */
/* Of a lone TCP packet: by that it is told from what follows. */
static inline uint32_t raw_seq(uint32_t serial)
{
	return 0x6e760000 | (serial & 0xffff);
}

bool hold(const struct flow *flow, const struct attempt *attempt);
/* One piece of data over a connection that stayed open since the prelude. */
void continue_connection(const struct flow *flow, struct attempt *attempt);
