/* One epoll for all sockets: takes what comes to them, until nothing is on its way any more. */
#define _GNU_SOURCE
#include "attempt.h"
#include <sys/epoll.h>

static int epoll(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = epoll_create1(EPOLL_CLOEXEC);
	return fd;
}

int wait_on(int fd, enum waited what, unsigned index)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = (uint64_t)what << 32 | index };

	if (what == SENDER)
		event.events = EPOLLIN | EPOLLOUT | EPOLLET;
	return epoll_ctl(epoll(), EPOLL_CTL_ADD, fd, &event);
}

int wait_for_no_more(int fd)
{
	return epoll_ctl(epoll(), EPOLL_CTL_DEL, fd, NULL);
}

/* Takes what has come; how many there were. */
static int serve(const struct flow *flow, struct attempt *attempt, int wait_ms)
{
	struct epoll_event ready[64];
	int count = epoll_wait(epoll(), ready, 64, wait_ms);

	for (int i = 0; i < count; i++) {
		unsigned index = (uint32_t)ready[i].data.u64;

		switch ((enum waited)(ready[i].data.u64 >> 32)) {
		case RECEIVER:
			serve_receiver(index);
			break;
		case ACCEPTED:
			serve_accepted(index);
			break;
		case TRACE:
			read_trace(index);
			break;
		case SENDER:
			if (attempt->outcome == SILENCE)
				hear(flow, attempt, ready[i].events);
			break;
		}
	}
	return count > 0 ? count : 0;
}

/*
 * Nothing but time tells that a timer will not fire any more. It is cut into slices, and one that ended late does not count: on a
 * machine without a free processor the packets' way has not gone on either.
 */
static bool wait_for_timers(const struct flow *flow, struct attempt *attempt)
{
	enum { SLICE_MS = 5, LATE_MS = 3, MOST_SLICES = 200 };
	int quiet_ms = 0;

	for (int slices = 0; slices < MOST_SLICES && quiet_ms < flow->settle_ms; slices++) {
		double start = now_ms();

		if (serve(flow, attempt, SLICE_MS))
			return true;
		if (now_ms() - start < SLICE_MS + LATE_MS)
			quiet_ms += SLICE_MS;
	}
	return false;
}

void wait_for_end(const struct flow *flow, struct attempt *attempt)
{
	/* Each hop may go through three devices (vxlan over a bridge over a veth); 40 for the way back. */
	int enough = 40 + 3 * (flow->ttl > 0 ? flow->ttl : 64);

	for (int rounds = 0; rounds < 100000;) {
		/* What is on its way was there before the answer: one look without waiting takes it. */
		if (serve(flow, attempt, 0)) {
			rounds = 0;
			continue;
		}
		if (attempt->outcome != SILENCE)
			return;
		if (rounds++ < enough) {
			if (!pass_marker())
				wait_for_timers(flow, attempt);
			continue;
		}
		if (!neighbours_pending())
			return;
		if (!wait_for_timers(flow, attempt) && !neighbours_pending())
			return;
		rounds = 0;
	}
}
